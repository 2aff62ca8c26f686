"""Held-out images -> what any generated images are compared with, computed once."""

import numpy as np

_BLOCK = 1000  # images described at a time
LEAST = 20  # with fewer, the fifth neighbour is a quarter of the set away


class Descriptions:
    """The descriptors of images that come in batches, for each of several measures.

    Args:
        measures: objects like `FeatureMetrics` and `SlicedWasserstein`.
    """

    def __init__(self, measures):
        self.measures, self.count = tuple(measures), 0
        self._described = [[] for _ in self.measures]
        self._statistics = None

    def add(self, images):
        """Takes in uint8 images, (n, height, width) or with channels."""
        for first in range(0, len(images), _BLOCK):
            block = images[first : first + _BLOCK]
            for measure, described in zip(self.measures, self._described, strict=True):
                described.append(measure.describe(block, first=self.count))
            self.count += len(block)
        self._statistics = None

    def statistics(self):
        """The statistics of all images that came, one for each measure; computed once."""
        if self.count < LEAST:
            raise ValueError(
                f"Quality is measured on {LEAST} images or more. Received: {self.count}. "
                "Hold out more images."
            )
        if self._statistics is None:
            self._statistics = tuple(
                measure.statistics(np.concatenate(described))
                for measure, described in zip(self.measures, self._described, strict=True)
            )
        return self._statistics


class Reference:
    """Held-out images that others are compared with; their statistics are computed once.

    Args:
        measures: what to measure, the distance that ranks first. See `metrics.measures`.
        images: the held-out images, uint8 (n, height, width) or with channels.

    Attributes:
        count: number of images, on both sides of each comparison.
        names: of the numbers that `compare` gives.
        distance: the one to rank by; less is better.
        about: what belongs to every number: count, features and checksum, for a record.

    Example:

    ```python
    reference = metrics.Reference(metrics.measures(test_images), test_images)
    reference.compare(gan.generate(reference.count))  # {"fid_fashion": 12.3, ...}
    ```
    """

    def __init__(self, measures, images):
        self._described = Descriptions(measures)
        self._described.add(images)
        self._described.statistics()
        self.measures, self.count = self._described.measures, self._described.count
        self.names = tuple(name for measure in self.measures for name in measure.names)
        self.distance = self.names[0]
        self.about = {"count": self.count, "measures": [m.about for m in self.measures]}

    def compare(self, images):
        """How far `count` uint8 images are from the held-out ones: dict from names to numbers.

        Raises:
            ValueError: another number of images, which would give another number.
        """
        described = Descriptions(self.measures)
        described.add(images)
        return numbers(self._described, described)


def numbers(real, fake):
    """The numbers of all measures, for the `Descriptions` of real and of generated images.

    Raises:
        ValueError: they are not as many, which would give other numbers.
    """
    if real.count != fake.count:
        raise ValueError(
            f"There are {real.count} real images, so as many are compared with them: distances "
            f"depend on their number. Received: {fake.count}."
        )
    found = {}
    for measure, *statistics in zip(
        real.measures, real.statistics(), fake.statistics(), strict=True
    ):
        found |= measure.numbers(*statistics)
    return found


def shuffled_pixels(images, *, seed=0):
    """The same images, the pixels of each in an order of chance.

    What a distance reads for these is a mark at its far end: brightness is right, all else is
    lost. A collapsed generator can be farther away still.
    """
    flat = np.reshape(images, (len(images), np.prod(images.shape[1:3]), -1))
    places = np.random.default_rng(seed).permuted(
        np.broadcast_to(np.arange(flat.shape[1]), flat.shape[:2]), axis=1
    )
    return np.take_along_axis(flat, places[..., None], axis=1).reshape(images.shape)
