"""Charts of numbers: bars and lines."""

import numpy as np

from gan_model.pictures import style

_MARKERS = ("o", "s", "^", "D", "v", "P")


def class_histogram(counts, names, path, *, real_counts, title="Classes of the generated images"):
    """Writes a bar for the fraction of each class, with a line across at the real fraction.

    Args:
        counts: generated images of each class, int (classes,).
        names: of the classes.
        path: of the PNG file.
        real_counts: real images of each class, int (classes,); their sum is above 0.
        title: what the images are; the entropy follows.
    """
    from gan_model.metrics.report import entropy_text  # which needs TensorFlow; a grid does not

    made, real = (100 * np.asarray(c) / max(np.sum(c), 1) for c in (counts, real_counts))
    at = np.arange(len(names))
    figure, axes = style.figure_with_axes(4.5)
    axes.bar(at, made, 0.7, color=style.COLOURS[0], label="generated", zorder=2)
    axes.hlines(real, at - 0.43, at + 0.43, color=style.COLOURS[1], lw=3, label="real", zorder=3)
    axes.set_xticks(at, names, rotation=30, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("fraction of the images, %")
    # Room above the bars, so that the legend hides none of them.
    axes.set_ylim(0, 1.2 * max(*made, *real))
    axes.set_title(f"{title}: {entropy_text(counts)}")
    axes.legend(frameon=False, ncols=2, loc="upper right")
    style.write(figure, path)


def curve(lines, path, *, x_label, y_label, title="", log_x=False, log_y=False):
    """Writes lines, each with a band from the lowest to the highest of its readings.

    Args:
        lines: dict from the name of a line to a tuple of x (points,) and y, (points,) or
            (readings, points). The line connects the means of the readings.
        path: of the PNG file.
        x_label: what x is, with its unit.
        y_label: what y is, with its unit.
        title: of the chart.
        log_x: whether the x axis is logarithmic; all x must then be above 0.
        log_y: the same for y.
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
