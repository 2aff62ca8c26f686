"""One `train_step` leaves the weights that one turn of the reference loop leaves.

From the same weights, batch and codings, dropout off. Both phases of the loop get the same
codings, as our step makes its fake images once. One difference is chosen, and shown here: the
loop makes the images of the discriminator's phase in inference mode, so that batch norm uses
moving averages; our step makes them as the generator trains, with the batch's statistics.
Without batch norm (dense) there is no difference at all.
"""

import functools

import keras
import numpy as np
import pytest
import reference_loop
import tensorflow as tf

from gan_model import GAN, data, networks
from gan_model.losses import BinaryCrossentropy
from gan_model.model.random import normal

SHAPES = {"dense": (28, 28), "dcgan": (28, 28, 1)}
CODINGS = {"dense": 30, "dcgan": 100}


def without_dropout(model):
    kept = [layer for layer in model.layers if not isinstance(layer, keras.layers.Dropout)]
    return keras.Sequential([keras.Input(model.input_shape[1:]), *kept], name=model.name)


def players(name):
    keras.utils.set_random_seed(7)
    family = getattr(networks, name)
    generator = family.generator(SHAPES[name], codings_size=CODINGS[name])
    return generator, without_dropout(family.discriminator(SHAPES[name]))


def real_batch(name):
    (images, _), _ = data.load("sample")
    zero_to_one = images[::300][:32].reshape(32, *SHAPES[name]).astype("float32") / 255
    return zero_to_one if name == "dense" else zero_to_one * 2 - 1


@functools.cache
def our_step(name):
    """Weights of generator and discriminator after one `train_step`, made once for all tests."""
    gan = GAN(*players(name))
    gan.compile(BinaryCrossentropy(), "rmsprop", "rmsprop")
    gan.train_on_batch(real_batch(name))
    return gan.generator.get_weights(), gan.discriminator.get_weights()


def turn_of_the_loop(name, real_images, *, training):
    generator, discriminator = players(name)
    classifier, gan = reference_loop.compiled(generator, discriminator)
    codings = normal(32, CODINGS[name], seed=0, step=0)
    reference_loop.turn(
        generator, classifier, gan, real_images, codings, codings, training=training
    )
    return generator.get_weights(), classifier.get_weights()


def moving_averages(generator):
    """Positions of the weights that batch norm keeps for itself."""
    return [i for i, w in enumerate(generator.weights) if "moving" in w.path]


def assert_same_weights(ours, theirs, *, leave_out=(), atol=2e-6):
    for i, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        if i not in leave_out:
            np.testing.assert_allclose(our, their, rtol=1e-4, atol=atol)
            assert np.abs(our - their).mean() < 2e-6


@pytest.mark.slow
def test_dense_is_the_loop_itself():
    real_images = real_batch("dense")
    ours = our_step("dense")
    theirs = turn_of_the_loop("dense", real_images, training=False)
    assert_same_weights(ours[0], theirs[0])
    assert_same_weights(ours[1], theirs[1])


@pytest.mark.slow
def test_dcgan_is_the_loop_with_the_generator_in_training_mode():
    real_images = real_batch("dcgan")
    ours = our_step("dcgan")
    theirs = turn_of_the_loop("dcgan", real_images, training=True)
    # The loop runs the generator twice, so its moving averages have moved twice.
    averages = moving_averages(players("dcgan")[0])
    assert len(averages) == 4
    # Gradients through batch norm cancel almost, and what is left of rounding, which differs by
    # processor, RMSprop divides by next to nothing: up to 1e-5 of its first step of 0.0032.
    assert_same_weights(ours[0], theirs[0], leave_out=averages, atol=3e-5)
    assert_same_weights(ours[1], theirs[1])


@pytest.mark.slow
def test_dcgan_differs_from_the_loop_by_the_mode_alone():
    real_images = real_batch("dcgan")
    _, ours = our_step("dcgan")
    _, theirs = turn_of_the_loop("dcgan", real_images, training=False)
    with pytest.raises(AssertionError):
        assert_same_weights(ours, theirs)


@pytest.mark.slow
def test_the_step_moved_the_weights():
    """Guards the tests above: weights that never move would agree as well."""
    for name in SHAPES:
        before = [player.get_weights() for player in players(name)]
        after = our_step(name)
        for old, new in zip(before, after, strict=True):
            assert max(np.abs(a - b).max() for a, b in zip(old, new, strict=True)) > 1e-4


@pytest.mark.slow
def test_the_loop_trains_each_player_in_its_phase_only():
    """The reference is a sound one: `trainable` is obeyed in both phases."""
    generator, discriminator = players("dense")
    classifier, gan = reference_loop.compiled(generator, discriminator)
    codings = tf.random.normal((32, 30))
    real_images = real_batch("dense")
    before = generator.get_weights()
    classifier.trainable = True
    labels = np.array([[1.0]] * 32)
    classifier.train_on_batch(real_images, labels)
    assert all(np.array_equal(a, b) for a, b in zip(before, generator.get_weights(), strict=True))
    before = classifier.get_weights()
    classifier.trainable = False
    gan.train_on_batch(codings, labels)
    assert all(np.array_equal(a, b) for a, b in zip(before, classifier.get_weights(), strict=True))


def test_the_loop_takes_the_functional_networks_of_modern():
    generator = networks.modern.generator((16, 16, 1), codings_size=4)
    discriminator = networks.modern.discriminator((16, 16, 1))
    classifier, gan = reference_loop.compiled(generator, discriminator)
    images = generator(tf.zeros((2, 4)), training=False)
    probability = classifier(images, training=False)
    expected = tf.sigmoid(discriminator(images, training=False))
    assert probability.numpy() == pytest.approx(expected.numpy(), abs=1e-6)
    assert gan(tf.zeros((2, 4)), training=False).numpy() == pytest.approx(probability.numpy())
