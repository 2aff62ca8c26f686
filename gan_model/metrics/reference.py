"""Held-out images -> what any generated images are compared with, computed once."""

import copy
from dataclasses import dataclass

import numpy as np

from gan_model.data.images import chunks, shape_with_channels
from gan_model.metrics.record import Metrics

LEAST = 20  # with fewer, the fifth neighbour is a quarter of the set away


class Descriptions:
    """The descriptors of images that come in batches, for each of several measures.

    Args:
        measures: objects like `FeatureMetrics` and `SlicedWasserstein`.

    Attributes:
        count: number of images added.
        shape: (height, width, channels) of the images; None before there are some.
    """

    def __init__(self, measures):
        self.measures, self.count, self.shape = tuple(measures), 0, None
        self._described = [[] for _ in self.measures]

    def add(self, images):
        """Adds uint8 images, (n, height, width) or with channels.

        Raises:
            ValueError: their shape is not that of the images before.
        """
        shape = shape_with_channels(images.shape[1:])
        if self.shape not in (None, shape):
            raise ValueError(
                f"Images of shape {shape} came after images of shape {self.shape}. Measure images "
                "of one shape."
            )
        self.shape = shape
        for chunk in chunks(images):
            for measure, described in zip(self.measures, self._described, strict=True):
                described.append(measure.describe(chunk, first=self.count))
            self.count += len(chunk)

    def statistics(self):
        """The `Statistics` of all images added."""
        if self.count < LEAST:
            raise ValueError(
                f"Quality is measured on {LEAST} images or more. Received: {self.count}. "
                "Give more images, of which a folder holds out about a tenth, or a larger count."
            )
        by_measure = (
            measure.statistics(np.concatenate(described))
            for measure, described in zip(self.measures, self._described, strict=True)
        )
        return Statistics(self.measures, self.count, self.shape, tuple(by_measure))


@dataclass(frozen=True)
class Statistics:
    """What the numbers are computed from, for one set of images.

    Args:
        measures: what is measured.
        count: number of images.
        shape: (height, width, channels) of the images.
        by_measure: the statistics of each measure.
    """

    measures: tuple
    count: int
    shape: tuple
    by_measure: tuple

    def compare(self, fake):
        """The numbers of all measures, for the `Statistics` of generated images.

        Raises:
            ValueError: the counts or the shapes of the images differ; the numbers depend on them.
        """
        if self.count != fake.count:
            raise ValueError(
                f"There are {self.count} real images, so as many generated ones are compared with "
                f"them: distances depend on the count. Received: {fake.count}."
            )
        if self.shape != fake.shape:
            raise ValueError(
                f"The real images have the shape {self.shape}, the generated ones {fake.shape}, "
                "and distances are between images of one shape. Load real ones of that shape: "
                f"data.load(folder, image_size={fake.shape[:2]}, channels={fake.shape[2]})."
            )
        numbers = {}
        for measure, *pair in zip(self.measures, self.by_measure, fake.by_measure, strict=True):
            numbers |= measure.numbers(*pair)
        return numbers


class Reference:
    """Held-out images that others are compared with; their statistics are computed once.

    Args:
        measures: what to measure, the distance that ranks first. See `metrics.measures`.
        images: the held-out images, uint8 (n, height, width) or with channels.
        training: as many uint8 training images, for the floor; or None.

    Attributes:
        floor: the numbers of the training images; None without them.
        count: number of images, on both sides of each comparison.
        shape: of one image.
        metrics: `Metrics`, dict from the names of the numbers that `compare` returns.
        about: what the numbers depend on, for a record: count, features and checksum.

    Example:

    ```python
    reference = metrics.Reference(metrics.measures(test_images), test_images)
    reference.compare(gan.generate(reference.count))  # {"fid_fashion": 12.3, ...}
    ```
    """

    def __init__(self, measures, images, training=None):
        described = Descriptions(measures)
        described.add(images)
        self._real = described.statistics()
        self.measures, self.count = self._real.measures, self._real.count
        self.shape = images.shape[1:]
        self.metrics = Metrics(self.measures)
        self.about = {"count": self.count, "measures": [m.about for m in self.measures]}
        self.floor = None if training is None else self.compare(training)

    def with_floor(self, training):
        """A `Reference` of the same images, whose floor is of other training images."""
        other = copy.copy(self)
        other.floor = self.compare(training)
        return other

    @property
    def names(self):
        """Names of the numbers that `compare` returns."""
        return tuple(self.metrics)

    @property
    def distance(self):
        """Name of the number to rank by; lower is better."""
        return self.metrics.distance

    @property
    def features(self):
        """The `Features` of the first measure that has some; None if all do without."""
        found = (getattr(measure, "features", None) for measure in self.measures)
        return next((features for features in found if features is not None), None)

    @property
    def classifier(self):
        """The features among the measures that also tell classes; None if there are none."""
        return classifier_of(self.measures)

    def compare(self, images):
        """How far `count` uint8 images are from the held-out ones: dict from names to numbers.

        Args:
            images: array, `Subset`, or `GeneratedImages`, of which 1,000 are read at a time.

        Raises:
            ValueError: more or fewer images, since the numbers depend on the count.
        """
        return self.compare_chunks(chunks(images))

    def compare_chunks(self, arrays):
        """The same numbers for images that come as arrays of 1,000, the last one of fewer."""
        described = Descriptions(self.measures)
        for images in arrays:
            described.add(images)
        return self._real.compare(described.statistics())

    def compare_noise(self, images):
        """The numbers of `shuffled_pixels` of `count` images."""
        rng = np.random.default_rng(0)
        return self.compare_chunks(_shuffled(chunk, rng) for chunk in chunks(images))


def classifier_of(measures):
    """The first features among the measures that also tell classes; None if there are none."""
    features = (getattr(measure, "features", None) for measure in measures)
    return next((one for one in features if hasattr(one, "classes")), None)


def shuffled_pixels(images):
    """The same images with the pixels of each in random order.

    Their distance marks the far end of the scale: only the brightness is right. A collapsed
    generator can be even farther away.
    """
    return _shuffled(images, np.random.default_rng(0))


def _shuffled(images, rng):
    made = np.empty_like(images)
    for image, shuffled in zip(images, made, strict=True):
        places = rng.permuted(np.arange(image.shape[0] * image.shape[1]))
        shuffled[:] = image.reshape(-1, *image.shape[2:])[places].reshape(image.shape)
    return made
