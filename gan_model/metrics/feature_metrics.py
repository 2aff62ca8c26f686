"""The distances between two sets of images, measured in the space of one kind of features."""

from typing import NamedTuple

from gan_model.metrics.frechet import Moments, frechet_distance
from gan_model.metrics.kernel import KernelBlocks, kernel_distance
from gan_model.metrics.prdc import Neighbourhoods, prdc

_NUMBERS = ("fid", "kid", "kid_{}_error", "precision", "recall", "density", "coverage")


class Statistics(NamedTuple):
    """What the numbers are computed from, for one set of images."""

    moments: Moments
    blocks: KernelBlocks
    neighbourhoods: Neighbourhoods


class FeatureMetrics:
    """Fréchet and kernel distance, precision, recall, density and coverage of features.

    Names of the numbers, with the name of the features behind `_`:

        fid        Fréchet distance, 0 or more, in squared feature units
        kid        kernel distance, unbiased, so it may fall below 0 (and `kid_..._error`)
        precision  share of generated images that lie among the real ones, 0 to 1
        recall     share of real images that lie among the generated ones, 0 to 1
        density    how densely real images surround the generated ones, about 1 at best
        coverage   share of real images with a generated one beside them, 0 to 1

    All are about (features, number of images): compare none across either.

    Args:
        features: `gan_model.features.Features`.

    Reference: Heusel et al. (2017), Binkowski et al. (2018), Kynkäänniemi et al. (2019),
    Naeem et al. (2020).
    """

    def __init__(self, features):
        self.features = features
        self.names = tuple(
            name.format(features.name) if "{}" in name else f"{name}_{features.name}"
            for name in _NUMBERS
        )
        self.about = {"features": features.name, "checksum": features.checksum}

    def describe(self, images, first=0):
        """Features (n, size) of uint8 images; their place `first` does not matter."""
        return self.features(images)

    def statistics(self, described):
        """`Statistics` of features (n, size)."""
        return Statistics(
            Moments.of(described),
            # Five blocks at least: from the spread of two no error can be told.
            KernelBlocks.of(described, block=min(1000, len(described) // 5)),
            Neighbourhoods.of(described),
        )

    def numbers(self, real, fake):
        """Dict from `names` to numbers, for the `Statistics` of real and of generated images."""
        values = (
            frechet_distance(real.moments, fake.moments),
            *kernel_distance(real.blocks, fake.blocks),
            *prdc(real.neighbourhoods, fake.neighbourhoods),
        )
        return dict(zip(self.names, map(float, values), strict=True))
