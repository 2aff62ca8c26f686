"""uint8 images -> vectors, by a fixed function: what a distance between images looks at.

fashion     a small classifier of garments, comes with the package; grey 28 x 28
inception   Keras's InceptionV3, for colour and larger images; its weights are downloaded
pixels      the image itself, averaged down to 8 x 8; any images
from_model  any Keras model of yours

A number measured with one of them says nothing about a number measured with another, so the
name of the features is part of the number's name.
"""

from gan_model.features.downsized import pixels
from gan_model.features.extractor import Features, from_model
from gan_model.features.fashion_mnist import CLASSES, fashion
from gan_model.features.inception_v3 import inception

__all__ = ["CLASSES", "Features", "fashion", "from_model", "inception", "pixels"]
