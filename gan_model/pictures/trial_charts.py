"""Charts of a search: how the distance depends on each hyperparameter."""

import itertools
import math
import textwrap

import numpy as np

from gan_model.pictures import style

_TRIAL, _BEST, _FLOOR = style.COLOURS[:3]
_BEST_COUNT = 3
_DOT = {"ls": "", "marker": "o", "mec": "white", "mew": 0.8}
_RUN, _RANKED = {**_DOT, "ms": 8, "mfc": _TRIAL}, {**_DOT, "ms": 14, "mfc": _BEST}
_CROSS = {"ls": "", "marker": "X", "ms": 9, "mfc": "none", "mec": style.INK, "mew": 1.1}
_WIDE = 4  # values that span this factor have a logarithmic axis
_FEW_DECADES = 30  # values that span less than this factor have few powers of 10 among them
_MAX_TICKS = 6  # up to so many different whole numbers have a tick each
_MAX_LABEL = 18  # characters


def trials(outcomes, path, *, distance, floor=None):
    """Writes a panel for each hyperparameter, with its values on x and the distances on y.

    The best three have their ranks in them. Runs that did not finish are crosses at the top edge:
    there is no distance to believe.

    Args:
        outcomes: list of `sweeps.outcome.Outcome`.
        path: of the PNG file.
        distance: name of what was minimized, for example "fid_fashion".
        floor: the distance of as many training images; drawn as a line, unless it is far below
            all runs. None: unknown.

    Raises:
        ValueError: no outcome has a hyperparameter.
    """
    given = itertools.chain.from_iterable(o.hyperparameters.items() for o in outcomes)
    names = list(dict.fromkeys(name for name, value in given if value is not None))
    if not names:
        raise ValueError(
            f"There is nothing to draw: {len(outcomes)} runs, none with a hyperparameter."
        )
    finished = sorted(
        (o for o in outcomes if o.state == "finished"), key=lambda o: (o.score, o.name)
    )
    failed = [o for o in outcomes if o.state != "finished"]
    columns = 2 if len(names) == 4 else min(len(names), 3)
    rows = math.ceil(len(names) / columns)
    figure, panels = style.panels(0.7 + 3.1 * rows, rows, columns, sharey=True)
    for panel in panels[len(names) :]:
        panel.remove()
    floor = _scale_distances(panels[0], [o.score for o in finished], floor)
    panels[0].margins(y=0.2 if failed else 0.15)
    for panel, name in zip(panels, names, strict=False):
        _scale_values(panel, [o.hyperparameters[name] for o in outcomes if _has(o, name)])
        _draw(panel, name, finished, failed)
        if floor is not None:
            panel.axhline(floor, color=_FLOOR, lw=1.2, zorder=1)
        panel.set_xlabel(textwrap.fill(name.replace("_", " "), 28).replace(" ", "_"))
    figure.supylabel(f"{distance}, lower is better", fontsize=11)
    _legend(figure, finished, failed, floor)
    style.write(figure, path)


def _has(outcome, name):
    return outcome.hyperparameters.get(name) is not None


def _draw(panel, name, finished, failed):
    crosses = [_position(o, name) for o in failed if _has(o, name)]
    panel.plot(crosses, [0.95] * len(crosses), transform=panel.get_xaxis_transform(), **_CROSS)
    # The best last, so that it is in front.
    for rank, outcome in reversed([*enumerate(finished, 1)]):
        if not _has(outcome, name):
            continue
        best, at = rank <= _BEST_COUNT, (_position(outcome, name), outcome.score)
        panel.plot(*([value] for value in at), zorder=3 + best, **(_RANKED if best else _RUN))
        if best:
            about = {"ha": "center", "va": "center_baseline", "size": 9, "weight": "bold"}
            panel.annotate(str(rank), at, color="white", zorder=4, **about)


def _position(outcome, name):
    """Where matplotlib draws a value: itself, or the text of a category."""
    value = outcome.hyperparameters[name]
    return _label(value) if _is_category(value) else value


def _is_category(value):
    return isinstance(value, str | bool)


def _label(value):
    text = str(value)
    return text if len(text) <= _MAX_LABEL else text[: _MAX_LABEL - 3] + "..."


def _legend(figure, finished, failed, floor):
    from matplotlib.lines import Line2D

    handles = []
    if len(finished) > _BEST_COUNT:
        handles += [Line2D([], [], label="run", **_RUN)]
    if finished:
        handles += [Line2D([], [], label="the best, with ranks", **_RANKED)]
    if failed:
        handles += [Line2D([], [], label="did not finish", **_CROSS)]
    if floor is not None:
        label = f"training images ({floor:.4g})"
        handles += [Line2D([], [], label=label, color=_FLOOR, lw=1.2)]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)


def _scale_values(panel, values):
    """Scales the x axis for the values of a hyperparameter."""
    panel.margins(x=0.12)
    if any(map(_is_category, values)):
        labels = sorted(set(map(_label, values)))
        panel.xaxis.update_units(labels)
        panel.set_xlim(-0.6, len(labels) - 0.4)
        tilted = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
        is_long = sum(map(len, labels)) > 24
        panel.set_xticks(range(len(labels)), labels, **(tilted if is_long else {}))
        return
    distinct = sorted(set(values))
    if _is_wide(distinct):
        panel.set_xscale("log")
        if max(distinct) < _FEW_DECADES * min(distinct):
            _label_few_decades(panel.xaxis)
    else:
        panel.locator_params(axis="x", nbins=4)
    whole = all(isinstance(value, int) for value in distinct)
    if len(distinct) == 1 or (whole and len(distinct) <= _MAX_TICKS):
        panel.set_xticks(distinct, [f"{value:g}" for value in distinct])
        panel.set_xticks([], minor=True)


def _label_few_decades(axis):
    """Labels 1 and 3 of each decade. Matplotlib would label more, which would not fit."""
    from matplotlib import ticker

    axis.set_major_locator(ticker.LogLocator(subs=(1, 3)))
    axis.set_major_formatter(ticker.FormatStrFormatter("%g"))
    axis.set_minor_formatter(ticker.NullFormatter())


def _is_wide(values):
    """Whether all values are above 0 and span a factor of 4."""
    return min(values) > 0 and max(values) >= _WIDE * min(values)


def _scale_distances(panel, scores, floor):
    """Scales the shared axis; returns the floor if it fits there, else None."""
    if not scores:
        panel.set(ylim=(0, 1), yticks=[])
        return None
    is_log = _is_wide(scores)
    panel.set_yscale("log" if is_log else "linear")
    style.plain_numbers(panel.yaxis)
    return floor if floor is not None and _fits(floor, min(scores), max(scores), is_log) else None


def _fits(floor, low, high, is_log):
    """Whether the runs still take half of the axis if it includes the floor."""
    if is_log:
        return floor > 0 and _fits(*np.log([floor, low, high]), False)
    span = (high - low) or abs(high) / 2
    return max(high, floor) - min(low, floor) <= 2 * span
