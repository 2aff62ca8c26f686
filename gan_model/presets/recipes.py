"""The presets of the package: each returns a compiled GAN."""

import keras

from gan_model import networks, replicas
from gan_model.augmenting import AugmentFunction
from gan_model.averaging import Average, ExponentialMovingAverage
from gan_model.catalog import PRESETS
from gan_model.data.images import shape_with_channels
from gan_model.losses import BinaryCrossentropy, ClassCrossEntropy, ClassLoss, Loss, NonSaturating
from gan_model.model import GAN, inspection
from gan_model.networks.equalized import EqualizedAdam
from gan_model.presets.rules import clusters_for, learning_rates_for, r1_for

# A step is dozens of operations of microseconds each. XLA and 24 steps per execution reduce the
# time to two thirds. An execution takes 30 ms; 13 are a pass over the sample.
_BY_XLA = True


def dense(
    image_shape: tuple[int, ...] = (28, 28),
    *,
    codings_size: int = 30,
    generator_learning_rate: float = 0.001,
    discriminator_learning_rate: float = 0.001,
    loss: Loss = BinaryCrossentropy(),
    seed: int = 0,
) -> GAN:
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


def dcgan(
    image_shape: tuple[int, ...] = (28, 28, 1),
    *,
    codings_size: int = 100,
    generator_learning_rate: float = 0.001,
    discriminator_learning_rate: float = 0.001,
    dropout: float = 0.4,
    loss: Loss = BinaryCrossentropy(),
    seed: int = 0,
) -> GAN:
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


def guidelines(
    image_shape: tuple[int, ...] = (28, 28, 1),
    *,
    codings_size: int = 100,
    generator_learning_rate: float = 2e-4,
    discriminator_learning_rate: float = 2e-4,
    beta_1: float = 0.5,
    loss: Loss = NonSaturating(),
    seed: int = 0,
) -> GAN:
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
    # beta_1 is 0.5 as in the paper. With Keras's default of 0.9 each network would follow
    # gradients against an opponent that has long changed.
    gan.compile(
        loss,
        keras.optimizers.Adam(generator_learning_rate, beta_1=beta_1),
        keras.optimizers.Adam(discriminator_learning_rate, beta_1=beta_1),
        steps_per_execution=4,
    )
    return gan


def modern(
    image_shape: tuple[int, ...] = (28, 28, 1),
    *,
    codings_size: int = 64,
    generator_learning_rate: float | None = None,
    discriminator_learning_rate: float | None = None,
    loss: Loss = NonSaturating(),
    penalty=r1_for,
    augment: AugmentFunction | None = None,
    average: Average | None = ExponentialMovingAverage(50_000),
    image_count: int | None = None,
    clusters=clusters_for,
    seed: int = 0,
) -> GAN:
    """Small networks, R1 and an averaged generator, images in [-1, 1], Adam without momentum.

    This preset is made for good images after a few minutes on a few CPU cores, of any size and of
    a few hundred images or more; docs/choosing.md has its results, with `fit(batch_size=16)`. The
    widths of the networks and the learning rates follow from the image shape, the clusters from
    `image_count`, and the weight of the penalty from both, see `gan_model.presets.rules`.

    Args:
        image_shape: (height, width) or (height, width, channels); height and width are multiples
            of 4 from 16 to 256, channels 1 or 3.
        generator_learning_rate, discriminator_learning_rate: of `keras.optimizers.Adam` and of
            `networks.equalized.EqualizedAdam`. None for `learning_rates_for(image_shape)`.
        loss, penalty, augment, average: see `GAN.compile`; None switches a penalty or an average
            off. By default the penalty is `r1_for(image_shape, image_count)`.
        codings_size: numbers in one coding.
        image_count: number of training images. None: many, without clusters.
        clusters: number of clusters of the images that stand in for classes, see
            `networks.clusters`; by default `clusters_for(image_shape, image_count)`, None for none.
        seed: of the codings and of the order of the images.
    """
    return _modern(
        image_shape,
        "modern",
        loss,
        clusters=clusters,
        codings_size=codings_size,
        rates=(generator_learning_rate, discriminator_learning_rate),
        seed=seed,
        penalty=penalty,
        augment=augment,
        average=average,
        image_count=image_count,
    )


