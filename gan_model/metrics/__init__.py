"""Images and held-out images -> how far apart they are.

Each number is made in pure stages that anyone may call: images -> descriptors -> statistics
-> number.

frechet        Moments, frechet_distance
kernel         KernelBlocks, kernel_distance
neighbours     Neighbourhoods, prdc: precision, recall, density, coverage
sliced         SlicedWasserstein: no features needed
feature_space  FeatureMetrics: all of the first three, in the space of one kind of features
reference      Reference: what was computed from held-out images, once
choice         which of these suit given images
quality        Quality: all of it as a Keras metric, and what a GAN measures in `evaluate`
report         what was measured -> lines of text
copying        is it copying its training images?
"""

from gan_model.metrics.choice import FEATURES, measures
from gan_model.metrics.feature_metrics import FeatureMetrics
from gan_model.metrics.frechet import Moments, frechet_distance
from gan_model.metrics.kernel import KernelBlocks, kernel_distance
from gan_model.metrics.prdc import Neighbourhoods, prdc
from gan_model.metrics.quality import Quality
from gan_model.metrics.reference import LEAST, Reference, shuffled_pixels
from gan_model.metrics.sliced import SlicedWasserstein

__all__ = [
    "FEATURES",
    "LEAST",
    "FeatureMetrics",
    "KernelBlocks",
    "Moments",
    "Neighbourhoods",
    "Quality",
    "Reference",
    "SlicedWasserstein",
    "frechet_distance",
    "kernel_distance",
    "measures",
    "prdc",
    "shuffled_pixels",
]
