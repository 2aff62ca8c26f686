"""`presets.modern` of 0.1, to compare with: networks and a penalty made for 28 x 28 grey images."""

import keras

from gan_model import GAN, averaging, losses, networks, penalties
from gan_model.data.images import shape_with_channels


def modern_of_0_1(image_shape, *, seed):
    """The GAN, compiled. Its upsampling is computed as it is now, which is faster."""
    image_shape = shape_with_channels(image_shape)
    gan = GAN(
        networks.modern.generator(image_shape, codings_size=64, filters=16),
        networks.modern.discriminator(image_shape, filters=32),
        seed=seed,
    )
    gan.compile(
        losses.NonSaturating(),
        *(keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in range(2)),
        penalty=penalties.R1(0.3, every=8),
        average=averaging.ExponentialMovingAverage(50_000),
        steps_per_execution=4,
    )
    return gan
