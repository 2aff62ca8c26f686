"""Figures -> text that fits a width."""

import dataclasses

from gan_model.text import clock, duration, fixed_number

_LEAST_BAR, _LONGEST_BAR = 8, 30  # characters
_WIDE = 100  # columns of a terminal that has room for long forms


@dataclasses.dataclass(frozen=True)
class Moment:
    """What the moving line says.

    Attributes:
        place: what is trained or measured, for example "epoch 3/20".
        done: steps done of this epoch.
        steps: steps of this epoch; None: unknown.
        seconds_left: until everything is done; None: unknown.
        images_per_second: None: unknown.
        losses: of the discriminator and of the generator, or None.
        doing: what goes on in place of training steps, for example "measuring"; or "".
    """

    place: str
    done: int = 0
    steps: int | None = None
    seconds_left: float | None = None
    images_per_second: float | None = None
    losses: tuple | None = None
    doing: str = ""


def moving_line(moment, *, width, ascii_only=False):
    """One line of at most `width` characters: place, bar, time left, images a second, losses."""
    for form in range(3):
        told = "  ".join(filter(None, _told(moment, form)))
        room = width - len(moment.place) - len(told) - 2
        if room >= _LEAST_BAR:
            break
    bar = _bar(moment, min(max(room, 1), _LONGEST_BAR), ascii_only)
    return f"{moment.place} {bar} {told}"[:width]


def epoch_line(place, figures, seconds, *, width):
    """One line of at most `width` characters that says how an epoch ended.

    Args:
        place: for example "epoch  3/20".
        figures: `Figures`.
        seconds: that the epoch took.
        width: characters; None: as many as are needed.
    """
    return _fitted([(place,), *_measured(figures), (duration(seconds),)], width)


def _told(moment, form):
    """The texts behind the bar, in one of three lengths: 0 is the longest."""
    yield f"{moment.done / moment.steps:4.0%}" if moment.steps else ""
    if moment.seconds_left is not None:
        yield f"{clock(moment.seconds_left):>5} left"
    if moment.doing:
        yield moment.doing
        return
    if moment.images_per_second is not None:
        yield f"{fixed_number(moment.images_per_second):>6} images/s"
    if moment.losses:
        discriminator, generator = map(fixed_number, moment.losses)
        yield (
            f"discriminator loss {discriminator}  generator loss {generator}",
            f"loss D {discriminator} G {generator}",
            f"D {discriminator} G {generator}",
        )[form]


def _bar(moment, width, ascii_only):
    full, empty = "#-" if ascii_only else "━─"
    if not moment.steps:
        return f"step {moment.done:,}"
    filled = int(width * moment.done / moment.steps)
    return full * filled + empty * (width - filled)


def _measured(figures):
    """Fields of a line, each in one to three lengths, the longest first."""
    if figures.value is None and figures.losses is None:
        return
    if figures.value is None:
        discriminator, generator = map(fixed_number, figures.losses)
        long, short = f"discriminator loss {discriminator}", f"loss D {discriminator}"
        yield long, long, short
        long, short = f"generator loss {generator}", f"G {generator}"
        yield long, long, short
        return
    value = fixed_number(figures.value)
    yield f"{figures.distance} {value}", f"{figures.distance} {value}", f"{figures.label} {value}"
    if figures.best:
        yield _best(figures.best)
    if figures.floor is not None:
        yield f"floor {fixed_number(figures.floor)}", f"floor {figures.floor:.2g}"
    if figures.recall is not None:
        yield (f"recall {figures.recall:.2f}",)
    for label, value in figures.others:
        text = f"{label} {fixed_number(value)}"
        yield text, text, ""


def _best(best):
    value = f"best {fixed_number(best.value)}"
    if best.epoch is None:
        return (value,)
    return f"{value} (epoch {best.epoch})", f"{value} ({best.epoch})"


def _fitted(fields, width):
    """The fields as one line, in the longest form that fits."""
    # In a narrow terminal all lines have the shorter form, whether or not some could do without.
    forms = ((3, 0), (2, 0)) if width is None or width >= _WIDE else ()
    for gap, form in (*forms, (2, 1), (2, 2), (1, 2)):
        texts = (field[min(form, len(field) - 1)] for field in fields)
        line = (gap * " ").join(filter(None, texts))
        if width is None or len(line) <= width:
            return line
    return line[:width]
