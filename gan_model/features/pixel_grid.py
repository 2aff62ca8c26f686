"""The image itself as its features, averaged down: for images that no network here suits."""

import numpy as np
import tensorflow as tf

from gan_model.features.extractor import Features

_SIDE = 8


def pixels():
    """Colours averaged over an 8 x 8 grid, 0 to 1: `64 * channels` numbers, for any images.

    They describe layout, brightness and colour but no detail: they tell whether a generator still
    makes different images, not how sharp those are.
    """
    return Features("pixels", _averaged, checksum=f"{_SIDE}x{_SIDE}")


def _averaged(images):
    # The mean over the pixels of a cell, weighted by the fraction that lies in it.
    small = averaged_down(images / 255.0, (_SIDE, _SIDE))
    return tf.reshape(small, (tf.shape(images)[0], -1))


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
