"""Images -> the codings whose generated images are nearest to them."""

import signal

import keras
import numpy as np
import pytest
from keras import layers

from gan_model import features, presets
from gan_model.model import Sampler
from gan_model.model.inversion import differences, invert
from gan_model.networks.conditional import ConditionalBatchNormalization


class Blobs(keras.Model):
    """A generator of a user: a bright blob, whose place and width the three codings say."""

    def call(self, codings, training=False):
        x, y, width = (codings[:, i, None, None] for i in range(3))
        at = keras.ops.arange(12, dtype="float32") - 5.5
        width = 2 + keras.ops.sigmoid(width) * 2
        apart = (at - 2 * x) ** 2 + (at[:, None] - 2 * y) ** 2
        return keras.ops.tanh(3 * keras.ops.exp(-apart / width**2) - 1)


@pytest.fixture(scope="module")
def blobs():
    return Sampler(Blobs(), codings_size=3)


@pytest.fixture(scope="module")
def by_class():
    """A generator with three classes, which differ."""
    keras.utils.set_random_seed(2)
    codings, labels = keras.Input((4,)), keras.Input((), dtype="int32")
    hidden = layers.Reshape((4, 4, 6))(layers.Dense(96)(codings))
    conditional = ConditionalBatchNormalization(3)
    hidden = layers.UpSampling2D()(layers.LeakyReLU()(conditional([hidden, labels])))
    images = layers.Conv2D(1, 3, padding="same", activation="tanh")(hidden)
    rng = np.random.default_rng(0)
    for embedding in (conditional.scale, conditional.offset):
        embedding.set_weights([rng.normal(size=(3, 6))])
    return Sampler.of(keras.Model([codings, labels], images))


@pytest.mark.slow
def test_its_own_images_are_found_again_and_others_are_not(blobs):
    own = blobs.generate(6, seed=5)
    found = invert(blobs, own, starts=2, steps=200)
    assert found.distances.max() < 3
    np.testing.assert_array_equal(found.images, blobs.images_of(found.codings))
    np.testing.assert_allclose(found.distances, differences(found.images, own))
    other = invert(blobs, 255 - own, starts=2, steps=50)
    assert other.distances.min() > 20 * found.distances.max()


def test_descending_beats_the_starts(blobs):
    own = blobs.generate(6, seed=5)
    started, ended = (invert(blobs, own, starts=1, steps=steps).distances for steps in (1, 100))
    assert ended.mean() < started.mean() / 3


def test_codings_are_no_longer_than_usual(blobs):
    found = invert(blobs, 255 - blobs.generate(4), starts=1, steps=50)
    assert np.linalg.norm(found.codings, axis=1).max() <= np.sqrt(3) + 2.001


@pytest.mark.slow
def test_ctrl_c_stops_a_descent(blobs):
    """It would take years to its end."""

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            invert(blobs, blobs.generate(1), starts=1, steps=10**10)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.slow
def test_the_class_is_found_or_given(by_class):
    labels = np.array([0, 1, 2, 1])
    own = by_class.generate(4, labels=labels, seed=9)
    tried = invert(by_class, own, starts=2, steps=150)
    np.testing.assert_array_equal(tried.labels, labels)
    given = invert(by_class, own, labels=labels, starts=2, steps=150)
    np.testing.assert_array_equal(given.labels, labels)
    wrong = invert(by_class, own, labels=(labels + 1) % 3, starts=2, steps=150)
    assert given.distances.mean() < wrong.distances.mean() / 2
    assert wrong.labels.tolist() == [1, 2, 0, 2]


def test_a_gan_will_do():
    gan = presets.dense((8, 8), codings_size=3)
    own = gan.generate(2)
    found, same = (invert(one, own, steps=1, starts=1) for one in (gan, gan.sampler()))
    assert np.array_equal(found.codings, same.codings)


@pytest.mark.slow
def test_the_same_seed_finds_the_same_codings(blobs):
    images = blobs.generate(3, seed=5)
    one, again, other = (invert(blobs, images, steps=5, seed=seed).codings for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_features_count_beside_the_pixels(blobs):
    """They see the columns only, so rows may be wrong: the pixels end farther away."""
    columns = features.Features("columns", _columns, checksum="columns")
    images = 255 - blobs.generate(4)
    with_features = invert(blobs, images, features=columns, starts=2, steps=50)
    pixels = invert(blobs, images, starts=2, steps=50)
    apart = [
        np.abs(columns(found.images) - columns(images)).mean() for found in (with_features, pixels)
    ]
    assert apart[0] < apart[1]
    assert with_features.distances.mean() >= pixels.distances.mean()


def _columns(values):
    return keras.ops.mean(values, axis=(1, 3))


def test_floats_in_the_range_of_the_images_are_images_too(blobs):
    images = blobs.generate(2, seed=5)
    low, high = blobs.image_range
    floats = (images / 255 * (high - low) + low).astype("float32")
    found = [invert(blobs, one, steps=5, starts=1) for one in (images, floats)]
    assert np.array_equal(found[0].codings, found[1].codings)


def test_no_starts_and_no_steps_are_refused(blobs):
    for given in ({"starts": 0}, {"starts": -1}, {"steps": 0}):
        [(name, count)] = given.items()
        wanted = rf"`{name}` is an integer of 1 or more\. Received: {name}={count}"
        with pytest.raises(ValueError, match=wanted):
            invert(blobs, blobs.generate(1), **given)


def test_there_are_no_more_starts_than_random_codings(blobs):
    images = blobs.generate(2, seed=5)
    found = [invert(blobs, images, steps=2, starts=starts) for starts in (512, 1000)]
    assert np.array_equal(found[0].codings, found[1].codings)


def test_images_of_another_shape_are_refused(blobs):
    with pytest.raises(ValueError, match=r"\(5, 5\)"):
        invert(blobs, np.zeros((1, 5, 5), np.uint8))
    with pytest.raises(ValueError, match="without classes"):
        invert(blobs, blobs.generate(1), labels=1)
