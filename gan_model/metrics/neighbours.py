"""Vectors -> distances to their neighbours -> precision, recall, density and coverage.

Precision and density tell whether fakes look like real images, recall and coverage whether the
fakes include all kinds of real images. All distances are Euclidean, in float64. They are computed
block by block, which takes some 50 MB besides the vectors and their copies.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gan_model.metrics.frechet import as_vectors, require_one_size
from gan_model.metrics.record import Direction, Kind, Metric, VectorMeasure

_BLOCK_NUMBERS = 2_500_000  # distances in memory at a time, 20 MB
# Rounding error of a squared distance, relative to |x|^2 + |y|^2, for vectors of up to some
# thousand numbers. Two distances that differ by less are equal.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """Vectors, each with the radius of a neighbourhood that contains its k nearest others.

    The numbers 0, 1, 3 and 7 have the radii (1, 3), (1, 2), (2, 3) and (4, 6) for ks=(1, 2).

    Args:
        features: (n, size), float64.
        ks: two k, for precision and recall, and for density and coverage.
        radii: (n, 2), distances to the k-th nearest other vector; 0 if there are k copies.
    """

    features: np.ndarray
    ks: tuple
    radii: np.ndarray

    @classmethod
    def of(cls, features, *, ks=(3, 5)):
        """The neighbourhoods of vectors (n, size), n above the larger k.

        Args:
            features: vectors (n, size).
            ks: as above; Kynkäänniemi et al. use 3, Naeem et al. use 5.

        Raises:
            ValueError: too few vectors, another shape, infinite or NaN values, or `ks` that are
                not two numbers of 1 or more.
        """
        if len(ks) != 2 or min(ks) < 1:
            raise ValueError(
                f"`ks` are two counts of neighbours, 1 or more: for precision and recall, and for "
                f"density and coverage. Received: ks={ks!r}. The papers have ks=(3, 5)."
            )
        why = f"neighbourhoods with ks={tuple(ks)}"
        features = as_vectors(features, at_least=max(ks) + 1, why=why)
        return cls(features, tuple(ks), _radii(features - features.mean(axis=0), ks))


class PRDC(NamedTuple):
    """The four scores; precision, recall and coverage lie in [0, 1], density at 0 or above.

    Args:
        precision: fraction of the fakes that lie in the neighbourhood of a real vector.
        recall: fraction of the real vectors that lie in the neighbourhood of a fake.
        density: number of real neighbourhoods that a fake lies in, mean over the fakes, / k.
        coverage: fraction of the real neighbourhoods that contain a fake.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(real: Neighbourhoods, fake: Neighbourhoods) -> PRDC:
    """Precision, recall, density and coverage of fakes among real vectors.

    A vector lies in a neighbourhood if its distance from the centre is less than the radius; one
    at the radius, to 12 digits of the squares, lies outside. A set compared with itself therefore
    has 1 for all four, if no vector has k copies. Sets far apart have 0. Density has no upper
    bound: it is above 1 if all fakes lie in the middle of many real vectors.

    Compare only numbers of equally many real and equally many fake images: recall and coverage
    rise with the number of fakes.

    Args:
        real: `Neighbourhoods` of real vectors.
        fake: `Neighbourhoods` of fake vectors.

    Raises:
        ValueError: vectors of different sizes, or different `ks`.

    Reference: Kynkäänniemi et al. (2019) for precision and recall; Naeem et al. (2020) for
    density and coverage.
    """
    _require_same_kind(real, fake)
    centre = real.features.mean(axis=0)
    real_squares, fake_squares = real.radii**2, fake.radii**2
    precise = np.zeros(len(fake.features), bool)
    recalled, covered = np.zeros((2, len(real.features)), bool)
    within = 0
    passes = _blocks(real.features - centre, fake.features - centre, rounding=_ROUNDING)
    for rows, squares in passes:
        radii = real_squares[rows]
        recalled[rows] = (squares < fake_squares[:, 0]).any(axis=1)
        precise |= (squares < radii[:, :1]).any(axis=0)
        covered[rows] = squares.min(axis=1) < radii[:, 1]
        within += np.count_nonzero(squares < radii[:, 1:])
    density = float(within) / (real.ks[1] * len(precise))
    precision, recall, coverage = (float(part.mean()) for part in (precise, recalled, covered))
    return PRDC(precision, recall, density, coverage)


NEIGHBOURS = VectorMeasure(
    (
        Metric("precision", Direction.HIGHER, Kind.PRECISION),
        Metric("recall", Direction.HIGHER, Kind.RECALL),
        Metric("density", Direction.HIGHER, Kind.DENSITY),
        Metric("coverage", Direction.HIGHER, Kind.COVERAGE),
    ),
    statistics=Neighbourhoods.of,
    compare=prdc,
)


def nearest(features, among):
    """For each vector the nearest one of another set: indices (n,) and distances (n,).

    The numbers nearest to 2 and 9 among 0, 3 and 7 have the indices (1, 2) and the distances
    (1, 2). A copy has a distance of exactly 0. `metrics.copying` looks for memorised images by it.

    Args:
        features: vectors (n, size).
        among: vectors (m, size), of which the nearest are found.

    Raises:
        ValueError: vectors of different sizes, no vectors, or infinite or NaN values.
    """
    features = as_vectors(features, why="nearest neighbours")
    among = as_vectors(among, why="nearest neighbours")
    require_one_size(features.shape[1], among.shape[1])
    centre = among.mean(axis=0)
    passes = _blocks(features - centre, among - centre)
    places = np.concatenate([squares.argmin(axis=1) for _, squares in passes])
    return places, np.linalg.norm(features - among[places], axis=1)


def _blocks(these, those, *, rounding=0.0):
    """Squared distances of `these` (n, size) to `those` (m, size), block by block.

    Yields a slice of rows and an array (rows, m), which the next block overwrites.
    """
    # One product computes |x|^2 + |y|^2 - 2 x.y: several passes over memory would take longer.
    left, right = (_squares(vectors)[:, None] * (1.0 + rounding) for vectors in (these, those))
    left = np.hstack([these, left, np.ones_like(left)])
    right = np.hstack([-2.0 * those, np.ones_like(right), right]).T.copy()
    height = max(1, _BLOCK_NUMBERS // right.shape[1])
    room = np.empty((height, right.shape[1]))
    for first in range(0, len(left), height):
        rows = slice(first, min(first + height, len(left)))
        yield rows, np.matmul(left[rows], right, out=room[: rows.stop - first])


def _radii(centred, ks):
    """Distances (n, len(ks)) to the k-th nearest other vector."""
    found = np.empty((len(centred), max(ks)))
    for rows, squares in _blocks(centred, centred):
        places = np.arange(rows.start, rows.stop)
        squares[places - rows.start, places] = np.inf  # a vector is not its own neighbour
        found[rows] = np.sort(np.partition(squares, max(ks) - 1, axis=1)[:, : max(ks)], axis=1)
    found = found[:, [k - 1 for k in ks]]
    copies = found < 2.0 * _ROUNDING * _squares(centred)[:, None]
    return np.sqrt(np.where(copies, 0.0, found))


def _squares(vectors):
    return np.einsum("ij,ij->i", vectors, vectors)


def _require_same_kind(real, fake):
    require_one_size(real.features.shape[1], fake.features.shape[1])
    if real.ks != fake.ks:
        raise ValueError(
            f"Both sets have the same `ks`. Received: {real.ks} and {fake.ks}. "
            f"Type Neighbourhoods.of(features, ks={real.ks}) for both."
        )
