"""Augmentations: random changes of images, in training only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import keras
import tensorflow as tf

from gan_model.augmenting import operations
from gan_model.storage.serializable import Serializable, SerializableParts

if TYPE_CHECKING:
    from gan_model.model.random import RandomStream

# Random numbers for each image and operation: two parameters, and one for whether to apply it.
_NUMBERS = 3


class AugmentFunction(Protocol):
    """What `GAN.compile` takes for an augmentation, see `gan_model.augmenting`."""

    def __call__(
        self, images: tf.Tensor, random: RandomStream, image_range: tuple[float, float]
    ) -> tf.Tensor:
        """Images of the same shape."""


class Augmentation(Serializable):
    """A sequence of operations with random parameters for each image.

    A subclass defines `operations`.
    """

    def operations(self):
        """A list of functions (images, drawn, image_range) -> images; see `operations.py`."""
        raise NotImplementedError

    def __call__(self, images, random, image_range, probability=None):
        """Changes each image by the operations.

        Args:
            images: (batch, height, width) or (batch, height, width, channels).
            random: `model.random.RandomStream`.
            image_range: least and greatest value of the images.
            probability: of each operation for each image, a scalar tensor. None: all operations
                are applied.

        Returns:
            Images of the same shape.
        """
        drawn = random.uniform(tf.shape(images)[0], _NUMBERS * len(self.operations()))

        def changed():
            return self._changed(images, drawn, image_range, probability)

        if probability is None:
            return changed()
        # An adaptive augmentation starts at 0, where the operations would be half of the work.
        return tf.cond(probability > 0, changed, lambda: images)

    def _changed(self, images, drawn, image_range, probability):
        shape, changed = tf.shape(images), images
        if images.shape.rank == 3:
            changed = images[..., None]
        for number, operation in enumerate(self.operations()):
            numbers = drawn[:, _NUMBERS * number :][:, :_NUMBERS]
            parameters, chance = tf.split(numbers, (2, 1), axis=1)
            unchanged, changed = changed, operation(changed, parameters, image_range)
            if probability is not None:
                applies = operations.per_image(chance[:, 0]) < probability
                changed = tf.where(applies, changed, unchanged)
        return tf.reshape(changed, shape)

    def __add__(self, other):
        return Chain((self, other))


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Chain(SerializableParts, Augmentation):
    """Several augmentations, applied in order; made by `+`."""

    parts: tuple

    def __post_init__(self):
        for part in self.parts:
            if not isinstance(part, Augmentation):
                raise ValueError(
                    f"`+` adds augmentations that are not adaptive. Received: {part!r}. "
                    "Wrap the sum instead: Adaptive(DiffAugment() + HorizontalFlip())."
                )

    def operations(self):
        return [operation for part in self.parts for operation in part.operations()]


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class HorizontalFlip(Augmentation):
    """Flips each image horizontally with probability 1/2.

    Use it if mirrored images could be real ones too: for faces, but not for letters.
    """

    def operations(self):
        return [operations.flip]


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class DiffAugment(Augmentation):
    """Colour, translation and cutout (Zhao et al., 2020), in this order.

        brightness    image + u width,           u in (-1/4, 1/4), of the width of the range
        saturation    grey + u (image - grey),   u in (0, 2), grey the mean over channels
        contrast      mean + u (image - mean),   u in (1/2, 3/2), mean of the whole image
        translation   by whole pixels, by at most a fraction of each side; filled with black
        cutout        a black rectangle whose sides are a fraction of the image's; its centre
                      may be any pixel, so part of it may lie outside

    Each image has its own u for each operation. As in the paper, pixels may leave the range:
    clipping them would stop gradients. Black is the least value of the range. In the paper it
    is 0, which is black in the range (0, 1) and grey in the range (-1, 1).

    Args:
        colour: whether to change brightness, contrast and, of images with three channels,
            saturation.
        translation: fraction of height and width, from 0 (no translation) to 1.
        cutout: fraction of height and width, from 0 (no cutout) to 1.
    """

    colour: bool = True
    translation: float = 0.125
    cutout: float = 0.5

    def __post_init__(self):
        for name in "translation", "cutout":
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"`{name}` is a fraction of an image's side, from 0 to 1. Received: "
                    f"{name}={getattr(self, name)}."
                )

    def operations(self):
        colour = (
            [operations.brightness, operations.saturation, operations.contrast]
            if self.colour
            else []
        )
        translation = [partial(operations.translate, max_fraction=self.translation)]
        cutout = [partial(operations.cut_out, fraction=self.cutout)]
        return colour + translation * bool(self.translation) + cutout * bool(self.cutout)