def modern_conditional(
    image_shape: tuple[int, ...] = (28, 28, 1),
    *,
    class_count: int = 10,
    codings_size: int = 64,
    generator_learning_rate: float | None = None,
    discriminator_learning_rate: float | None = None,
    loss: Loss = NonSaturating(),
    class_loss: ClassLoss = ClassCrossEntropy(0.3),
    penalty=r1_for,
    augment: AugmentFunction | None = None,
    average: Average | None = ExponentialMovingAverage(50_000),
    image_count: int | None = None,
    seed: int = 0,
) -> GAN:
    """`modern` for images with labels: `fit(images, labels)`, `generate(count, labels=3)`.

    Args:
        class_count: number of classes; labels are from 0 to `class_count - 1`.
        class_loss: see `GAN.compile`. A larger weight gives images that are easier to classify
            and less diverse within a class.
        penalty: as in `modern`; by default `r1_for(image_shape, image_count, class_count)`.
        image_shape, codings_size, loss, augment, average, image_count, seed: as in `modern`.
        generator_learning_rate, discriminator_learning_rate: as in `modern`.
    """
    return _modern(
        image_shape,
        "modern_conditional",
        loss,
        classes=class_count,
        codings_size=codings_size,
        rates=(generator_learning_rate, discriminator_learning_rate),
        seed=seed,
        class_loss=class_loss,
        penalty=penalty,
        augment=augment,
        average=average,
        image_count=image_count,
    )


def _modern(
    image_shape,
    name,
    loss,
    *,
    codings_size,
    rates,
    seed,
    penalty,
    augment,
    image_count,
    classes=None,
    clusters=None,
    **compile_arguments,
):
    inspection.check_class_count(classes)
    classes = None if classes is None else int(classes)  # Keras refuses integers of numpy
    image_shape = channels_last(image_shape, name)
    if clusters is clusters_for:
        clusters = clusters_for(image_shape, image_count)
    generator = networks.modern.generator(
        image_shape, codings_size=codings_size, class_count=classes, clusters=clusters
    )
    discriminator = networks.modern.discriminator(
        image_shape, class_count=classes, clusters=clusters
    )
    gan = GAN(generator, discriminator, class_count=classes, seed=seed)
    usual = learning_rates_for(image_shape)
    rates = [own if rate is None else rate for rate, own in zip(rates, usual, strict=True)]
    # Without momentum, as in Karras et al., 2019: each network changes the loss of the other.
    betas = {"beta_1": 0.0, "beta_2": 0.99}
    gan.compile(
        loss,
        keras.optimizers.Adam(rates[0], **betas),
        # With Adam its wide layers change too fast. A generator's images are less diverse with it.
        EqualizedAdam(rates[1], **betas),
        penalty=r1_for(image_shape, image_count, classes) if penalty is r1_for else penalty,
        augment=augment,
        **compile_arguments,
        steps_per_execution=4,
    )
    return gan


def nearest_size(size, preset):
    """The (height, width) nearest to a size of which a preset makes images; None for any size."""
    sides = PRESETS[preset].sides if preset in PRESETS else None
    if sides is None:
        return None
    multiples = [sides.step * round(side / sides.step) for side in size]
    return tuple(min(max(sides[0], side), sides[-1]) for side in multiples)


def makes(preset):
    """Which sizes a preset makes, the beginning of a sentence."""
    sides = PRESETS[preset].sides
    return (
        f"`presets.{preset}` makes images whose height and width are multiples of {sides.step} "
        f"from {sides[0]} to {sides[-1]}"
    )


def channels_last(image_shape, preset):
    """(height, width, channels) from a shape with or without channels.

    Raises:
        ValueError: if the convolutional networks cannot have images of this shape.
    """
    check_image_shape(image_shape, preset, example=(64, 64, 3))
    height, width, channels = shape_with_channels(image_shape)
    fits = (height, width) == nearest_size((height, width), preset)
    if not fits or channels not in (1, 3):
        raise ValueError(
            f"{makes(preset)}, with 1 or 3 channels. Received: image_shape={tuple(image_shape)}. "
            "Resize the images, or type GAN(generator, discriminator) with your own networks."
        )
    return height, width, channels


def check_image_shape(image_shape, preset, *, example):
    """Refuses what is no shape of an image, such as a side; `example` is one to type."""
    if not hasattr(image_shape, "__len__") or len(image_shape) not in (2, 3):
        raise ValueError(
            f"`image_shape` is (height, width) or (height, width, channels). Received: image_shape="
            f"{image_shape!r}. Type presets.{preset}({example})."
        )
