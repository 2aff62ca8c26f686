"""Images -> smaller images, with a gradient."""

import numpy as np
import tensorflow as tf


def averaged_down(images, size):
    """`tf.image.resize` by area, for which TensorFlow has no gradient.

    Args:
        images: float32 (batch, height, width, channels).
        size: (height, width) of the result.
    """

    def gradient(upstream):
        sides = zip(images.shape[1:3], size, strict=True)
        rows, columns = (tf.constant(_shares(*pair), tf.float32) for pair in sides)
        return tf.einsum("sh,bstc,tw->bhwc", rows, upstream, columns)

    @tf.custom_gradient
    def averaged(images):
        return tf.image.resize(images, size, method="area"), gradient

    return averaged(images)


def _shares(side, seen):
    """(seen, side): how much of the mean of each part of a side comes from each pixel of it."""
    ends = np.arange(seen + 1)[:, None] * (side / seen)
    covered = np.clip(ends - np.arange(side), 0, 1)  # of each pixel, up to each end
    return np.diff(covered, axis=0) * (seen / side)
