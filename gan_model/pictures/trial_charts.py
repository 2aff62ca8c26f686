"""Charts of a search: how the distance depends on each hyperparameter."""

import itertools
import math
import textwrap

import numpy as np

from gan_model.pictures import scales, style

_TRIAL, _BEST, _FLOOR = style.COLOURS[:3]
_BEST_COUNT = 3
# Points from a marker to its rank: below the best, as no run is there, and above the third. The
# rank of the second is at its right, or at its left if another marker is at its right.
_LABELS = ((0, -14), (13, 0), (0, 14))


def trials(outcomes, path, *, distance, floor=None):
    """Writes a panel for each hyperparameter, with its values on x and the distances on y.

    The best three have their ranks beside them. Runs that did not finish are crosses at
    the top edge: there is no distance to believe.

    Args:
        outcomes: list of `sweeps.outcome.Outcome`.
        path: of the PNG file.
        distance: name of what was minimised, for example "fid_fashion".
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
    floor = _scale_distances(panels[0], [o.score for o in finished], floor, bool(failed))
    for panel, name in zip(panels, names, strict=False):
        _panel(panel, name, finished, failed, floor)
    figure.supylabel(f"{distance}, lower is better", fontsize=11)
    _legend(figure, finished, failed, floor)
    style.write(figure, path)


def _panel(panel, name, finished, failed, floor):
    values = [o.hyperparameters.get(name) for o in (*finished, *failed)]
    at = scales.scale_values(panel, [value for value in values if value is not None])
    panel.plot(*_points(finished[_BEST_COUNT:], name, at), zorder=3, **_dot(False))
    crosses, _ = _points(failed, name, at)
    panel.plot(crosses, [0.95] * len(crosses), transform=panel.get_xaxis_transform(), **_cross())
    best = {rank: _points([run], name, at) for rank, run in enumerate(finished[:_BEST_COUNT])}
    _mark_best(panel, {rank: (x[0], y[0]) for rank, (x, y) in best.items() if x})
    if floor is not None:
        panel.axhline(floor, color=_FLOOR, lw=1.2, zorder=1)
    panel.set_xlabel(textwrap.fill(name.replace("_", " "), 28).replace(" ", "_"))


def _points(runs, name, at):
    """Lists of x and y of the runs that have a hyperparameter."""
    known = [o for o in runs if o.hyperparameters.get(name) is not None]
    return [at[o.hyperparameters[name]] for o in known], [o.score for o in known]


def _mark_best(panel, places):
    """Dots with their ranks; `places` is a dict from rank, from 0, to (x, y)."""
    from matplotlib.patheffects import withStroke

    for rank, (x, y) in places.items():
        panel.plot([x], [y], zorder=5 - 0.1 * rank, **_dot(True))
        panel.annotate(
            str(rank + 1),
            (x, y),
            (_LABELS[rank][0] * _side(panel, places, rank), _LABELS[rank][1]),
            textcoords="offset points",
            ha="center",
            va="center",
            color=_BEST,
            weight="bold",
            zorder=6,
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )


def _side(panel, places, rank):
    """-1 if another of the best is where the rank would be on the right, else 1."""
    spots = {other: panel.transData.transform(place) for other, place in places.items()}
    x, y = spots.pop(rank)
    return -1 if any(math.hypot(u - x - 18, v - y) < 14 for u, v in spots.values()) else 1


def _dot(best):
    colour, size = (_BEST, 9) if best else (_TRIAL, 8)
    return {"ls": "", "marker": "o", "ms": size, "mfc": colour, "mec": "white", "mew": 0.8}


def _cross():
    return {"ls": "", "marker": "X", "ms": 9, "mfc": "none", "mec": style.INK, "mew": 1.1}


def _legend(figure, finished, failed, floor):
    from matplotlib.lines import Line2D

    handles = []
    if len(finished) > _BEST_COUNT:
        handles += [Line2D([], [], label="run", **_dot(False))]
    if finished:
        handles += [Line2D([], [], label="the best, with ranks", **_dot(True))]
    if failed:
        handles += [Line2D([], [], label="did not finish", **_cross())]
    if floor is not None:
        label = f"training images ({floor:.4g})"
        handles += [Line2D([], [], label=label, color=_FLOOR, lw=1.2)]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)


def _scale_distances(panel, scores, floor, failed):
    """Scales the shared axis; returns the floor if it fits there, else None."""
    if not scores:
        panel.set(ylim=(0, 1), yticks=[])
        return None
    low, high, log = min(scores), max(scores), scales.wide(scores)
    if floor is not None and _fits(floor, low, high, log):
        low, high = min(low, floor), max(high, floor)
    else:
        floor = None
    panel.set_yscale("log" if log else "linear")
    panel.set_ylim(scales.padded(low, high, log, below=0.14, above=0.2 if failed else 0.12))
    style.plain_numbers(panel.yaxis)
    return floor


def _fits(floor, low, high, log):
    """Whether the runs still take half of the axis if it includes the floor."""
    if log:
        return floor > 0 and _fits(*np.log([floor, low, high]), False)
    span = (high - low) or abs(high) / 2
    return max(high, floor) - min(low, floor) <= 2 * span
