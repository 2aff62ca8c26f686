"""Images with what belongs to them."""

from typing import NamedTuple

import tensorflow as tf


class Batch(NamedTuple):
    """Images with their labels and codings.

    Attributes:
        images: float32 (batch, *image_shape), in the range of the generator's images.
        labels: int32 (batch,); None if the GAN has neither classes nor clusters.
        codings: float32 (batch, codings_size), of generated images; None for real ones, unless a
            subclass of `GAN` infers them.
    """

    images: tf.Tensor
    labels: tf.Tensor | None = None
    codings: tf.Tensor | None = None

    @property
    def size(self):
        """The number of images, a scalar int32 tensor."""
        return tf.shape(self.images)[0]


def joined(first, last):
    """Two `Batch`es in one. A part that only one of them has is left out."""
    return Batch(*map(_joined, first, last))


def _joined(first, last):
    return None if first is None or last is None else tf.concat([first, last], axis=0)
