"""Vectors -> their count, mean and scatter -> the Fréchet distance of two Gaussians.

The moments are what is kept of a set: they may be added up block by block, and those of the real
images need to be made only once.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gan_model.metrics.record import Direction, Kind, Metric, VectorMeasure


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and scatter of vectors, in float64; a sum of two is that of both sets.

        mean = sum x / count        scatter = sum (x - mean) (x - mean)^T

    Of the two vectors (0, 0) and (2, 4): count 2, mean (1, 2), scatter ((2, 4), (4, 8)).
    Sums about the mean lose nothing where the mean is large, as sums of squares would.

    Args:
        count: vectors seen.
        mean: (size,).
        scatter: (size, size), symmetric.

    Reference: Chan, Golub and LeVeque (1979), for the sum.
    """

    count: int
    mean: np.ndarray
    scatter: np.ndarray

    @classmethod
    def of(cls, features):
        """The moments of vectors (n, size), n at least 1.

        Raises:
            ValueError: no vectors, another shape, or a number that is not finite.
        """
        features = as_vectors(features)
        mean = features.mean(axis=0)
        centred = features - mean
        return cls(len(features), mean, centred.T @ centred)

    def __add__(self, other):
        if not isinstance(other, Moments):
            return NotImplemented
        require_one_size(len(self.mean), len(other.mean))
        count = self.count + other.count
        apart = other.mean - self.mean
        mean = self.mean + apart * (other.count / count)
        between = np.outer(apart, apart) * (self.count * other.count / count)
        return Moments(count, mean, self.scatter + other.scatter + between)

    @property
    def covariance(self):
        """scatter / (count - 1), (size, size), as `numpy.cov` has it.

        Raises:
            ValueError: fewer than two vectors.
        """
        if self.count < 2:
            raise ValueError(
                f"A covariance is that of 2 or more images. Received: {self.count}. "
                "Add the moments of more images: Moments.of(features) + Moments.of(others)."
            )
        return self.scatter / (self.count - 1)

    @cached_property
    def root(self):
        """The symmetric square root of the covariance, (size, size). Made once, then kept."""
        values, vectors = np.linalg.eigh(self.covariance)
        # Below 0 is what rounding makes of 0, where there are fewer images than dimensions.
        return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def frechet_distance(real: Moments, fake: Moments) -> float:
    """Distance between the Gaussians that have the moments of real and of fake vectors.

        |m_r - m_f|^2 + trace(C_r + C_f - 2 (C_r C_f)^(1/2))

    0 where mean and covariance agree; no upper bound; in squared units of the features. Of
    variances (1, 4) and (9, 16) with means 3 apart it is 9 + (1 - 3)^2 + (2 - 4)^2 = 17.
    Few images bias it upwards: compare only readings of as many images.

    The trace of the root is the sum of the singular values of C_r^(1/2) C_f^(1/2), which stays
    exact where a covariance is singular: with fewer images than dimensions, or with a feature
    that never changes.

    Raises:
        ValueError: vectors of two sizes, or a set of fewer than two.

    Reference: Heusel et al. (2017); Dowson and Landau (1982).
    """
    require_one_size(len(real.mean), len(fake.mean))
    apart = real.mean - fake.mean
    shared = np.linalg.svd(real.root @ fake.root, compute_uv=False).sum()
    traces = np.trace(real.covariance) + np.trace(fake.covariance)
    return max(float(apart @ apart + traces - 2.0 * shared), 0.0)


FRECHET = VectorMeasure(
    (Metric("fid", Direction.LOWER, Kind.DISTANCE),),
    statistics=Moments.of,
    compare=lambda real, fake: (frechet_distance(real, fake),),
)


def as_vectors(features, *, at_least=1, why="moments"):
    """The features as float64 (n, size), after a look at them.

    Args:
        features: what came.
        at_least: vectors that are needed.
        why: for what, for the sentence.

    Raises:
        ValueError: too few vectors, another shape, or a number that is not finite.
    """
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or len(features) < at_least or not features.shape[1]:
        raise ValueError(
            f"For {why} at least {at_least} vectors (n, size) are needed, one row an image. "
            f"Received: shape {features.shape}. Pass the features of more images, or "
            "features.reshape(len(features), -1)."
        )
    if not np.isfinite(features).all():
        broken = int((~np.isfinite(features).all(axis=1)).sum())
        raise ValueError(
            f"Features are finite numbers. Received: {broken} of {len(features)} vectors with "
            "nan or inf. Look for them in the generator's images: np.isfinite(images).all()."
        )
    return features


def require_one_size(real_size, fake_size):
    """Refuses vectors of two sizes.

    Raises:
        ValueError: the sizes differ.
    """
    if real_size != fake_size:
        raise ValueError(
            f"Both sets have vectors of one size. Received: {real_size} and {fake_size} numbers. "
            "Describe both by the same features."
        )
