"""Features learned from the images that a GAN is trained on, without labels.

distortions  real images -> distorted images, and how much of each distortion they have
network      the small network: with Keras to learn, as plain arrays to use
learning     images -> the arrays of a network
features     those arrays as `Features`: cached, saved in a file, loaded again
"""

from gan_model.features.self_supervised.features import (
    LEAST,
    LearnedFeatures,
    from_file,
    learned,
)

__all__ = ["LEAST", "LearnedFeatures", "from_file", "learned"]
