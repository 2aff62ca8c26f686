"""Generated images, training images, held-out images -> is it copying?

A generator that has learnt its training images by heart makes images that lie nearer to them
than new images of the same kind do. Distances are Euclidean, between descriptors (features);
what is compared is each image's distance to its nearest training image:

    fake_distances      (n,)  generated images -> nearest training image
    held_out_distances  (m,)  held-out images  -> nearest training image

Descriptors of which the generator knows nothing tell copies with small changes, too.
"""

import math
from typing import NamedTuple

import numpy as np

from gan_model.metrics.prdc import nearest

WORST = 4  # of the images to look at; as many others are drawn at random
_NEAREST = 0.01  # the share of held-out images that marks what is suspiciously near


class Copies(NamedTuple):
    """What `look_for_copies` found.

    Args:
        copying_probability: see the function of that name.
        duplicates: see the function of that name.
        counts: of generated, held-out and training images.
        shown: places of generated images worth a look, int (rows,); see `worth_a_look`.
        training: places of the training images nearest to each of those, int (rows, 5).
        distances: and how far they are, (rows, 5).
    """

    copying_probability: float
    duplicates: float
    counts: tuple
    shown: np.ndarray
    training: np.ndarray
    distances: np.ndarray


def look_for_copies(describe, *, fake_images, held_out_images, train_images):
    """`Copies` among generated images, by descriptors.

    Args:
        describe: from uint8 images to descriptors (n, size), e.g. `features.fashion()`.
        fake_images: uint8 (n, height, width), or with channels like the others.
        held_out_images: of the same kind as the training images, and none of them.
        train_images: what the generator was trained on, all of it.
    """
    fake, held_out, train = map(describe, (fake_images, held_out_images, train_images))
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
    """Chance that a generated image is nearer to its training image than a held-out one.

        P(fake < held out) + P(fake = held out) / 2

    This is the Mann-Whitney statistic over all pairs: 0.5 if generated images are as near as
    new images are, 1 for copies, 0 if all are farther off than any held-out image, which is what
    bad images are. Distances (1, 2) against (2, 3) give (2 + 1.5) / 4 = 0.875.

    Reference: Meehan, Chaudhuri and Dasgupta (2020), who take it region by region.
    """
    fake, held_out = _checked(fake_distances, held_out_distances)
    held_out = np.sort(held_out)
    below = np.searchsorted(held_out, fake, side="left")
    up_to = np.searchsorted(held_out, fake, side="right")
    return float(1 - np.mean((below + up_to) / 2) / len(held_out))


def chance_band(fake_count, held_out_count):
    """Half the width of the band around 0.5 that `copying_probability` leaves once in twenty times by chance.

        1.96 sqrt((n + m + 1) / (12 n m))

    It holds for generated images that are new images of the same kind, without ties: 0.018 for
    2,000 and 2,000.
    """
    n, m = fake_count, held_out_count
    return 1.96 * math.sqrt((n + m + 1) / (12 * n * m))


def duplicates(fake_distances, held_out_distances):
    """Share of generated images as near to training images as the nearest 1% of held-out ones.

    0.01 is expected of new images, 1 if all are copies. Distances (0, 0, 5, 9) against 100
    held-out ones from 1 to 100 give 0.5. Of fewer than 100 held-out images the nearest one
    counts: then see `duplicates_expected`.
    """
    fake, held_out = _checked(fake_distances, held_out_distances)
    rank = _rank(len(held_out))
    return float(np.mean(fake <= np.partition(held_out, rank - 1)[rank - 1]))


def duplicates_expected(held_out_count):
    """What `duplicates` is on average for new images: 0.01 for 100 held-out ones and more."""
    return _rank(held_out_count) / (held_out_count + 1)


def closest(features, among, *, count=5):
    """The `count` rows of `among` nearest to each of a few rows, the nearest first.

    Args:
        features: (n, size). Row by row, so for a few of them; `neighbours.nearest` is for many.
        among: (m, size), at least `count` rows.

    Returns:
        (places int (n, count), distances float64 (n, count)). From (0,) the nearest two of
        (3,), (-1,), (2,) are places 1 and 2, at 1 and 2.
    """
    among = np.asarray(among, np.float64)
    rows = [np.linalg.norm(among - row, axis=1) for row in np.asarray(features, np.float64)]
    distances = np.stack(rows)
    places = np.argsort(distances, axis=1, kind="stable")[:, :count]
    return places, np.take_along_axis(distances, places, axis=1)


def worth_a_look(fake_distances, *, seed=0):
    """Places of 8 generated images: the 4 nearest to training images, then any 4 others.

    Args:
        fake_distances: as above; of fewer than 8 images all places are given.
        seed: of the choice of the others.
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
            "(m,), one for each image, with at least one. Take them from neighbours.nearest."
        )
    if any(np.isnan(distances).any() for distances in both):
        raise ValueError("Some distances are not numbers (NaN): look for NaN in the features.")
    return both
