"""The dense GAN of `presets.dense`: three dense layers in each network."""

import math

from keras import Input, Sequential, layers


def generator(image_shape, *, codings_size):
    """Codings (batch, codings_size) -> images (batch, *image_shape) in [0, 1]."""
    return Sequential(
        [
            Input((codings_size,)),
            layers.Dense(100, activation="selu"),
            layers.Dense(150, activation="selu"),
            # float32 also under a bfloat16 policy, whose 8 bits of mantissa would cause banding.
            layers.Dense(math.prod(image_shape), activation="sigmoid", dtype="float32"),
            layers.Reshape(image_shape, dtype="float32"),
        ],
        name="generator",
    )


def discriminator(image_shape):
    """Images (batch, *image_shape) in [0, 1] -> scores (batch, 1)."""
    return Sequential(
        [
            Input(image_shape),
            layers.Flatten(),
            layers.Dense(150, activation="selu"),
            layers.Dense(100, activation="selu"),
            layers.Dense(1, dtype="float32"),
        ],
        name="discriminator",
    )
