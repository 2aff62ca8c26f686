"""The smallest GAN there is, solved by hand (Mescheder et al., 2018).

The generator is one number theta, all its images are theta; the discriminator scores an image
x with psi * x; every real image is 0. So everything the training step does can be written on
paper: who moves first, with which gradient, and what the other then sees.
"""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from gan_model import GAN
from gan_model.losses import BinaryCrossentropy, NonSaturating, Relativistic, Wasserstein
from gan_model.penalties import DRAGAN, R1, R2, GradientPenalty, WeightClipping

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


def dirac(loss, **compiled):
    generator = keras.Sequential([keras.Input((1,)), Point()], name="generator")
    discriminator = keras.Sequential([keras.Input((1, 1)), Line()], name="discriminator")
    gan = GAN(generator, discriminator, image_range=(-5, 5))
    gan.compile(loss, keras.optimizers.SGD(RATE), keras.optimizers.SGD(RATE), **compiled)
    return gan


def play(gan, steps):
    """Steps of `fit`, some in one execution; returns (psi, theta) at the end."""
    zeros = np.zeros((4, 1, 1), "float32")
    batches = tf.data.Dataset.from_tensors(zeros).repeat(steps)
    gan.fit(batches, verbose=0)
    return state(gan)


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
            "discriminator_gradient_norm": sigmoid(PSI * THETA) * abs(THETA),
            "generator_gradient_norm": sigmoid(-psi * THETA) * abs(psi),
        },
        abs=1e-6,
    )


def test_figures_of_one_batch_are_those_of_an_evaluation():
    gan, batch = dirac(NonSaturating()), np.zeros((4, 1, 1), "float32")
    evaluated = gan.evaluate(batch, return_dict=True, verbose=0)
    for _ in range(2):
        assert gan.test_on_batch(batch, return_dict=True) == evaluated
    assert "discriminator_gradient_norm" not in evaluated and int(gan.evaluation_step) == 0


def test_evaluate_moves_nothing_and_gives_the_same_figures():
    gan = dirac(NonSaturating())
    logs = gan.evaluate(np.zeros((4, 1, 1), "float32"), return_dict=True, verbose=0)
    assert state(gan) == pytest.approx((PSI, THETA), abs=1e-7)
    assert logs["fake_score"] == pytest.approx(PSI * THETA, abs=1e-6)
    assert logs["generator_loss"] == pytest.approx(math.log(1 + math.exp(-PSI * THETA)), abs=1e-6)


class OwnRelativistic:
    """A loss of a user: the generator's needs the real scores too."""

    needs_real_scores = True

    def discriminator(self, real_scores, fake_scores):
        return keras.ops.mean(keras.ops.softplus(fake_scores - real_scores))

    def generator(self, real_scores, fake_scores):
        return keras.ops.mean(keras.ops.softplus(real_scores - fake_scores))


@pytest.mark.parametrize("loss", [OwnRelativistic(), Relativistic()])
def test_a_loss_may_ask_for_real_scores(loss):
    gan = dirac(loss)
    gan.train_on_batch(np.zeros((4, 1, 1), "float32"))
    psi = PSI - RATE * sigmoid(PSI * THETA) * THETA
    assert state(gan) == pytest.approx((psi, THETA + RATE * sigmoid(-psi * THETA) * psi), abs=1e-6)


# With penalties. The slope of the line is psi wherever the image is.


def half_square(psi):
    return psi  # the derivative of psi^2 / 2


def from_1(psi):
    return 2 * (abs(psi) - 1) * math.copysign(1, psi)  # that of (|psi| - 1)^2


PENALTIES = [
    (R1(2.0), lambda step, psi: 2.0 * half_square(psi)),
    (R2(2.0), lambda step, psi: 2.0 * half_square(psi)),
    (R1(2.0) + R2(1.0), lambda step, psi: 3.0 * half_square(psi)),
    (GradientPenalty(0.5), lambda step, psi: 0.5 * from_1(psi)),
    (DRAGAN(0.5), lambda step, psi: 0.5 * from_1(psi)),
    (R1(0.5, every=3), lambda step, psi: 3 * 0.5 * half_square(psi) if step % 3 == 0 else 0.0),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("penalty", "derivative"), PENALTIES, ids=[str(penalty)[:40] for penalty, _ in PENALTIES]
)
def test_steps_with_a_penalty_solved_by_hand(penalty, derivative):
    gan, psi, theta = dirac(Wasserstein(), penalty=penalty), PSI, THETA
    for step in range(10):
        logs = gan.train_on_batch(np.zeros((4, 1, 1), "float32"), return_dict=True)
        assert logs["discriminator_loss"] == pytest.approx(psi * theta, abs=1e-6)
        psi -= RATE * (theta + derivative(step, psi))
        theta += RATE * psi
        assert state(gan) == pytest.approx((psi, theta), abs=1e-6)


def test_without_a_penalty_the_wasserstein_game_goes_round_for_ever():
    """Each step keeps psi^2 + theta^2 - rate psi theta, so it is on the same ellipse after 3,000.

    psi <- psi - rate theta, theta <- theta + rate psi: the matrix (1, -rate; rate, 1 - rate^2).
    """
    gan = dirac(Wasserstein(), steps_per_execution=100)
    psi, theta = play(gan, 3000)
    kept = psi**2 + theta**2 - RATE * psi * theta
    assert kept == pytest.approx(PSI**2 + THETA**2 - RATE * PSI * THETA, rel=1e-3)
    assert math.hypot(psi, theta) > 0.95 * math.hypot(PSI, THETA)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "penalty"),
    [
        *((Wasserstein(), one) for one in (R1(1), R2(1), R1(1, every=4), R1(0.5) + R2(0.5))),
        (NonSaturating(), R1(1)),
        (Relativistic(), R1(1)),
    ],
    ids=str,
)
def test_with_r1_it_comes_to_rest_within_500_steps(loss, penalty):
    gan = dirac(loss, penalty=penalty, steps_per_execution=100)
    assert play(gan, 500) == pytest.approx((0.0, 0.0), abs=2e-3)


def test_weight_clipping_by_hand():
    gan, psi, theta = dirac(Wasserstein(), constraint=WeightClipping(0.2)), PSI, THETA
    for _ in range(20):
        gan.train_on_batch(np.zeros((4, 1, 1), "float32"))
        psi = min(max(psi - RATE * theta, -0.2), 0.2)
        theta += RATE * psi
        assert state(gan) == pytest.approx((psi, theta), abs=1e-6)
