"""Vectors -> blocks of them -> the kernel distance (KID), with its standard error.

What is kept of a set is its blocks with what each says about itself, so that the half of the
work that belongs to the real images is done only once.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gan_model.metrics.frechet import as_vectors, require_one_size
from gan_model.metrics.record import Direction, Kind, Metric, VectorMeasure

_SHUFFLE = 0  # seed of the cut into blocks: a set gives the same number each time


@dataclass(frozen=True, eq=False)
class KernelBlocks:
    """Vectors cut into disjoint blocks, with the mean kernel inside each, in float64.

        within = mean over i != j of k(x_i, x_j),        k(x, y) = (x . y / size + 1)^3

    Of vectors that are all (1, 1) it is (2 / 2 + 1)^3 = 8 for each block.

    Args:
        blocks: (count, images in a block, size).
        within: (count,).
    """

    blocks: np.ndarray
    within: np.ndarray

    @classmethod
    def of(cls, features, *, block=1000):
        """The blocks of vectors (n, size), n at least 4.

        There are n / block of them, rounded down, but never fewer than two: one block tells
        nothing about its error. All have one size, so a few vectors may be left out, fewer
        than there are blocks. They are cut in a shuffled order, the same each time, as images
        often come sorted by class or with the classes in turn.

        Args:
            features: vectors (n, size).
            block: vectors in a block, at least; where n is below 2 * block, n / 2.

        Raises:
            ValueError: fewer than 4 vectors, another shape, a number that is not finite, or a
                block of fewer than 2.
        """
        features = as_vectors(features, at_least=4, why="a kernel distance")
        if block < 2:
            raise ValueError(
                f"`block` counts images that are compared in pairs, so it is 2 or more. "
                f"Received: block={block}. Leave it at 1000 to compare with published numbers."
            )
        count = max(2, len(features) // block)
        order = np.random.default_rng(_SHUFFLE).permutation(len(features))
        order = order[: len(features) // count * count].reshape(count, -1)
        blocks = features[order]
        return cls(blocks, np.array([_mean_of_pairs(block) for block in blocks]))


class KernelDistance(NamedTuple):
    """The squared distance, and how far it would typically be off with other images.

    Args:
        value: mean over the blocks; may be negative.
        standard_error: standard deviation over the blocks / sqrt(number of blocks).
    """

    value: float
    standard_error: float


def kernel_distance(real: KernelBlocks, fake: KernelBlocks) -> KernelDistance:
    """Squared maximum mean discrepancy of real and fake vectors, without bias.

        mean over blocks of   within_r + within_f - 2 mean over i, j of k(r_i, f_j)

    Its expectation is 0 where both come from one distribution, so it is as often a little
    negative, whatever the number of images: readings of different counts may be compared. No
    upper bound. All real features 0 and all fake features 1 gives 1 + 8 - 2 = 7, error 0.

    The n-th block of the one meets the n-th of the other, as many as both have. The blocks
    share no image, so their spread tells the error (Binkowski et al. draw overlapping ones).

    Raises:
        ValueError: vectors of two sizes.

    Reference: Binkowski et al. (2018); Gretton et al. (2012).
    """
    require_one_size(real.blocks.shape[2], fake.blocks.shape[2])
    pairs = zip(real.blocks, fake.blocks, strict=False)  # as many as the smaller set has
    between = np.array([_kernel(reals, fakes).mean() for reals, fakes in pairs])
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


def _mean_of_pairs(vectors):
    count, kernel = len(vectors), _kernel(vectors, vectors)
    return (kernel.sum() - np.trace(kernel)) / (count * (count - 1))


def _kernel(these, those):
    base = these @ those.T / these.shape[1] + 1.0
    return base * base * base  # ** 3 takes many times as long
