"""What each network minimizes, with plain tensors and functions instead of networks."""

import functools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_model import GAN, networks, replicas
from gan_model.augmenting import Augmenter
from gan_model.losses import ClassCrossEntropy, NonSaturating, Relativistic, Wasserstein
from gan_model.model import Batch, Discriminated, Step, random
from gan_model.model.discriminating import discriminate, takes_both_at_once
from gan_model.model.objective import Objective
from gan_model.model.random import RandomStreams
from gan_model.networks import spectral
from gan_model.penalties import R1, R2

REAL = Batch(tf.constant([[[1.0]], [[3.0]]]), tf.constant([0, 1]))
FAKE = Batch(tf.constant([[[2.0]], [[-2.0]]]), tf.constant([0, 1]))
RANDOM = RandomStreams(seed=0, step=0)


def step(real=REAL, fake=FAKE, *, training=True):
    return Step(0, real, RANDOM, replicas.share(real.size), training, fake)


class Line:
    """Scores an image with its value, adds 0.25 of layer losses, and notes what it is asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, batch, *, training):
        self.asked.append((batch.images.numpy().ravel().tolist(), training))
        scores = tf.reshape(batch.images, (-1, 1))
        return Discriminated(scores, tf.constant([[0.0, 0.0]] * 2), layer_losses=0.25)


def test_the_discriminator_pays_its_loss_and_the_losses_of_its_layers():
    loss, logs = Objective(Wasserstein()).discriminator(Line(), step())
    assert float(logs["discriminator_loss"]) == 0.0 - 2.0
    assert float(loss) == -2.0 + 0.25
    assert logs["real_score"].numpy().ravel().tolist() == [1.0, 3.0]
    assert logs["class_loss"] == 0.0


def test_the_generator_pays_its_loss_and_is_judged_once():
    judge = Line()
    loss, logs = Objective(Wasserstein()).generator(judge, step())
    assert float(loss) == float(logs["generator_loss"]) == 0.0
    assert judge.asked == [([2.0, -2.0], True)]


def test_a_loss_that_needs_real_scores_has_the_real_images_judged_first():
    judge = Line()
    loss, _logs = Objective(Relativistic()).generator(judge, step())
    softplus = [math.log1p(math.exp(real - fake)) for real, fake in ((1, 2), (3, -2))]
    assert float(loss) == pytest.approx(np.mean(softplus), rel=1e-6)
    assert judge.asked == [([1.0, 3.0], True), ([2.0, -2.0], True)]


def test_the_penalty_is_paid_beside_the_loss():
    """The slope is 1 everywhere: R1 of weight 6 costs 3."""
    loss, logs = Objective(Wasserstein(), penalty=R1(6.0)).discriminator(_graph_line, step())
    assert float(logs["penalty"]) == 3.0
    assert float(loss) == -2.0 + 3.0
    assert float(logs["discriminator_loss"]) == -2.0


def _graph_line(batch, *, training):
    return Discriminated(tf.reshape(batch.images, (-1, 1)))


def test_each_image_is_penalised_under_its_own_label():
    told = []

    def judge(batch, *, training):
        told.append((batch.images is FAKE.images, batch.labels.numpy().tolist()))
        return _graph_line(batch, training=training)

    fake = FAKE._replace(labels=tf.constant([7, 8]))  # as with clusters
    Objective(Wasserstein(), penalty=R1(1.0) + R2(1.0)).discriminator(judge, step(fake=fake))
    assert told[2:] == [(False, [0, 1]), (True, [7, 8])]


def test_both_players_pay_for_wrong_classes():
    class_loss = lambda labels, logits: 1.0 + tf.reduce_sum(tf.cast(labels, tf.float32))  # noqa: E731
    objective = Objective(Wasserstein(), class_loss=class_loss)
    loss, logs = objective.discriminator(Line(), step())
    assert float(logs["class_loss"]) == 4.0  # 2 for real images and 2 for fake ones
    assert float(loss) == -2.0 + 4.0 + 0.25
    assert float(objective.generator(Line(), step())[0]) == 2.0


def test_losses_for_each_image_count_by_their_mean():
    class PerImage:
        def discriminator(self, real, fake):
            return fake[:, 0] - real[:, 0]

        def generator(self, real, fake):
            return -fake[:, 0]

    each = lambda labels, logits: tf.cast(labels, tf.float32)  # noqa: E731, 0 and 1
    penalty = lambda scores, real, fake, random: real.images[:, 0, 0]  # noqa: E731, 1 and 3
    objective = Objective(PerImage(), class_loss=each, penalty=penalty)
    loss, logs = objective.discriminator(Line(), step())
    assert float(logs["discriminator_loss"]) == -2.0
    assert float(logs["class_loss"]) == 1.0 and float(logs["penalty"]) == 2.0
    assert float(loss) == -2.0 + 1.0 + 0.25 + 2.0
    assert float(objective.generator(Line(), step())[0]) == 0.0 + 0.5


@pytest.mark.parametrize("class_count", [None, 3])
def test_one_pass_for_real_and_fake_images_is_the_same_as_two(class_count, seeded):
    network = networks.modern.discriminator((16, 16, 1), class_count=class_count)
    judge = functools.partial(discriminate, network, classifies=class_count is not None)
    images = tf.reshape(RANDOM.stream(1).normal(16, 256), (2, 8, 16, 16, 1))
    labels = tf.constant([0, 1, 2, 0] * 2)
    real, fake = Batch(images[0], labels), Batch(images[1], labels[::-1])
    figures, gradients = [], []
    for jointly in (False, True):
        objective = Objective(
            Relativistic(), class_count and ClassCrossEntropy(), R1(1.0), jointly=jointly
        )
        with tf.GradientTape() as tape:
            loss, logs = objective.discriminator(judge, step(real, fake))
        gradients.append(tape.gradient(loss, network.trainable_variables))
        figures.append(logs)
    for name in figures[0]:
        np.testing.assert_allclose(figures[0][name], figures[1][name], rtol=1e-5, atol=1e-6)
    for apart, together in zip(*gradients, strict=True):
        apart, together = map(tf.convert_to_tensor, (apart, together))  # of embeddings: sparse
        np.testing.assert_allclose(apart, together, rtol=1e-4, atol=1e-6)


def test_layer_losses_of_real_and_of_fake_images_count_alike():
    class Heavy(Line):
        def __call__(self, batch, *, training):
            said = super().__call__(batch, training=training)
            return said._replace(layer_losses=tf.reduce_sum(tf.abs(batch.images)))

    fake = FAKE._replace(images=FAKE.images / 4)  # their scores have the mean 0 too
    loss, _logs = Objective(Wasserstein()).discriminator(Heavy(), step(fake=fake))
    assert float(loss) == -2.0 + (4.0 + 1.0) / 2


def test_one_pass_has_the_layer_losses_once():
    loss, _logs = Objective(Wasserstein(), jointly=True).discriminator(Line(), step())
    assert float(loss) == -2.0 + 0.25


class OfTheUser(keras.layers.Layer):
    def call(self, images):
        return images


def _less_their_mean():
    images = keras.Input((4,))
    return keras.Model(images, images - keras.ops.mean(images, axis=0, keepdims=True))


@pytest.mark.parametrize(
    ("layer", "alone"),
    [
        (lambda: keras.layers.Dropout(0.5), True),
        (lambda: keras.layers.LayerNormalization(), True),
        (lambda: spectral.SpectralNormalization(keras.layers.Dense(4)), True),
        (lambda: keras.layers.BatchNormalization(), False),
        (lambda: keras.layers.Lambda(lambda images: images), False),
        (lambda: keras.layers.Dense(4, activity_regularizer="l2"), False),
        (lambda: keras.layers.Dense(4, activation="leaky_relu"), True),
        (lambda: keras.layers.Dense(4, activation=tf.nn.relu), True),
        (lambda: keras.layers.Dense(4, activation=keras.layers.LeakyReLU()), True),
        (lambda: keras.layers.UnitNormalization(axis=-1), True),
        (lambda: keras.layers.Dense(4, activation=lambda x: x), False),
        (lambda: keras.layers.Dense(4, activation=OfTheUser()), False),
        (lambda: keras.layers.UnitNormalization(axis=0), False),
        (lambda: OfTheUser(), False),
        (lambda: keras.layers.Dense(4, dtype="mixed_bfloat16"), False),
        (_less_their_mean, False),
    ],
)
def test_a_discriminator_judges_in_one_pass_if_no_image_can_affect_another(layer, alone):
    inner = keras.Sequential([keras.Input((4,)), layer()])
    network = keras.Sequential([keras.Input((2, 2)), keras.layers.Flatten(), inner])
    network.add(keras.layers.Dense(1))
    assert takes_both_at_once(network) is alone
    generator = [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Reshape((2, 2))]
    gan = GAN(keras.Sequential(generator), network)
    gan.compile()
    assert gan.objective.jointly is alone


@pytest.mark.parametrize("mixing", [keras.layers.MixUp, keras.layers.CutMix])
def test_images_that_a_layer_mixes_are_judged_apart(mixing):
    network = [keras.Input((4, 4, 1)), mixing(), keras.layers.Flatten(), keras.layers.Dense(1)]
    assert not takes_both_at_once(keras.Sequential(network))


def test_both_players_see_augmented_images_and_an_evaluation_does_not():
    augmenter = Augmenter(lambda images, random, image_range: images + 10.0)
    objective, judge = Objective(NonSaturating(), augmenter=augmenter), Line()
    objective.discriminator(judge, step())
    objective.generator(judge, step())
    objective.discriminator(judge, step(training=False))
    augmented = [([11.0, 13.0], True), ([12.0, 8.0], True), ([12.0, 8.0], True)]
    assert judge.asked == [*augmented, ([1.0, 3.0], False), ([2.0, -2.0], False)]


def test_each_use_has_random_numbers_of_its_own():
    purposes = []

    def augment(images, stream, image_range):
        purposes.append(stream.purpose)
        return images

    def penalty(scores, real, fake, stream):
        purposes.append(stream.purpose)
        return tf.constant(0.0)

    objective = Objective(Relativistic(), penalty=penalty, augmenter=Augmenter(augment))
    objective.discriminator(_graph_line, step())
    objective.generator(_graph_line, step())
    of_discriminator = [random.REAL_FOR_DISCRIMINATOR, random.FAKE_FOR_DISCRIMINATOR]
    of_generator = [random.REAL_FOR_GENERATOR, random.FAKE_FOR_GENERATOR]
    assert purposes == [*of_discriminator, random.PENALTY, *of_generator]


def test_an_evaluation_gives_the_losses_of_both():
    objective, evaluated = Objective(NonSaturating()), step(training=False)
    figures = objective.discriminator(Line(), evaluated)[1]
    figures |= objective.generator(Line(), evaluated)[1]
    softplus = lambda x: math.log1p(math.exp(x))  # noqa: E731
    real, fake = (softplus(-1) + softplus(-3)) / 2, (softplus(2) + softplus(-2)) / 2
    assert float(figures["discriminator_loss"]) == pytest.approx(real + fake, rel=1e-6)
    assert float(figures["generator_loss"]) == pytest.approx((softplus(-2) + softplus(2)) / 2)
