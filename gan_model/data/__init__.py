"""Files -> images as uint8 arrays -> batches.

sources     a name or a folder -> ((train_images, train_labels), (test_images, test_labels))
named_sets  the sample, MNIST, Fashion-MNIST and CIFAR-10
reading     files of arrays of these sets -> arrays
folder      a folder of PNG, JPEG, ... -> the same, decoded once and cached on disk
listing     a folder -> the paths of its images, and their classes
splits      hashes of images -> which of them are held out
decoding    one image file -> pixels
colors      an image that Pillow has loaded -> the same in 8 bits, in sRGB, on a plain ground
cache       decoded images <-> files on disk
checks      images as given -> the same, or a sentence on what is wrong with them
images      images as given -> images in the generator's range, and back
image_sets  generated images of any program -> one array, to be measured
batches     images -> shuffled batches, in an order that can be resumed

A new published data set is one `FullSet` in `FULL_SETS` of `named_sets`.
"""

import importlib
from typing import TYPE_CHECKING

from gan_model.data.named_sets import names

if TYPE_CHECKING:  # for editors and type checkers; see `__getattr__`
    from gan_model.data.batches import ImageBatches, dataset
    from gan_model.data.folder import own_size
    from gan_model.data.image_sets import load_images
    from gan_model.data.sources import class_names, is_image_folder, licence_of, load

    NAMES = names()

__all__ = [
    "NAMES",
    "ImageBatches",
    "class_names",
    "dataset",
    "is_image_folder",
    "licence_of",
    "load",
    "load_images",
    "own_size",
]

_FILES = {
    "ImageBatches": "batches",
    "class_names": "sources",
    "dataset": "batches",
    "is_image_folder": "sources",
    "licence_of": "sources",
    "load": "sources",
    "load_images": "image_sets",
    "own_size": "folder",
}


def __getattr__(name):
    """Imports a file when it is used: the command line needs the names of the data sets alone."""
    if name == "NAMES":
        return names()
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"gan_model.data.{_FILES[name]}"), name)
