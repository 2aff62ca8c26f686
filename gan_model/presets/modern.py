"""Small networks with R1 and an averaged generator, conditional or not."""

import keras

from gan_model import networks
from gan_model.averaging import ExponentialMovingAverage
from gan_model.losses import ClassCrossEntropy, NonSaturating
from gan_model.model import GAN, inspection
from gan_model.networks.equalized import EqualizedAdam
from gan_model.presets.image_shape import channels_last
from gan_model.presets.rules import augment_for, clusters_for, learning_rates_for, r1_for


def modern(
    image_shape=(28, 28, 1),
    *,
    codings_size=64,
    generator_learning_rate=None,
    discriminator_learning_rate=None,
    loss=NonSaturating(),
    penalty=r1_for,
    augment=augment_for,
    average=ExponentialMovingAverage(50_000),
    image_count=None,
    clusters=clusters_for,
    seed=0,
):
    """Small networks, R1 and an averaged generator, images in [-1, 1], Adam without momentum.

    This preset is made for good images after a few minutes on a few CPU cores, of any size and of
    a few hundred images or more; docs/choosing.md has its results, with `fit(batch_size=16)`. The
    widths of the networks and the learning rates follow from the image shape, the augmentation and
    the clusters from `image_count`, and the weight of the penalty from both, see
    `gan_model.presets.rules`.

    Args:
        image_shape: (height, width) or (height, width, channels); height and width are multiples
            of 4 from 16 to 256, channels 1 or 3.
        generator_learning_rate, discriminator_learning_rate: of `keras.optimizers.Adam` and of
            `networks.equalized.EqualizedAdam`. None for `learning_rates_for(image_shape)`.
        penalty, augment, average: see `GAN.compile`; None switches each off. By default the
            penalty is `r1_for(image_shape, image_count)`, and the augmentation
            `augment_for(image_count, loss)`.
        image_count: number of training images. None: many, without clusters.
        clusters: number of clusters of the images that stand in for classes, see
            `networks.clusters`; by default `clusters_for(image_shape, image_count)`, None for none.
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
    image_shape=(28, 28, 1),
    *,
    class_count=10,
    codings_size=64,
    generator_learning_rate=None,
    discriminator_learning_rate=None,
    loss=NonSaturating(),
    class_loss=ClassCrossEntropy(0.3),
    penalty=r1_for,
    augment=augment_for,
    average=ExponentialMovingAverage(50_000),
    image_count=None,
    seed=0,
):
    """`modern` for images with labels: `fit(images, labels)`, `generate(count, labels=3)`.

    Args:
        class_count: number of classes; labels are from 0 to `class_count - 1`.
        class_loss: see `GAN.compile`. A larger weight gives images that are easier to classify
            and less diverse within a class.
        generator_learning_rate, discriminator_learning_rate, penalty, augment, average,
            image_count: as in `modern`, but for the default of the penalty, which is
            `r1_for(image_shape, image_count, class_count)`.
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
    # Without momentum, as in Karras et al., 2019: each player changes the loss of the other.
    betas = {"beta_1": 0.0, "beta_2": 0.99}
    gan.compile(
        loss,
        keras.optimizers.Adam(rates[0], **betas),
        # With Adam its wide layers change too fast. A generator's images are less diverse with it.
        EqualizedAdam(rates[1], **betas),
        penalty=r1_for(image_shape, image_count, classes) if penalty is r1_for else penalty,
        augment=augment_for(image_count, loss) if augment is augment_for else augment,
        **compile_arguments,
        steps_per_execution=4,
    )
    return gan
