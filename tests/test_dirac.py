"""The smallest GAN there is, solved by hand (Mescheder et al., 2018).

The generator is one number theta, all its images are theta; the discriminator scores an image
x with psi * x; every real image is 0. So everything the training step does can be written on
paper: who moves first, with which gradient, and what the other then sees.
"""

import math

import keras
import numpy as np
import pytest
from keras import layers

from gan_model import GAN
from gan_model.losses import BinaryCrossentropy, NonSaturating

RATE, PSI, THETA = 0.1, 0.7, 1.3


class Point(layers.Layer):
    """Gives theta for every coding."""

    def build(self, input_shape):
        self.theta = self.add_weight(shape=(1, 1, 1), initializer=lambda *_, **__: [[[THETA]]])

    def call(self, codings):
        return 0.0 * codings[:, :1, None] + self.theta


class Line(layers.Layer):
    """Scores an image x with psi * x."""

    def build(self, input_shape):
        self.psi = self.add_weight(shape=(1, 1), initializer=lambda *_, **__: [[PSI]])

    def call(self, images):
        return layers.Flatten()(images) @ self.psi


def dirac(loss):
    generator = keras.Sequential([keras.Input((1,)), Point()], name="generator")
    discriminator = keras.Sequential([keras.Input((1, 1)), Line()], name="discriminator")
    gan = GAN(generator, discriminator, image_range=(-5, 5))
    gan.compile(loss, keras.optimizers.SGD(RATE), keras.optimizers.SGD(RATE))
    return gan


def state(gan):
    return gan.discriminator.get_weights()[0].item(), gan.generator.get_weights()[0].item()


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


@pytest.mark.parametrize(("loss", "share"), [(NonSaturating(), 1.0), (BinaryCrossentropy(), 0.5)])
def test_steps_solved_by_hand(loss, share):
    """psi moves first; theta answers the psi that has moved."""
    gan, psi, theta = dirac(loss), PSI, THETA
    for _ in range(20):
        gan.train_on_batch(np.zeros((4, 1, 1), "float32"))
        psi -= RATE * share * sigmoid(psi * theta) * theta
        theta += RATE * sigmoid(-psi * theta) * psi
        assert state(gan) == pytest.approx((psi, theta), abs=1e-6)


def test_the_logs_of_a_step():
    gan = dirac(NonSaturating())
    logs = gan.train_on_batch(np.zeros((4, 1, 1), "float32"), return_dict=True)
    psi = PSI - RATE * sigmoid(PSI * THETA) * THETA
    assert logs == pytest.approx(
        {
            "discriminator_loss": math.log(2) + math.log(1 + math.exp(PSI * THETA)),
            "generator_loss": math.log(1 + math.exp(-psi * THETA)),
            "real_score": 0.0,
            "fake_score": PSI * THETA,
        },
        abs=1e-6,
    )


def test_evaluate_moves_nothing_and_gives_the_same_figures():
    gan = dirac(NonSaturating())
    logs = gan.evaluate(np.zeros((4, 1, 1), "float32"), return_dict=True, verbose=0)
    assert state(gan) == pytest.approx((PSI, THETA), abs=1e-7)
    assert logs["fake_score"] == pytest.approx(PSI * THETA, abs=1e-6)
    assert logs["generator_loss"] == pytest.approx(math.log(1 + math.exp(-PSI * THETA)), abs=1e-6)


class Relativistic:
    """A loss of a user: the generator's needs the real scores too."""

    needs_real_scores = True

    def discriminator(self, real_scores, fake_scores):
        return keras.ops.mean(keras.ops.softplus(fake_scores - real_scores))

    def generator(self, real_scores, fake_scores):
        return keras.ops.mean(keras.ops.softplus(real_scores - fake_scores))


def test_a_loss_of_ones_own_may_ask_for_real_scores():
    gan = dirac(Relativistic())
    gan.train_on_batch(np.zeros((4, 1, 1), "float32"))
    psi = PSI - RATE * sigmoid(PSI * THETA) * THETA
    assert state(gan) == pytest.approx((psi, THETA + RATE * sigmoid(-psi * THETA) * psi), abs=1e-6)
