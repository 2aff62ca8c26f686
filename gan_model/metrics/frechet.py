"""Vectors -> their count, mean and scatter -> the Fréchet distance of two Gaussians.

A set is represented by its moments. They can be added up block by block, and those of the real
images are computed only once.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gan_model.metrics.record import Direction, Kind, Metric, VectorMeasure


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and scatter of vectors, in float64; `a + b` are the moments of both sets.

        mean = sum x / count        scatter = sum (x - mean) (x - mean)^T

    The vectors (0, 0) and (2, 4) have count 2, mean (1, 2), scatter ((2, 4), (4, 8)). Sums about
    the mean stay accurate if the mean is large; sums of squares would not.

    Args:
        count: number of vectors.
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
            ValueError: no vectors, another shape, or infinite or NaN values.
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
        """scatter / (count - 1), (size, size), the same as `numpy.cov`.

        Raises:
            ValueError: fewer than two vectors.
        """
        if self.count < 2:
            raise ValueError(
                f"A covariance needs 2 or more images. Received: {self.count}. "
                "Add the moments of more images: Moments.of(features) + Moments.of(others)."
            )
        return self.scatter / (self.count - 1)

    @cached_property
    def root(self):
        """The symmetric square root of the covariance, (size, size), computed once."""
        values, vectors = np.linalg.eigh(self.covariance)
        # With fewer images than dimensions, rounding turns eigenvalues of 0 into negative ones.
        return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def frechet_distance(real: Moments, fake: Moments) -> float:
    """Distance between the Gaussians that have the moments of real and of fake vectors.

        |m_r - m_f|^2 + trace(C_r + C_f - 2 (C_r C_f)^(1/2))

    It is 0 if mean and covariance are equal and has no upper bound; its unit is the square of that
    of the features. For variances (1, 4) and (9, 16) and means with a distance of 3 it is
    9 + (1 - 3)^2 + (2 - 4)^2 = 17. It is biased upwards for few images: compare only distances of
    equally many.

    The trace of the root is the sum of the singular values of C_r^(1/2) C_f^(1/2). That is exact
    even if a covariance is singular, as with fewer images than dimensions or a constant feature.

    Args:
        real: `Moments` of real vectors.
        fake: `Moments` of fake vectors.

    Raises:
        ValueError: vectors of different sizes, or a set of fewer than two.

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
    """The features as float64 (n, size), after a check of their shape and values.

    Args:
        features: array of vectors.
        at_least: minimal number of vectors.
        why: what they are needed for, for the error.

    Raises:
        ValueError: too few vectors, another shape, or infinite or NaN values.
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
    """Checks that the vectors of both sets have the same size.

    Raises:
        ValueError: the sizes differ.
    """
    if real_size != fake_size:
        raise ValueError(
            f"Both sets have vectors of one size. Received: {real_size} and {fake_size} numbers. "
            "Describe both by the same features."
        )
