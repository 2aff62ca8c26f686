"""Which images of a folder are held out, by hashes of their pixels.

An image is held out if the hash of its pixels, as a fraction, is below 0.1, or below 0.2 and the
lowest of its class. So copies go the same way, and an image that was trained on is not held out
when files are added, because no image becomes the lowest when another one joins its class. The
exception is a class without other images to train on, such as one of a single image: it trains on
its highest, which may be held out when the class has more.
"""

import hashlib

import numpy as np

_ALL = 2.0**64
_HELD_OUT = 0.1
_LOWEST_OF_CLASS = 0.2  # more would hold out much of small classes: 0.2 is 15 % of those of 5


class Splits(tuple):
    """((train_images, train_labels), (test_images, test_labels)), with the names of the classes.

    Args:
        splits: the two pairs.
        class_names: list of texts; a label is a position in it. None: the classes have no names.
    """

    def __new__(cls, splits, class_names=None):
        made = super().__new__(cls, splits)
        made.class_names = class_names
        return made


def hash_of(pixels):
    """A hash of an image, from 0 to 2**64 - 1; grey images have the same with 1 and 3 channels."""
    if (pixels == pixels[..., :1]).all():
        pixels = np.ascontiguousarray(pixels[..., :1])
    return int.from_bytes(hashlib.sha256(pixels).digest()[:8], "big")


def held_out(hashes, labels):
    """Which images are held out: bool (n,), the same for all images with the same hash.

    At least one image is held out and one is not, if there are two hashes or more.

    Args:
        hashes: uint64 (n,), from `hash_of`.
        labels: integers (n,), in ascending order.
    """
    hashes = np.asarray(hashes, np.uint64)
    _, starts, counts = np.unique(labels, return_index=True, return_counts=True)
    lowest, highest = (ufunc.reduceat(hashes, starts) for ufunc in (np.minimum, np.maximum))
    others = hashes[hashes > np.repeat(lowest, counts)]  # a copy may be the lowest of its class
    chosen = hashes < _HELD_OUT * _ALL
    chosen |= (hashes < _LOWEST_OF_CLASS * _ALL) & ~np.isin(hashes, others, kind="sort")
    without_training = np.logical_and.reduceat(chosen, starts)
    chosen &= ~np.isin(hashes, highest[without_training], kind="sort")
    if not chosen.any():
        alone = np.isin(hashes, lowest[lowest == highest], kind="sort")  # the only image of a class
        chosen = hashes == (hashes if alone.all() else hashes[~alone]).min()
    return chosen
