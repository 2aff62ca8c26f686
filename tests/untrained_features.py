"""Features as they are before any learning, which takes a minute that most tests can do without."""

from gan_model.features import learned_network
from gan_model.features.learned_features import LearnedFeatures


def untrained(shape):
    """`LearnedFeatures` of images of a shape (height, width, channels), of random weights."""
    network = learned_network.network(shape, seed=0)
    return LearnedFeatures(learned_network.arrays_of(network), shape)
