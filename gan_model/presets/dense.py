"""The dense GAN."""

import keras

from gan_model import networks, replicas
from gan_model.losses import BinaryCrossentropy
from gan_model.model import GAN
from gan_model.presets.image_shape import check_image_shape

# A step is dozens of operations of microseconds each. XLA and 24 steps per execution reduce the
# time to two thirds. An execution takes 30 ms; 13 are a pass over the sample.
_BY_XLA = True


def dense(
    image_shape=(28, 28),
    *,
    codings_size=30,
    generator_learning_rate=0.001,
    discriminator_learning_rate=0.001,
    loss=BinaryCrossentropy(),
    seed=0,
):
    """The dense GAN: three dense layers in each network, images in [0, 1], RMSprop.

    This is the baseline. "Not very good", says its author.
    """
    check_image_shape(image_shape, "dense", example=(28, 28))
    gan = GAN(
        networks.dense.generator(image_shape, codings_size=codings_size),
        networks.dense.discriminator(image_shape),
        seed=seed,
    )
    gan.compile(
        loss,
        keras.optimizers.RMSprop(generator_learning_rate),
        keras.optimizers.RMSprop(discriminator_learning_rate),
        jit_compile=_BY_XLA and replicas.count() == 1,
        steps_per_execution=24,
    )
    return gan
