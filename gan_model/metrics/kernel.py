"""Vectors -> blocks of them -> the kernel distance (KID), with its standard error.

A set is represented by its blocks, each with its own mean kernel. The part of the work that
concerns only the real images is therefore done once.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gan_model.metrics.frechet import as_vectors, require_one_size
from gan_model.metrics.record import Direction, Kind, Metric, VectorMeasure

_SHUFFLE = 0  # seed of the cut into blocks, so that a set always has the same distance


@dataclass(frozen=True, eq=False)
class KernelBlocks:
    """Vectors cut into disjoint blocks, with the mean kernel inside each, in float64.

        within = mean over i != j of k(x_i, x_j),        k(x, y) = (x . y / size + 1)^3

    Blocks of vectors that are all (1, 1) have (2 / 2 + 1)^3 = 8.

    Args:
        blocks: (count, images in a block, size).
        within: (count,).
    """

    blocks: np.ndarray
    within: np.ndarray

    @classmethod
    def of(cls, features, *, block=1000):
        """The blocks of vectors (n, size), n at least 4.

        Their number is n / block, rounded down, but at least two: one block does not tell an
        error. All blocks have the same size, so a few vectors may be left out, fewer than there
        are blocks. The vectors are shuffled first, always in the same way, since images are often
        sorted by class.

        Args:
            features: vectors (n, size).
            block: minimal number of vectors in a block; n / 2 if n is below 2 * block.

        Raises:
            ValueError: fewer than 4 vectors, another shape, infinite or NaN values, or a `block`
                below 2.
        """
        features = as_vectors(features, at_least=4, why="a kernel distance")
        if block < 2:
            raise ValueError(
                f"`block` is the number of images that are compared in pairs, 2 or more. "
                f"Received: block={block}. Leave it at 1000 to compare with published numbers."
            )
        count = max(2, len(features) // block)
        order = np.random.default_rng(_SHUFFLE).permutation(len(features))
        order = order[: len(features) // count * count].reshape(count, -1)
        blocks = features[order]
        return cls(blocks, np.array([_mean_of_pairs(block, block) for block in blocks]))


class KernelDistance(NamedTuple):
    """The squared distance and its standard error over other images.

    Args:
        value: mean over the blocks; may be negative.
        standard_error: standard deviation over the blocks / sqrt(number of blocks).
    """

    value: float
    standard_error: float


def kernel_distance(real: KernelBlocks, fake: KernelBlocks) -> KernelDistance:
    """Squared maximum mean discrepancy of real and fake vectors, without bias.

        mean over blocks of   within_r + within_f - 2 mean over i != j of k(r_i, f_j)

    Its expectation is 0 if both come from the same distribution, so it is then negative as often
    as positive. Pairs of equal numbers are left out because they may depend on each other: of a
    GAN with classes, the i-th generated image has the class of the i-th real one. The distance
    does not depend on the number of images, so distances of different counts can be compared. It
    has no upper bound. With all real features 0 and all fake features 1 it is 1 + 8 - 2 = 7, with
    an error of 0.

    The n-th real block is compared with the n-th fake block, for as many blocks as both have. The
    blocks have no image in common, so their spread tells the error (those of Binkowski et al.
    overlap).

    Args:
        real: `KernelBlocks` of real vectors.
        fake: `KernelBlocks` of fake vectors.

    Raises:
        ValueError: vectors of different sizes.

    Reference: Binkowski et al. (2018); Gretton et al. (2012), equation 4.
    """
    require_one_size(real.blocks.shape[2], fake.blocks.shape[2])
    pairs = zip(real.blocks, fake.blocks, strict=False)  # as many as the smaller set has
    between = np.array([_mean_of_pairs(reals, fakes) for reals, fakes in pairs])
    count = len(between)
    values = real.within[:count] + fake.within[:count] - 2.0 * between
    return KernelDistance(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(count))


KERNEL = VectorMeasure(
    (
        Metric("kid", Direction.LOWER, Kind.DISTANCE),
        Metric("kid_{}_error", Direction.LOWER, Kind.ERROR, "kid error", error_of="kid"),
    ),
    # Five blocks at least: the spread of two does not tell an error.
    statistics=lambda vectors: KernelBlocks.of(vectors, block=min(1000, len(vectors) // 5)),
    compare=kernel_distance,
)


def _mean_of_pairs(these, those):
    """The mean kernel of all pairs but those of equal numbers."""
    kernel = _kernel(these, those)
    return (kernel.sum() - np.trace(kernel)) / (kernel.size - min(kernel.shape))


def _kernel(these, those):
    base = these @ those.T / these.shape[1] + 1.0
    return base * base * base  # ** 3 takes many times longer
