"""Generated images, training images, held-out images -> is it copying?

A generator that has memorised its training images makes images that are nearer to them than new
images of the same kind are. Distances are Euclidean, between features; each image is compared by
its distance to its nearest training image:

    fake_distances      (n,)  generated images -> nearest training image
    held_out_distances  (m,)  held-out images  -> nearest training image

Features that the generator was not trained with also detect copies with small changes.
"""

import math
from typing import NamedTuple

import numpy as np

from gan_model.metrics.neighbours import nearest

WORST = 4  # of the images to look at; as many others are drawn at random
_NEAREST = 0.01  # fraction of held-out images that sets the distance of a suspected copy


class Copies(NamedTuple):
    """What `look_for_copies` found.

    Args:
        copying_probability: see the function `copying_probability`.
        duplicates: see the function `duplicates`.
        counts: number of generated, of held-out and of training images.
        shown: indices of the generated images to look at, int (rows,); see `worth_a_look`.
        training: indices of the training images nearest to each of those, int (rows, 5).
        distances: distances of those training images, (rows, 5).
    """

    copying_probability: float
    duplicates: float
    counts: tuple
    shown: np.ndarray
    training: np.ndarray
    distances: np.ndarray


def look_for_copies(describe, *, fake_images, held_out_images, train_images):
    """Looks for copies of training images among generated images.

    Args:
        describe: function from uint8 images to features (n, size), e.g. `features.fashion()`.
        fake_images: uint8 (n, height, width), with channels if the others have them.
        held_out_images: images of the same kind that are not among the training images.
        train_images: all images that the generator was trained on.

    Returns:
        `Copies`.
    """
    return copies_among(*map(describe, (fake_images, held_out_images, train_images)))


def copies_among(fake, held_out, train):
    """`look_for_copies` of images whose features (n, size) are known.

    Args:
        fake, held_out, train: of generated, of held-out and of all training images.
    """
    _, fake_distances = nearest(fake, train)
    _, held_out_distances = nearest(held_out, train)
    shown = worth_a_look(fake_distances)
    return Copies(
        copying_probability(fake_distances, held_out_distances),
        duplicates(fake_distances, held_out_distances),
        (len(fake), len(held_out), len(train)),
        shown,
        *closest(fake[shown], train),
    )


def copying_probability(fake_distances, held_out_distances):
    """Probability that a generated image is nearer to its training image than a held-out image.

        P(fake < held out) + P(fake = held out) / 2

    This is the Mann-Whitney statistic over all pairs: 0.5 if generated images are as near as new
    images, 1 for copies, 0 if all are farther away than every held-out image, as bad images are.
    Distances (1, 2) against (2, 3) give (2 + 1.5) / 4 = 0.875.

    Reference: Meehan, Chaudhuri and Dasgupta (2020), who compute it separately for each region.
    """
    fake, held_out = _checked(fake_distances, held_out_distances)
    held_out = np.sort(held_out)
    below = np.searchsorted(held_out, fake, side="left")
    up_to = np.searchsorted(held_out, fake, side="right")
    return float(1 - np.mean((below + up_to) / 2) / len(held_out))


def chance_band(fake_count, held_out_count):
    """Half the width of the 95% interval of `copying_probability` for new images.

        1.96 sqrt((n + m + 1) / (12 n m))

    The interval lies around 0.5 and assumes no ties. 2,000 and 2,000 images have 0.018.

    Args:
        fake_count: n, generated images.
        held_out_count: m, held-out images.
    """
    n, m = fake_count, held_out_count
    return 1.96 * math.sqrt((n + m + 1) / (12 * n * m))


def duplicates(fake_distances, held_out_distances):
    """Fraction of generated images as near to training images as the nearest 1% of held-out ones.

    New images have 0.01 on average, copies have 1. Distances (0, 0, 5, 9) against 100 held-out
    ones from 1 to 100 give 0.5. With fewer than 100 held-out images the nearest one counts as
    the 1%; `duplicates_expected` tells what new images have then.
    """
    fake, held_out = _checked(fake_distances, held_out_distances)
    rank = _rank(len(held_out))
    return float(np.mean(fake <= np.partition(held_out, rank - 1)[rank - 1]))


def duplicates_expected(held_out_count):
    """Mean of `duplicates` for new images: about 0.01 for 100 held-out images or more."""
    return _rank(held_out_count) / (held_out_count + 1)


def closest(features, among, *, count=5):
    """The `count` rows of `among` nearest to each of a few rows, the nearest first.

    Args:
        features: (n, size), a few rows. For many rows `neighbours.nearest` is faster.
        among: (m, size), at least `count` rows.

    Returns:
        (indices int (n, count), distances float64 (n, count)). The two rows of (3,), (-1,), (2,)
        nearest to (0,) are those with the indices 1 and 2, at the distances 1 and 2.
    """
    among = np.asarray(among, np.float64)
    rows = [np.linalg.norm(among - row, axis=1) for row in np.asarray(features, np.float64)]
    distances = np.stack(rows)
    places = np.argsort(distances, axis=1, kind="stable")[:, :count]
    return places, np.take_along_axis(distances, places, axis=1)


def worth_a_look(fake_distances, *, seed=0):
    """Indices of 8 generated images: the 4 nearest to training images, then 4 at random.

    Args:
        fake_distances: (n,), to the nearest training image. Fewer than 8 images are all chosen.
        seed: of the random choice.
    """
    order = np.argsort(fake_distances, kind="stable")
    others = np.random.default_rng(seed).permutation(order[WORST:])
    return np.concatenate([order[:WORST], others[:WORST]])


def _rank(held_out_count):
    return math.ceil(_NEAREST * held_out_count)


def _checked(fake_distances, held_out_distances):
    both = np.asarray(fake_distances, np.float64), np.asarray(held_out_distances, np.float64)
    if any(distances.ndim != 1 or not distances.size for distances in both):
        raise ValueError(
            f"Received distances of shape {both[0].shape} and {both[1].shape}; expected (n,) and "
            "(m,), one for each image and at least one. Compute them with neighbours.nearest."
        )
    if any(np.isnan(distances).any() for distances in both):
        raise ValueError("Some distances are not numbers (NaN): look for NaN in the features.")
    return both
