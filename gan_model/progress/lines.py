"""Logs of Keras -> text that fits a width."""

import dataclasses
from typing import NamedTuple

from gan_model.text import clock, duration, fixed_number

_LOSSES = ("discriminator_loss", "generator_loss")
_MIN_BAR, _MAX_BAR = 8, 30  # characters
_WIDE = 100  # columns of a terminal that has room for long forms


class Best(NamedTuple):
    """The lowest distance so far and the number of its epoch, from 1; None if that is unknown."""

    value: float
    epoch: int | None


@dataclasses.dataclass(frozen=True)
class Figures:
    """What a line shows of an epoch or an evaluation. None: it was not measured."""

    losses: tuple | None = None  # of the discriminator and of the generator
    distance: str | None = None  # name of the held-out distance
    value: float | None = None  # the distance
    floor: float | None = None  # the distance of as many training images
    recall: float | None = None
    best: Best | None = None  # of all epochs; None in an evaluation
    label: str | None = None  # a shorter name of the distance
    others: tuple = ()  # (label, value) of each measure but that of the distance


def figures_in(logs, quality, *, prefix=""):
    """The `Figures` in the logs of Keras, without the best; `quality` may be None.

    `prefix` begins the names of held-out figures: "val_" in the logs of an epoch.
    """
    losses = losses_in(logs)
    if quality is None or f"{prefix}{quality.distance}" not in logs:
        return Figures(losses)
    distance = quality.distance
    return Figures(
        losses=losses,
        distance=distance,
        value=logs[prefix + distance],
        floor=(quality.floor or {}).get(distance),
        recall=logs.get(f"{prefix}{quality.recall}"),
        label=quality.metrics[distance].label,
        others=tuple(
            (quality.metrics[name].label, logs[prefix + name])
            for name in quality.further_names
            if prefix + name in logs
        ),
    )


def losses_in(logs):
    """The losses of the discriminator and of the generator; None if the logs lack them."""
    return tuple(logs[name] for name in _LOSSES) if logs.keys() >= set(_LOSSES) else None


def best_of(candidates):
    """The `Best` of several; NaN is never the best. None if there is no other value."""
    numbers = [Best(*one) for one in candidates if one[0] == one[0]]
    return min(numbers, key=lambda best: best.value, default=None)


def moving_line(
    place, done, steps, *, width, seconds_left=None, images_per_second=None, losses=None, doing=""
):
    """One line of at most `width` characters: place, bar, time left, images per second, losses.

    `done` of `steps` steps are done; None stands for what is unknown. `doing` is what happens in
    place of training steps, for example "measuring".
    """
    texts = [f"{done / steps:4.0%}"] if steps else []
    if seconds_left is not None:
        texts.append(f"{clock(seconds_left):>5} left")
    if doing:
        texts.append(doing)
    elif images_per_second is not None:
        texts.append(f"{fixed_number(images_per_second):>6} images/s")
    forms = [""]
    if losses and not doing:
        d, g = map(fixed_number, losses)
        forms = f"discriminator loss {d}  generator loss {g}", f"loss D {d} G {g}", f"D {d} G {g}"
    for form in forms:
        status = "  ".join(filter(None, [*texts, form]))
        room = width - len(place) - len(status) - 2
        if room >= _MIN_BAR:
            break
    bar = f"step {done:,}"
    if steps:
        length = min(max(room, 1), _MAX_BAR)
        bar = ("━" * int(length * done / steps)).ljust(length, "─")
    return f"{place} {bar} {status}"[:width]


def epoch_line(place, figures, seconds, *, width):
    """One line of at most `width` characters, None for any number, that says how an epoch ended."""
    # In a narrow terminal all lines have the shorter form, whether or not some could do without.
    wide = width is None or width >= _WIDE
    for gap, form in (*([(3, 0), (2, 0)] if wide else []), (2, 1), (2, 2), (1, 2)):
        line = (gap * " ").join([place, *_texts(figures, form), duration(seconds)])
        if width is None or len(line) <= width:
            return line
    return line[:width]


def _texts(figures, form):
    """The parts of a line in one of three forms: 0 is the longest, 2 the shortest."""
    if figures.value is not None:
        yield f"{figures.label if form == 2 else figures.distance} {fixed_number(figures.value)}"
        if figures.best:
            epoch = "" if form else "epoch "
            epoch = f" ({epoch}{figures.best.epoch})" if figures.best.epoch else ""
            yield f"best {fixed_number(figures.best.value)}{epoch}"
        if figures.floor is not None:
            yield f"floor {figures.floor:.2g}" if form else f"floor {fixed_number(figures.floor)}"
        if figures.recall is not None:
            yield f"recall {figures.recall:.2f}"
        if form < 2:
            yield from (f"{label} {fixed_number(value)}" for label, value in figures.others)
    elif figures.losses:
        discriminator, generator = map(fixed_number, figures.losses)
        yield f"loss D {discriminator}" if form == 2 else f"discriminator loss {discriminator}"
        yield f"G {generator}" if form == 2 else f"generator loss {generator}"
