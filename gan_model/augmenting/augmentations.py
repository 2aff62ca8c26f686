"""What is done to images before they are judged."""

from dataclasses import dataclass
from functools import partial

import keras
import tensorflow as tf

from gan_model.augmenting import operations
from gan_model.storage.serializable import Serializable, SerializableParts

_NUMBERS = 3  # drawn for each image and operation: two that say how, one that says whether


class Augmentation(Serializable):
    """A row of operations, each drawn for each image by itself."""

    def operations(self):
        """Functions (images, drawn, image_range) -> images, as those of `operations`."""
        raise NotImplementedError

    def __call__(self, images, random, image_range, probability=None):
        """Changed images; each operation with this probability for each image, if there is one."""
        row = self.operations()
        drawn = random.uniform(tf.shape(images)[0], _NUMBERS * len(row))
        shape, changed = tf.shape(images), images
        if images.shape.rank == 3:
            changed = images[..., None]
        for number, operation in enumerate(row):
            how, whether = tf.split(drawn[:, _NUMBERS * number :][:, :_NUMBERS], (2, 1), axis=1)
            before, changed = changed, operation(changed, how, image_range)
            if probability is not None:
                changed = tf.where(operations.each(whether[:, 0]) < probability, changed, before)
        return tf.reshape(changed, shape)

    def __add__(self, other):
        return Chain((self, other))


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Chain(SerializableParts, Augmentation):
    """Several augmentations, one after the other; what `+` makes."""

    parts: tuple

    def __post_init__(self):
        for part in self.parts:
            if not isinstance(part, Augmentation):
                raise ValueError(
                    "`+` adds augmentations that are not adaptive; put Adaptive around the sum: "
                    f"Adaptive(DiffAugment() + HorizontalFlip()). Received: {part!r}."
                )

    def operations(self):
        return [operation for part in self.parts for operation in part.operations()]


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class HorizontalFlip(Augmentation):
    """Every other image, drawn by lot, as in a mirror.

    For images of which a mirror image could be one too: faces, not letters.
    """

    def operations(self):
        return [operations.flipped]


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class DiffAugment(Augmentation):
    """Colour, translation and cutout (Zhao et al., 2020), in this order.

        brightness    image + u width,           u in (-1/4, 1/4), of the width of the range
        saturation    grey + u (image - grey),   u in (0, 2), grey the mean over channels
        contrast      mean + u (image - mean),   u in (1/2, 3/2), mean of the whole image
        translation   by whole pixels, up to this share of each side; black comes in
        cutout        a black rectangle, each side this share of the image's, its centre
                      anywhere, so that it may lie half outside

    One u for an image. Brightness and contrast may leave the range, as in the paper; nothing
    is cut off, which would stop gradients. Black is the range's least value; in the paper it is
    0, which is black where the range is (0, 1) and grey where it is (-1, 1).

    Args:
        colour: whether brightness, saturation (of images with several channels) and contrast
            are changed.
        translation: share of height and width, from 0, none, to 1.
        cutout: share of height and width, from 0, none, to 1.
    """

    colour: bool = True
    translation: float = 0.125
    cutout: float = 0.5

    def __post_init__(self):
        for name in "translation", "cutout":
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"`{name}` is a share of an image's side, from 0 to 1. Received: "
                    f"{name}={getattr(self, name)}."
                )

    def operations(self):
        of_colour = (
            [operations.brightness, operations.saturation, operations.contrast]
            if self.colour
            else []
        )
        translation = [partial(operations.translated, most=self.translation)]
        cutout = [partial(operations.cut_out, share=self.cutout)]
        return of_colour + translation * bool(self.translation) + cutout * bool(self.cutout)
