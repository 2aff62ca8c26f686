"""The small convolutional GAN."""

import keras

from gan_model import networks
from gan_model.losses import BinaryCrossentropy
from gan_model.model import GAN
from gan_model.presets.image_shape import channels_last


def dcgan(
    image_shape=(28, 28, 1),
    *,
    codings_size=100,
    generator_learning_rate=0.001,
    discriminator_learning_rate=0.001,
    dropout=0.4,
    loss=BinaryCrossentropy(),
    seed=0,
):
    """A small convolutional GAN with selu and dropout, images in [-1, 1], RMSprop.

    Height and width are multiples of 4. `dropout` is the share of the discriminator's
    activations that it drops, twice.
    """
    image_shape = channels_last(image_shape, "dcgan")
    gan = GAN(
        networks.dcgan.generator(image_shape, codings_size=codings_size),
        networks.dcgan.discriminator(image_shape, dropout=dropout),
        seed=seed,
    )
    gan.compile(
        loss,
        keras.optimizers.RMSprop(generator_learning_rate),
        keras.optimizers.RMSprop(discriminator_learning_rate),
        steps_per_execution=4,
    )
    return gan
