"""The image itself as its features, for images that no network here suits."""

import tensorflow as tf

from gan_model.features.area import averaged_down
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
