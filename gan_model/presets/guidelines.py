"""The DCGAN of its paper."""

import keras

from gan_model import networks
from gan_model.losses import NonSaturating
from gan_model.model import GAN
from gan_model.presets.image_shape import channels_last


def guidelines(
    image_shape=(28, 28, 1),
    *,
    codings_size=100,
    generator_learning_rate=2e-4,
    discriminator_learning_rate=2e-4,
    beta_1=0.5,
    loss=NonSaturating(),
    seed=0,
):
    """A DCGAN by the guidelines of its paper (Radford et al., 2016), images in [-1, 1], Adam.

    Height and width are multiples of 4, from 16 to 128; one or three channels.
    """
    image_shape = channels_last(image_shape, "guidelines")
    gan = GAN(
        networks.guidelines.generator(image_shape, codings_size=codings_size),
        networks.guidelines.discriminator(image_shape),
        seed=seed,
    )
    # A beta_1 of 0.5 as in the paper; with Keras's 0.9 each player answers gradients long out
    # of date.
    gan.compile(
        loss,
        keras.optimizers.Adam(generator_learning_rate, beta_1=beta_1),
        keras.optimizers.Adam(discriminator_learning_rate, beta_1=beta_1),
        steps_per_execution=4,
    )
    return gan
