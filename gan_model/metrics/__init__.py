"""Images and held-out images -> how far apart they are.

Each number is computed in pure stages that can be called on their own: images -> descriptors ->
statistics -> number.

record           Metric: name, direction and kind of a number; Measure, VectorMeasure
frechet          Moments, frechet_distance
kernel           KernelBlocks, kernel_distance
neighbours       Neighbourhoods, prdc: precision, recall, density, coverage
sliced           SlicedWasserstein: needs no features
spectrum         PowerSpectrum: blur and fine patterns
feature_metrics  FeatureMetrics: frechet, kernel and neighbours in the space of some features
reference        Reference: what was computed from held-out images, once
choice           which of these suit given images
quality          Quality: all of it as a Keras metric, and what a GAN measures in `evaluate`
report           what was measured -> lines of text
copying          is it copying its training images?
diversity        do the generated images differ at all?
"""

from gan_model.metrics.choice import FEATURES, garments, measures
from gan_model.metrics.feature_metrics import FeatureMetrics
from gan_model.metrics.frechet import Moments, frechet_distance
from gan_model.metrics.kernel import KernelBlocks, kernel_distance
from gan_model.metrics.neighbours import Neighbourhoods, prdc
from gan_model.metrics.quality import Quality
from gan_model.metrics.record import Direction, Kind, Measure, Metric, Metrics, VectorMeasure
from gan_model.metrics.reference import LEAST, Reference, shuffled_pixels
from gan_model.metrics.sliced import SlicedWasserstein
from gan_model.metrics.spectrum import PowerSpectrum

__all__ = [
    "FEATURES",
    "LEAST",
    "Direction",
    "FeatureMetrics",
    "KernelBlocks",
    "Kind",
    "Measure",
    "Metric",
    "Metrics",
    "Moments",
    "Neighbourhoods",
    "PowerSpectrum",
    "Quality",
    "Reference",
    "SlicedWasserstein",
    "VectorMeasure",
    "frechet_distance",
    "garments",
    "kernel_distance",
    "measures",
    "prdc",
    "shuffled_pixels",
]
