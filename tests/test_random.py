"""Codings: the numbers are normal, and depend on seed and step alone."""

import numpy as np
import pytest
import tensorflow as tf

from gan_model import augmenting, penalties
from gan_model.model.random import (
    EVALUATION,
    FAKE_FOR_GENERATOR,
    GENERATION,
    PENALTY,
    REAL_FOR_DISCRIMINATOR,
    TRAINING,
    RandomStream,
    normal,
    numbered,
    uniform,
)


def test_standard_normal():
    """Moments, tails and independence of 400,000 numbers, within five standard errors."""
    drawn = normal(4000, 101, seed=1).numpy()
    assert drawn.shape == (4000, 101) and drawn.dtype == np.float32
    count = drawn.size
    assert drawn.mean() == pytest.approx(0, abs=5 / count**0.5)
    assert drawn.var() == pytest.approx(1, abs=5 * (2 / count) ** 0.5)
    assert (drawn**4).mean() == pytest.approx(3, abs=5 * (96 / count) ** 0.5)
    tail = 0.0455003  # outside two standard deviations
    assert (np.abs(drawn) > 2).mean() == pytest.approx(tail, abs=5 * (tail / count) ** 0.5)
    # Box and Muller make columns in pairs: they must not know of each other.
    correlations = np.corrcoef(drawn.T) - np.eye(101)
    assert np.abs(correlations).max() < 6 / 4000**0.5
    assert np.corrcoef(drawn[:, 0] ** 2, drawn[:, 51] ** 2)[0, 1] == pytest.approx(0, abs=0.1)


def test_uniform():
    drawn = uniform(4000, 101, seed=1).numpy()
    assert drawn.shape == (4000, 101) and drawn.dtype == np.float32
    assert 0 < drawn.min() < 1e-4 and 1 - 1e-4 < drawn.max() < 1
    count = drawn.size
    assert drawn.mean() == pytest.approx(1 / 2, abs=5 * (1 / 12 / count) ** 0.5)
    assert drawn.var() == pytest.approx(1 / 12, abs=5 * (1 / 180 / count) ** 0.5)
    assert np.abs(np.corrcoef(drawn.T) - np.eye(101)).max() < 6 / 4000**0.5


def test_a_random_stream_is_the_numbers_of_a_step():
    random = RandomStream(3, step=7, purpose=PENALTY)
    where = dict(seed=3, step=7, purpose=PENALTY)
    assert np.array_equal(random.normal(8, 5), normal(8, 5, **where))
    assert np.array_equal(random.uniform(8, 5), uniform(8, 5, **where))


def test_same_place_same_numbers():
    assert np.array_equal(normal(8, 5, seed=3, step=7), normal(8, 5, seed=3, step=7))


@pytest.mark.parametrize(
    "other",
    [
        dict(seed=4, step=7),
        dict(seed=3, step=8),
        dict(seed=3, step=7, purpose=EVALUATION),
        dict(seed=3, step=7, purpose=GENERATION),
        dict(seed=3, step=7, purpose=PENALTY),
        dict(seed=3, step=7, purpose=REAL_FOR_DISCRIMINATOR),
        dict(seed=3, step=7 * 4 + 1),
    ],
)
def test_any_other_place_other_numbers(other):
    first = normal(8, 5, seed=3, step=7, purpose=TRAINING).numpy()
    assert not np.isin(normal(8, 5, **other).numpy(), first).any()


@pytest.mark.parametrize("jit_compile", [False, True])
def test_compiled_or_not(jit_compile):
    """The step is a variable here: a constant would be folded before XLA sees it."""
    step = tf.Variable(11, dtype=tf.int64)
    draw = tf.function(lambda: normal(8, 5, seed=3, step=step), jit_compile=jit_compile)
    np.testing.assert_allclose(draw(), normal(8, 5, seed=3, step=11), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("first", "count"), [(0, 200), (0, 1), (63, 2), (64, 64), (130, 7)])
def test_numbered_codings_do_not_depend_on_how_they_are_asked_for(first, count):
    every = numbered(0, 200, 6, seed=2).numpy()
    assert np.array_equal(numbered(first, count, 6, seed=2), every[first : first + count])
    assert len(np.unique(every, axis=0)) == 200


def test_no_two_of_all_streams_meet():
    streams = [
        uniform(1, 2, seed=seed, step=step, purpose=purpose).numpy().tobytes()
        for seed in (0, 2**32 - 1)
        for step in (0, 1, 4, 5)
        for purpose in range(TRAINING, FAKE_FOR_GENERATOR + 1)
    ]
    assert len(set(streams)) == len(streams) == 2 * 4 * 8


def test_the_first_four_purposes_have_the_bits_that_they_always_had():
    """Of before there was augmenting: a run from then goes on as it would have."""
    for purpose in (TRAINING, EVALUATION, GENERATION, PENALTY):
        key = tf.constant([3, 4 * 7 + purpose], tf.int64)
        bits = tf.random.stateless_uniform(
            (8, 5), key, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
        )
        expected = (np.float32(bits.numpy() >> 8) + np.float32(0.5)) * np.float32(2.0**-24)
        where = dict(seed=3, step=7, purpose=purpose)
        assert np.array_equal(uniform(8, 5, **where), expected)


def test_a_stream_gives_the_same_numbers_at_each_call_and_says_so():
    stream = RandomStream(seed=3, step=5)
    assert np.array_equal(stream.uniform(4, 2), stream.uniform(4, 2))
    for described in (RandomStream, augmenting, penalties):
        text = " ".join(described.__doc__.split())
        assert "the same numbers at each call: draw all at once and cut them" in text
