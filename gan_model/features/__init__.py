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

from gan_model.features.extractor import Features, from_model, pixels
from gan_model.features.fashion_mnist import CLASSES, fashion
from gan_model.features.inception_v3 import inception
from gan_model.features.learned_features import LearnedFeatures, from_file, learned

__all__ = [
    "CLASSES",
    "Features",
    "LearnedFeatures",
    "fashion",
    "from_file",
    "from_model",
    "inception",
    "learned",
    "pixels",
]
