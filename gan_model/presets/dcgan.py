"""A small convolutional GAN."""

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

    Args:
        image_shape: (height, width) or (height, width, channels); height and width are multiples
            of 4 from 16 to 128, channels 1 or 3.
        dropout: rate of the two dropout layers of the discriminator, from 0 and below 1.
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
