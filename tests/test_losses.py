"""The losses: numbers from their docstrings, then laws for all of them."""

import math

import numpy as np
import pytest
from keras import ops

from gan_model.losses import BinaryCrossentropy, NonSaturating

LOSSES = [NonSaturating(), BinaryCrossentropy()]
for_all = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)


def scores(*values):
    return ops.reshape(ops.convert_to_tensor(values, "float32"), (-1, 1))


def test_non_saturating_at_a_draw():
    draw = scores(0.0, 0.0, 0.0)
    assert float(NonSaturating().discriminator(draw, draw)) == pytest.approx(2 * math.log(2))
    assert float(NonSaturating().generator(None, draw)) == pytest.approx(math.log(2))


def test_binary_crossentropy_at_a_draw():
    draw = scores(0.0, 0.0, 0.0)
    assert float(BinaryCrossentropy().discriminator(draw, draw)) == pytest.approx(math.log(2))
    assert float(BinaryCrossentropy().generator(None, draw)) == pytest.approx(math.log(2))


def test_non_saturating_from_probabilities():
    """-log D(real) - log(1 - D(fake)), computed the unstable way in float64."""
    real, fake = np.array([2.0, -1.0, 0.5]), np.array([-0.3, 1.2, 0.1])
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    discriminator = -np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean()
    generator = -np.log(sigmoid(fake)).mean()
    loss = NonSaturating()
    assert float(loss.discriminator(scores(*real), scores(*fake))) == pytest.approx(discriminator)
    assert float(loss.generator(None, scores(*fake))) == pytest.approx(generator)


def test_binary_crossentropy_is_keras_own_over_the_joined_batch():
    import keras

    real, fake = scores(2.0, -1.0, 0.5), scores(-0.3, 1.2, 0.1)
    keras_loss = keras.losses.BinaryCrossentropy(from_logits=True)
    joined, labels = ops.concatenate([fake, real]), scores(0.0, 0.0, 0.0, 1.0, 1.0, 1.0)
    ours = BinaryCrossentropy().discriminator(real, fake)
    assert float(ours) == pytest.approx(float(keras_loss(labels, joined)), rel=1e-6)


@for_all
def test_scores_of_a_thousand_stay_exact(loss):
    won, lost = scores(1000.0), scores(-1000.0)
    share = float(loss.discriminator(scores(0.0), scores(0.0))) / (2 * math.log(2))
    assert float(loss.discriminator(won, lost)) == 0.0
    assert float(loss.discriminator(lost, won)) == pytest.approx(2000.0 * share)
    assert float(loss.generator(None, lost)) == 1000.0
    assert float(loss.generator(None, won)) == 0.0


@for_all
def test_gradients_live_at_a_thousand(loss):
    import tensorflow as tf

    fake = tf.Variable([[-1000.0]])
    with tf.GradientTape() as tape:
        value = loss.generator(None, fake)
    assert tape.gradient(value, fake).numpy() == pytest.approx(-1.0)


@for_all
def test_at_a_draw_the_discriminator_gains_by_parting_the_scores(loss):
    draw, nudge = scores(0.0, 0.0), scores(0.1, 0.1)
    assert float(loss.discriminator(nudge, -nudge)) < float(loss.discriminator(draw, draw))


@for_all
def test_the_generator_gains_by_raising_the_fake_scores(loss):
    assert float(loss.generator(None, scores(0.1))) < float(loss.generator(None, scores(0.0)))


@for_all
def test_each_player_is_paid_by_the_image(loss):
    """A batch twice over costs the same."""
    real, fake = scores(0.3, -0.7), scores(0.2, 1.1)
    once = float(loss.discriminator(real, fake))
    twice = float(loss.discriminator(ops.tile(real, (2, 1)), ops.tile(fake, (2, 1))))
    assert twice == pytest.approx(once, rel=1e-6)


@for_all
def test_config_round_trip(loss):
    import keras

    config = keras.saving.serialize_keras_object(loss)
    assert keras.saving.deserialize_keras_object(config) == loss
