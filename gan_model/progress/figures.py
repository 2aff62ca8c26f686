"""Logs of Keras -> the few figures that a line shows."""

import dataclasses

_LOSSES = ("discriminator_loss", "generator_loss")


@dataclasses.dataclass(frozen=True)
class Best:
    """The least distance so far.

    Attributes:
        value: the distance.
        epoch: number of its epoch, from 1; None if that is unknown.
    """

    value: float
    epoch: int | None


@dataclasses.dataclass(frozen=True)
class Figures:
    """What a line says of an epoch or an evaluation. None: it was not measured.

    Attributes:
        losses: of the discriminator and of the generator.
        distance: name of the held-out distance.
        label: a shorter name of it.
        value: the distance.
        floor: the distance of as many training images.
        recall: between 0 and 1.
        best: `Best` of all epochs; None in an evaluation.
        others: pairs of a label and a value, one for each measure but that of the distance.
    """

    losses: tuple | None = None
    distance: str | None = None
    value: float | None = None
    floor: float | None = None
    recall: float | None = None
    best: Best | None = None
    label: str | None = None
    others: tuple = ()


def figures_in(logs, quality, *, prefix=""):
    """The `Figures` in the logs of Keras, without the best.

    Args:
        logs: dict from names to numbers.
        quality: `metrics.Quality` of the GAN, or None.
        prefix: begins the names of held-out figures: "val_" in the logs of an epoch.
    """
    losses = losses_in(logs)
    distance = getattr(quality, "distance", None)
    value = logs.get(f"{prefix}{distance}")
    if value is None:
        return Figures(losses)
    floor = (quality.floor or {}).get(distance)
    recall = logs.get(f"{prefix}{quality.recall}")
    label = quality.metrics[distance].label
    others = tuple(
        (quality.metrics[name].label, logs[prefix + name])
        for name in quality.further_names
        if prefix + name in logs
    )
    return Figures(losses, distance, value, floor, recall, label=label, others=others)


def losses_in(logs):
    """The losses of the discriminator and of the generator; None if the logs lack them."""
    if any(name not in logs for name in _LOSSES):
        return None
    return tuple(logs[name] for name in _LOSSES)


def best_of(values, epochs):
    """The `Best` of distances; NaN is never the best. None if there is no other value.

    Args:
        values: distances, in the order of their epochs.
        epochs: the epoch of each, from 1, or None.
    """
    pairs = [pair for pair in zip(values, epochs, strict=True) if pair[0] == pair[0]]
    return Best(*min(pairs, key=lambda pair: pair[0])) if pairs else None
