"""Variants of `presets.modern` to compare it with."""

import keras

from gan_model import GAN, averaging, losses, networks, penalties
from gan_model.presets import rules


def modern_of_0_1(image_shape, *, seed):
    """As in 0.1: networks and a penalty made for 28 x 28 grey images.

    Its upsampling is computed as it is now, which is faster.
    """
    return _compiled(image_shape, seed, filters=(16, 32), penalty=penalties.R1(0.3, every=8))


def narrow_modern(image_shape, *, image_count=None, seed):
    """As it is now, with half as many filters in each layer."""
    return _compiled(
        image_shape,
        seed,
        filters=[networks.modern.filters_for(image_shape, product) for product in (256, 512)],
        penalty=rules.r1_for(image_shape),
        augment=rules.augment_for(image_count),
    )


def _compiled(image_shape, seed, *, filters, **arguments):
    of_generator, of_discriminator = filters
    gan = GAN(
        networks.modern.generator(image_shape, codings_size=64, filters=of_generator),
        networks.modern.discriminator(image_shape, filters=of_discriminator),
        seed=seed,
    )
    gan.compile(
        losses.NonSaturating(),
        *(keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in range(2)),
        average=averaging.ExponentialMovingAverage(50_000),
        steps_per_execution=4,
        **arguments,
    )
    return gan
