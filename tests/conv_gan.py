"""A GAN of few layers, of which the preset `dcgan` has many: it is compiled in less time.

A few steps cost little; what takes long is the graph of them, layer by layer.
"""

import math

import keras
from keras import layers

from gan_model import GAN


def conv_gan(shape=(16, 16, 1), *, drawn=4, seed=0):
    """Batch norm in the generator, convolution and dropout in the discriminator; not compiled.

    Args:
        shape: of the images.
        drawn: seed of weights and dropout, so that they are the same each time.
        seed: of the GAN.
    """
    keras.utils.set_random_seed(drawn)
    flat = layers.Dense(math.prod(shape), activation="tanh", dtype="float32")
    generator = [layers.BatchNormalization(synchronized=True), flat, layers.Reshape(shape)]
    down = layers.Conv2D(8, 5, strides=2, padding="same")
    discriminator = [down, layers.LeakyReLU(), layers.Dropout(0.4), layers.Flatten()]
    return GAN(
        keras.Sequential([keras.Input((4,)), layers.Dense(16), *generator]),
        keras.Sequential([keras.Input(shape), *discriminator, layers.Dense(1, dtype="float32")]),
        seed=seed,
    )
