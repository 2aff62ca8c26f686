"""The distances between two sets of images, measured in the space of one kind of features."""

from gan_model.metrics.frechet import FRECHET
from gan_model.metrics.kernel import KERNEL
from gan_model.metrics.neighbours import NEIGHBOURS

_MEASURES = (FRECHET, KERNEL, NEIGHBOURS)  # the first one ranks


class FeatureMetrics:
    """Fréchet and kernel distance, precision, recall, density and coverage of features.

    The name of each number ends with `_` and the name of the features:

        fid        Fréchet distance, 0 or more, in squared feature units
        kid        kernel distance, unbiased, so it may fall below 0 (and `kid_..._error`)
        precision  fraction of generated images that lie among the real ones, 0 to 1
        recall     fraction of real images that lie among the generated ones, 0 to 1
        density    how densely real images surround the generated ones, about 1 at best
        coverage   fraction of real images with a generated one nearby, 0 to 1

    All of them depend on the features, and all but `kid` on the number of images: compare only
    numbers with the same features and as many images.

    Args:
        features: `gan_model.features.Features`.
        measures: `VectorMeasure` objects, the one to rank by first.

    Attributes:
        metrics: tuple of `Metric`, in the order of the numbers.
        about: what the numbers depend on besides the images, for a record.

    Reference: Heusel et al. (2017), Binkowski et al. (2018), Kynkäänniemi et al. (2019),
    Naeem et al. (2020).
    """

    def __init__(self, features, measures=_MEASURES):
        self.features, self.measures = features, tuple(measures)
        self.metrics = tuple(
            metric.in_space(features.name) for one in self.measures for metric in one.metrics
        )
        self.about = {"features": features.name, "checksum": features.checksum}

    def describe(self, images, first=0):
        """Features (n, size) of uint8 images; their position `first` does not matter."""
        return self.features(images)

    def statistics(self, described):
        """What the numbers are computed from, for features (n, size): one object a measure."""
        return tuple(measure.statistics(described) for measure in self.measures)

    def numbers(self, real, fake):
        """Dict from names to numbers, for the `statistics` of real and of generated images."""
        values = [
            float(value)
            for measure, *statistics in zip(self.measures, real, fake, strict=True)
            for value in measure.compare(*statistics)
        ]
        return {metric.name: value for metric, value in zip(self.metrics, values, strict=True)}
