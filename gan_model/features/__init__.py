"""uint8 images -> vectors, by a fixed function: what a distance between images looks at.

fashion     a small classifier of garments that comes with the package; grey 28 x 28
inception   Keras's InceptionV3, for colour and larger images; its weights are downloaded
learned     a small network, learned without labels from the images that you train on
pixels      the image itself, averaged down to 8 x 8; any images
from_model  any Keras model of yours

Numbers in different features cannot be compared, so the name of the features is part of the name
of each number. The learned ones are made by three files:

learned_features  the arrays of a network as `Features`: cached, saved in a file, loaded again
learned_network   images -> the arrays of a small network -> vectors
distortions       real images -> distorted images, and how much of each distortion they have
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for editors and type checkers; see `__getattr__`
    from gan_model.features.extractor import Features, from_model
    from gan_model.features.fashion_mnist import CLASSES, fashion
    from gan_model.features.inception_v3 import inception
    from gan_model.features.learned_features import LearnedFeatures, from_file, learned
    from gan_model.features.pixel_grid import pixels

__all__ = [
    "CLASSES",
    "FEATURES",
    "Features",
    "LearnedFeatures",
    "fashion",
    "from_file",
    "from_model",
    "inception",
    "learned",
    "pixels",
]

# As `metrics.measures` and the option --features take them; "sliced" compares without features.
FEATURES = ("fashion", "inception", "learned", "sliced")
_FILES = {
    "CLASSES": "fashion_mnist",
    "Features": "extractor",
    "LearnedFeatures": "learned_features",
    "fashion": "fashion_mnist",
    "from_file": "learned_features",
    "from_model": "extractor",
    "inception": "inception_v3",
    "learned": "learned_features",
    "pixels": "pixel_grid",
}


def __getattr__(name):
    """Imports a file when it is used: the command line needs the names alone."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"gan_model.features.{_FILES[name]}"), name)
