"""A GAN of one dense layer in each network, which is made and traced in less time than a preset."""

import math

import keras
from keras import layers

from gan_model import GAN


def dense_gan(shape=(16, 16), *, codings_size=4, normalized=False, dropout=0.0, seed=0):
    """Images in [0, 1]; not compiled.

    Args:
        normalized: whether the generator has batch norm.
        dropout: fraction of the pixels that the discriminator leaves out.
    """
    norm = [layers.BatchNormalization()] if normalized else []
    images = [layers.Dense(math.prod(shape)), *norm, layers.Activation("sigmoid")]
    left_out = [layers.Dropout(dropout)] if dropout else []
    scores = [layers.Flatten(), *left_out, layers.Dense(1)]
    return GAN(
        keras.Sequential([keras.Input((codings_size,)), *images, layers.Reshape(shape)]),
        keras.Sequential([keras.Input(shape), *scores]),
        seed=seed,
    )
