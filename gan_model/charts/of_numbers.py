"""Charts of numbers: bars and lines."""

import numpy as np

from gan_model.charts import style
from gan_model.metrics.report import entropy_text

_MARKERS = ("o", "s", "^", "D", "v", "P")


def class_histogram(counts, names, path, *, real_counts, title="Classes of the generated images"):
    """Writes bars of the share of each class, a line across each where the real share is.

    Args:
        counts: generated images of each class, int (classes,).
        names: of the classes.
        path: of the PNG file.
        real_counts: real images of each class, int (classes,); any total but 0.
        title: what the images are; the entropy is put behind it.
    """
    shares, real = (100 * np.asarray(c) / max(np.sum(c), 1) for c in (counts, real_counts))
    at = np.arange(len(names))
    figure, axes = style.figure_with_axes(4.5)
    axes.bar(at, shares, 0.7, color=style.COLOURS[0], label="generated", zorder=2)
    axes.hlines(real, at - 0.43, at + 0.43, color=style.COLOURS[1], lw=3, label="real", zorder=3)
    axes.set_xticks(at, names, rotation=30, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("share of the images, %")
    # Room above the bars for the legend, which would else hide one of them.
    axes.set_ylim(0, 1.2 * max(*shares, *real))
    axes.set_title(f"{title}: {entropy_text(counts)}")
    axes.legend(frameon=False, ncols=2, loc="upper right")
    style.write(figure, path)


def curve(lines, path, *, x_label, y_label, title="", log_x=False, log_y=False):
    """Writes lines with a band each from the least to the greatest of their readings.

    Args:
        lines: dict from the name of a line to (x (points,), y (points,) or (readings, points)).
            The line goes through the means of the readings.
        path: of the PNG file.
        x_label: what x is, with its unit.
        y_label: what y is, with its unit.
        title: of the chart.
        log_x: whether equal steps are equal factors.
        log_y: the same for y; all readings must be above 0 then.
    """
    figure, axes = style.figure_with_axes(5.0)
    for number, (name, (x, y)) in enumerate(lines.items()):
        _line(axes, number, name, np.asarray(x), np.atleast_2d(y))
    axes.set(xlabel=x_label, ylabel=y_label, title=title)
    axes.set_xscale("log" if log_x else "linear")
    axes.set_yscale("log" if log_y else "linear")
    for axis in (axes.xaxis, axes.yaxis):
        style.plain_numbers(axis)
    axes.grid(axis="x", color=style.FAINT, lw=0.8)
    if len(lines) > 1:
        # Beside the lines, wherever they go.
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    style.write(figure, path)


def _line(axes, number, name, x, readings):
    colour, marker = style.COLOURS[number % len(style.COLOURS)], _MARKERS[number % len(_MARKERS)]
    mean = readings.mean(axis=0)
    axes.plot(x, mean, marker=marker, ms=5, color=colour, label=name)
    if len(readings) > 1:
        axes.fill_between(x, readings.min(axis=0), readings.max(axis=0), color=colour, alpha=0.2)
