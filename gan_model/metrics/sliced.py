"""uint8 images -> patches of a Laplacian pyramid -> the sliced Wasserstein distance.

It needs no network, so it suits images of any kind. Each level of the pyramid holds structure of
one size, from noise and edges to the overall shape.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gan_model.metrics.record import Direction, Kind, Metric

PATCH = 7  # pixels of a side, as in the paper
_WORDS = 4  # Philox makes four random numbers at a time
_PER_THOUSAND = 1000.0  # as in the paper's tables
_BLOCK_NUMBERS = 2_000_000  # pixels described together, 8 MB a copy


class SlicedWasserstein:
    """Distance between small patches of real and of fake images, at every size of structure.

        at a level   mean over directions and ranks of |sorted(R w) - sorted(F w)| * 1000
        swd          mean over the levels

    R and F are the patches (7 x 7 pixels, all channels) of both sets at that level of the
    Laplacian pyramid, w is a random unit direction. The same set has 0; there is no upper bound.
    Example: images of 7 x 7, two black and two white, against three black and one white have 632
    (with many directions).

    As in the paper each set is normalised to mean 0 and standard deviation 1, separately for each
    level and channel. It therefore does not detect a fault of all images alike, such as too much
    brightness or too little contrast: the same images at half the contrast have 0. The positions
    of an image's patches depend only on the seed and the image's position in the set, so sets may
    be described in batches of any size. Two halves of the real images do not have 0 either:
    compare with that number, and only distances of as many images.

    Args:
        patches: of each image at each level. The paper takes 128 of each of 16,384 images; since
            patches of one image are similar, more images tell more than more patches.
        directions: random unit vectors; 512 in the paper.
        seed: of the positions and the directions.

    Attributes:
        metrics: tuple of `Metric`, in the order of the numbers.
        about: what the number depends on besides the images, for a record.

    Reference: Karras et al. (2018), appendix; Rabin et al. (2011); Burt and Adelson (1983).
    """

    metrics = (Metric("swd", Direction.LOWER, Kind.DISTANCE),)

    def __init__(self, *, patches=8, directions=128, seed=0):
        if min(patches, directions) < 1:
            raise ValueError(
                f"`patches` and `directions` are 1 or more. Received: patches={patches}, "
                f"directions={directions}. Leave them out for SlicedWasserstein(patches=8, "
                "directions=128)."
            )
        self.patches, self.directions, self.seed = patches, directions, seed
        self.about = {"patches": patches, "directions": directions, "seed": seed}

    def describe(self, images, first=0):
        """Patches of uint8 images, float32 (n, 1 + levels * patches * 49 * channels).

        The first number of each row is the number of channels; then the levels, finest first.

        Args:
            images: (n, height, width) or (n, height, width, 1 or 3), 7 pixels or more.
            first: number of the first of them in the whole set.

        Raises:
            ValueError: images of another type or shape.
        """
        images = _with_channels(images)
        height = max(1, _BLOCK_NUMBERS // images[0].size)
        starts = range(0, len(images), height)
        return np.concatenate([self._patches(images[i : i + height], first + i) for i in starts])

    def statistics(self, described):
        """Sorted projections of described images: for each level float32 (directions, patches).

        Patches are those of all images.
        """
        channels = int(described[0, 0])
        levels = described[:, 1:].reshape(len(described), -1, self.patches, PATCH**2, channels)
        # Two at a time, as numpy's sort uses one core.
        with ThreadPoolExecutor(2) as threads:
            return tuple(threads.map(self._projected, np.moveaxis(levels, 1, 0)))

    def distances(self, real, fake):
        """The distance at each level, the finest first, of the statistics of both sets.

        Raises:
            ValueError: sets of different counts, or of images of different sizes.
        """
        shapes = [[level.shape for level in levels] for levels in (real, fake)]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"Both sets have as many images of one size. Received: {shapes[0]} and "
                f"{shapes[1]} (directions, patches) for each level. Compare as many images as "
                "the reference has: gan.generate(len(real_images))."
            )
        return tuple(
            float(np.abs(reals - fakes).mean(dtype=np.float64)) * _PER_THOUSAND
            for reals, fakes in zip(real, fake, strict=True)
        )

    def numbers(self, real, fake):
        """`{"swd": mean over the levels}` of the statistics of both sets."""
        return {"swd": float(np.mean(self.distances(real, fake)))}

    def _patches(self, images, first):
        levels = pyramid(images)
        draws = self._draws(first, len(images), len(levels))
        cuts = [_cut(level, draws[:, i]) for i, level in enumerate(levels)]
        channels = np.full((len(images), 1), images.shape[-1], np.float32)
        return np.hstack([channels, *cuts])

    def _draws(self, first, count, levels):
        """Random numbers (count, levels, patches, 2) that depend on each image's position."""
        needed = levels * self.patches * 2
        fours = -(-needed // _WORDS)
        bits = np.random.Philox(key=self.seed).advance(first * fours)
        draws = bits.random_raw(count * fours * _WORDS).reshape(count, -1)
        return draws[:, :needed].reshape(count, levels, self.patches, 2)

    def _projected(self, patches):
        """Patches (n, patches, 49, channels) of one level -> (directions, n * patches)."""
        patches = patches.reshape(-1, *patches.shape[2:])
        mean = patches.mean(axis=(0, 1), dtype=np.float64)
        deviation = patches.std(axis=(0, 1), dtype=np.float64)
        # A constant level is not scaled.
        scale = np.where(deviation > 0.0, deviation, 1.0)
        patches = ((patches - mean) / scale).astype(np.float32).reshape(len(patches), -1)
        projected = self._unit_vectors(patches.shape[1]) @ patches.T
        projected.sort(axis=1)
        return projected

    def _unit_vectors(self, size):
        vectors = np.random.default_rng(self.seed).normal(size=(self.directions, size))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors.astype(np.float32)


def pyramid(images):
    """The Laplacian pyramid of images (n, height, width, channels): float32 levels, finest first.

    Each level but the last is what the next halving loses; the last is what remains, of 7
    pixels or more. Enlarged and summed they give the images again: 28 x 28 has the levels
    28, 14 and 7; 15 x 17 has 15 x 17 and 8 x 9.

    Reference: Burt and Adelson (1983).
    """
    image, levels = np.asarray(images, np.float32), []
    while min((side + 1) // 2 for side in image.shape[1:3]) >= PATCH:
        smaller = _halved(_halved(image, 1), 2)
        levels.append(image - enlarged(smaller, image.shape[1:3]))
        image = smaller
    return [*levels, image]


def enlarged(images, shape):
    """Images (n, height, width, channels) at twice their size, cut to `shape` (height, width)."""
    return _doubled(_doubled(images, 1), 2)[:, : shape[0], : shape[1]]


def _halved(images, axis):
    """Every other row after the filter (1, 4, 6, 4, 1) / 16; the border is repeated."""
    images = np.moveaxis(images, axis, 0)
    padded = np.concatenate([images[:1], images[:1], images, images[-1:], images[-1:]])
    taps = [padded[i : i + len(images) : 2] for i in range(5)]
    made = (taps[0] + taps[4] + 4.0 * (taps[1] + taps[3]) + 6.0 * taps[2]) / 16.0
    return np.moveaxis(made, 0, axis)


def _doubled(images, axis):
    """Rows with zeros between them after twice the same filter: constant images stay constant."""
    images = np.moveaxis(images, axis, 0)
    before = np.concatenate([images[:1], images[:-1]])
    after = np.concatenate([images[1:], images[-1:]])
    made = np.stack([(before + 6.0 * images + after) / 8.0, (images + after) / 2.0], axis=1)
    return np.moveaxis(made.reshape(-1, *images.shape[1:]), 0, axis)


def _cut(level, draws):
    """Patches (n, patches * 49 * channels) of a level at random positions (n, patches, 2)."""
    windows = np.lib.stride_tricks.sliding_window_view(level, (PATCH, PATCH), axis=(1, 2))
    tops, lefts = (draws % np.array(windows.shape[1:3], np.uint64)).T
    cut = windows[np.arange(len(level)), tops, lefts]  # (patches, n, channels, 7, 7)
    return np.moveaxis(cut, (0, 2), (1, -1)).reshape(len(level), -1)


def _with_channels(images):
    images = np.asarray(images)
    sides, channels = images.shape[1:3], images.shape[3:] or (1,)
    fits = images.ndim in (3, 4) and channels in ((1,), (3,)) and min(sides) >= PATCH
    if images.dtype != np.uint8 or not fits or not len(images):
        raise ValueError(
            f"Patches are cut from uint8 images (n, height, width) or (n, height, width, 1 or 3) "
            f"of {PATCH} pixels or more on each side. Received: {images.dtype.name} of shape "
            f"{images.shape}. Make them with gan.generate(count)."
        )
    return images.reshape(*images.shape[:3], *channels)
