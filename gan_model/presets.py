"""Whole recipes with a name: each a function that gives a compiled GAN.

Every preset takes `image_shape`, `codings_size`, a learning rate for each player (a number, or one
of `keras.optimizers.schedules`) and `seed` (of the codings and of the order of the images), so
that one script, or one sweep, runs them all.
Each shows what else makes its recipe; some of that can be set too.
"""

import difflib
import inspect

import keras

from gan_model import networks, players
from gan_model.averaging import Exponential
from gan_model.conditioning import CrossEntropy
from gan_model.gan import GAN
from gan_model.losses import BinaryCrossentropy, NonSaturating
from gan_model.penalties import R1


def dense(
    image_shape=(28, 28),
    *,
    codings_size=30,
    generator_learning_rate=0.001,
    discriminator_learning_rate=0.001,
    loss=BinaryCrossentropy(),
    seed=0,
):
    """The dense GAN: three dense layers for each player, images in [0, 1], RMSprop.

    The baseline. "Not very good", says its author.
    """
    gan = GAN(
        networks.dense.generator(image_shape, codings_size=codings_size),
        networks.dense.discriminator(image_shape),
        seed=seed,
    )
    gan.compile(
        loss,
        keras.optimizers.RMSprop(generator_learning_rate),
        keras.optimizers.RMSprop(discriminator_learning_rate),
        # Dozens of operations of microseconds each: compiled together, 24 steps at a time, they
        # take two thirds of the time. 24 steps are 30 ms, and 13 of them a pass over the sample.
        jit_compile=True,
        steps_per_execution=24,
    )
    return gan


def dcgan(
    image_shape=(28, 28, 1),
    *,
    codings_size=100,
    generator_learning_rate=0.001,
    discriminator_learning_rate=0.001,
    dropout=0.4,
    loss=BinaryCrossentropy(),
    seed=0,
):
    """A small convolutional GAN with selu and dropout, images in [-1, 1], RMSprop.

    Height and width are multiples of 4. `dropout` is the share of the discriminator's
    activations that it drops, twice.
    """
    image_shape = _channels_last(image_shape, "dcgan")
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

    Height and width are multiples of 4, from 16 to 128; one or three channels.
    """
    image_shape = _channels_last(image_shape, "guidelines")
    gan = GAN(
        networks.guidelines.generator(image_shape, codings_size=codings_size),
        networks.guidelines.discriminator(image_shape),
        seed=seed,
    )
    # A beta_1 of 0.5 as in the paper; with Keras's 0.9 each player answers gradients long out
    # of date.
    gan.compile(
        loss,
        keras.optimizers.Adam(generator_learning_rate, beta_1=beta_1),
        keras.optimizers.Adam(discriminator_learning_rate, beta_1=beta_1),
        steps_per_execution=4,
    )
    return gan


def modern(
    image_shape=(28, 28, 1),
    *,
    codings_size=64,
    generator_learning_rate=1e-3,
    discriminator_learning_rate=1e-3,
    loss=NonSaturating(),
    penalty=R1(0.3, every=8),
    augment=None,
    average=Exponential(50_000),
    seed=0,
):
    """Small networks, R1 and an averaged generator, images in [-1, 1], Adam.

    Made for quality by the minute on a few cores; docs/results.md has it against the loop. Height
    and width are multiples of 4, from 16 to 128; one or three channels. For few images there is
    `augment=augmenting.DiffAugment()`.

    Args:
        penalty, augment, average: as those of `GAN.compile`; None for without.
    """
    return _modern(
        image_shape,
        "modern",
        loss,
        codings_size=codings_size,
        rates=(generator_learning_rate, discriminator_learning_rate),
        seed=seed,
        penalty=penalty,
        augment=augment,
        average=average,
    )


def modern_conditional(
    image_shape=(28, 28, 1),
    *,
    class_count=10,
    codings_size=64,
    generator_learning_rate=1e-3,
    discriminator_learning_rate=1e-3,
    loss=NonSaturating(),
    class_loss=CrossEntropy(0.3),
    penalty=R1(0.3, every=8),
    augment=None,
    average=Exponential(50_000),
    seed=0,
):
    """`modern` for images with labels: `fit(images, labels)`, `generate(count, labels=3)`.

    Args:
        class_count: classes; labels are from 0 to `class_count - 1`.
        class_loss: as that of `GAN.compile`. More weight gives images that are told apart more
            surely, and differ less within a class.
        penalty, augment, average: as those of `GAN.compile`; None for without.
    """
    return _modern(
        image_shape,
        "modern_conditional",
        loss,
        classes=players.checked_classes(class_count),
        codings_size=codings_size,
        rates=(generator_learning_rate, discriminator_learning_rate),
        seed=seed,
        class_loss=class_loss,
        penalty=penalty,
        augment=augment,
        average=average,
    )


def _modern(image_shape, name, loss, *, codings_size, rates, seed, classes=None, **rule):
    image_shape = _channels_last(image_shape, name)
    generator = networks.modern.generator(
        image_shape, codings_size=codings_size, class_count=classes
    )
    discriminator = networks.modern.discriminator(image_shape, class_count=classes)
    gan = GAN(generator, discriminator, class_count=classes, seed=seed)
    gan.compile(
        loss,
        *(keras.optimizers.Adam(rate, beta_1=0.5) for rate in rates),
        **rule,
        steps_per_execution=4,
    )
    return gan


PRESETS = {
    "dense": dense,
    "dcgan": dcgan,
    "guidelines": guidelines,
    "modern": modern,
    "modern_conditional": modern_conditional,
}


def named(name):
    """The preset of that name.

    Raises:
        ValueError: there is none; the message has the nearest name.
    """
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"Unknown preset {name!r}.{guess} Known: {', '.join(PRESETS)}.")
    return PRESETS[name]


def classes_for(preset, *labels):
    """What a preset is told of the classes: {"class_count": 10}; {} for one that asks for none.

    Args:
        preset: a function of this module.
        *labels: int (n,), of all images, for training and held out; a class is a number from 0
            to the greatest of them.
    """
    if "class_count" not in inspect.signature(preset).parameters:
        return {}
    return {"class_count": 1 + max(int(max(each)) for each in labels)}


def _channels_last(image_shape, preset):
    """(height, width, channels), checked for the two halvings at least."""
    height, width, channels = (*image_shape, 1) if len(image_shape) == 2 else image_shape
    if any(side % 4 or not 16 <= side <= 128 for side in (height, width)) or channels not in (1, 3):
        raise ValueError(
            f"`presets.{preset}` makes images whose height and width are multiples of 4 from 16 "
            f"to 128, with 1 or 3 channels. Received: image_shape={tuple(image_shape)}. "
            "Resize the images, or give GAN players of your own."
        )
    return height, width, channels
