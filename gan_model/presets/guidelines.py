"""The DCGAN of the paper."""

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

    Args:
        image_shape: (height, width) or (height, width, channels); height and width are multiples
            of 4 from 16 to 128, channels 1 or 3.
        beta_1: of both Adam optimizers.
    """
    image_shape = channels_last(image_shape, "guidelines")
    gan = GAN(
        networks.guidelines.generator(image_shape, codings_size=codings_size),
        networks.guidelines.discriminator(image_shape),
        seed=seed,
    )
    # beta_1 is 0.5 as in the paper. With Keras's default of 0.9 each player would follow
    # gradients against an opponent that has long changed.
    gan.compile(
        loss,
        keras.optimizers.Adam(generator_learning_rate, beta_1=beta_1),
        keras.optimizers.Adam(discriminator_learning_rate, beta_1=beta_1),
        steps_per_execution=4,
    )
    return gan
