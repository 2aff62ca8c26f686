"""What is known of a number that measures images: its name, its direction and its kind.

Each file that computes such numbers lists them as `Metric` records. Other modules (tables, charts,
TensorBoard, alarms, searches, pages) look at the records and never at the text of a name.
"""

import dataclasses
import enum
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np


class Direction(enum.StrEnum):
    """Which values are better; the texts are those of keras-tuner's objectives."""

    LOWER = "min"
    HIGHER = "max"


class Kind(enum.Enum):
    """What a metric tells about generated images."""

    DISTANCE = enum.auto()  # how far they are from real images
    PRECISION = enum.auto()  # whether they look real
    RECALL = enum.auto()  # which real images they cover; above 0 there is no complete collapse
    DENSITY = enum.auto()  # how densely real images surround them
    COVERAGE = enum.auto()  # how many real images have one nearby
    ERROR = enum.auto()  # standard error of another metric


@dataclasses.dataclass(frozen=True)
class Metric:
    """One number that measures generated images.

    Args:
        name: key of the number in logs, tables and files, for example "fid_fashion".
        direction: `Direction`, which values are better.
        kind: `Kind`, what it tells.
        label: short name for the head of a table, for example "fid". "": the name.
        error_of: name of the metric whose standard error this is; None for any other.
    """

    name: str
    direction: Direction
    kind: Kind
    label: str = ""
    error_of: str | None = None

    def __post_init__(self):
        object.__setattr__(self, "label", self.label or self.name)

    @property
    def about(self):
        """What `settings.json` keeps of it: a dict that JSON can hold."""
        return {"name": self.name, "direction": self.direction.value, "error_of": self.error_of}

    def in_space(self, features_name):
        """The same metric in the space of some features: "fid" -> "fid_fashion".

        Args:
            features_name: name of the features. It replaces "{}" in `name` and `error_of`; a name
                without "{}" gets it at the end.
        """
        return dataclasses.replace(
            self,
            name=_in_space(self.name, features_name),
            error_of=self.error_of and _in_space(self.error_of, features_name),
        )


@runtime_checkable
class Measure(Protocol):
    """What `Quality` and `Reference` take: images -> descriptions -> statistics -> numbers.

    Attributes:
        metrics: tuple of `Metric`, in the order of the numbers.
        about: dict of what the numbers depend on besides the images, for a record.
    """

    metrics: tuple
    about: dict

    def describe(self, images: np.ndarray, first: int = 0) -> np.ndarray:
        """One row for each image.

        Args:
            images: uint8 (n, height, width) or with channels, some of a longer array.
            first: position of the first one in that array.
        """

    def statistics(self, described: np.ndarray) -> Any:
        """What the numbers are computed from, for the rows of all images."""

    def numbers(self, real: Any, fake: Any) -> dict[str, float]:
        """The numbers by the names of `metrics`, of the statistics of real and generated images."""


class Metrics(dict):
    """The metrics of one or several measures: dict from names to `Metric`, in their order.

    Args:
        measures: objects like `FeatureMetrics` and `SlicedWasserstein`, the one to rank by first.

    Raises:
        ValueError: two numbers have the same name, such as those of two features of one name.
    """

    def __init__(self, measures):
        for metric in (metric for one in measures for metric in one.metrics):
            if metric.name in self:
                raise ValueError(
                    f"Two of the measures have a number {metric.name}. Give their features "
                    "different names, or leave one of them out."
                )
            self[metric.name] = metric

    def of_kind(self, kind):
        """Names of all metrics of a `Kind`: tuple of str."""
        return tuple(metric.name for metric in self.values() if metric.kind is kind)

    def first(self, kind):
        """Name of the first metric of a `Kind`; None if there is none."""
        return next(iter(self.of_kind(kind)), None)

    @property
    def distance(self):
        """Name of the metric that images are ranked by; None if there is none.

        It is the first of those of which less is better, but for standard errors.
        """
        less = [one for one in self.values() if one.direction is Direction.LOWER]
        return next((one.name for one in less if one.kind is not Kind.ERROR), None)

    @property
    def key_names(self):
        """Names of the few metrics to look at first: the distance, then recall and precision."""
        names = self.distance, self.first(Kind.RECALL), self.first(Kind.PRECISION)
        return tuple(name for name in names if name)


@dataclasses.dataclass(frozen=True)
class VectorMeasure:
    """Numbers computed from two sets of vectors, in whichever space they lie.

    Args:
        metrics: tuple of `Metric`, named without the space.
        statistics: function from vectors (n, size) to what the numbers are computed from.
        compare: function from the statistics of real and of fake vectors to the numbers, in the
            order of `metrics`.
    """

    metrics: tuple
    statistics: Callable
    compare: Callable


def _in_space(name, features_name):
    return name.format(features_name) if "{}" in name else f"{name}_{features_name}"
