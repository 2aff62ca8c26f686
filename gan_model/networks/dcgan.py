"""The convolutional GAN of `presets.dcgan`: two strided convolutions in each network."""

from keras import Input, Sequential, layers

_DOWN = dict(kernel_size=5, strides=2, padding="same")


def generator(image_shape, *, codings_size):
    """Codings (batch, codings_size) -> images (batch, *image_shape) in [-1, 1]."""
    height, width, channels = image_shape
    return Sequential(
        [
            Input((codings_size,)),
            layers.Dense(height // 4 * (width // 4) * 128),
            layers.Reshape((height // 4, width // 4, 128)),
            layers.BatchNormalization(synchronized=True),
            layers.Conv2DTranspose(64, activation="selu", **_DOWN),
            layers.BatchNormalization(synchronized=True),
            layers.Conv2DTranspose(channels, activation="tanh", dtype="float32", **_DOWN),
        ],
        name="generator",
    )


def discriminator(image_shape, *, dropout=0.4):
    """Images (batch, *image_shape) in [-1, 1] -> scores (batch, 1)."""
    return Sequential(
        [
            Input(image_shape),
            layers.Conv2D(64, **_DOWN),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Dropout(dropout),
            layers.Conv2D(128, **_DOWN),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Dropout(dropout),
            layers.Flatten(),
            layers.Dense(1, dtype="float32"),
        ],
        name="discriminator",
    )
