"""Numbers -> charts as PNG files, 800 pixels wide.

Drawn with matplotlib's figures and no window; colours are those of Okabe and Ito (2008), which
people with any kind of colour vision tell apart.
"""

import numpy as np

from gan_model import pictures
from gan_model.metrics.report import entropy_text

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_INK, _FAINT = "#222222", "#d9d9d9"
_WIDTH, _DPI = 8.0, 100  # inches; 800 pixels
_SIZES = {"font.size": 11, "axes.titlesize": 12, "axes.labelsize": 11}


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
    figure, axes = _figure(4.5)
    axes.bar(at, shares, 0.7, color=_COLOURS[0], label="generated", zorder=2)
    axes.hlines(real, at - 0.43, at + 0.43, color=_COLOURS[1], lw=3, label="real", zorder=3)
    axes.set_xticks(at, names, rotation=30, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("share of the images, %")
    # Room above the bars for the legend, which would else hide one of them.
    axes.set_ylim(0, 1.2 * max(*shares, *real))
    axes.set_title(f"{title}: {entropy_text(counts)}")
    axes.legend(frameon=False, ncols=2, loc="upper right")
    _write(figure, path)


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
    figure, axes = _figure(5.0)
    for number, (name, (x, y)) in enumerate(lines.items()):
        _line(axes, number, name, np.asarray(x), np.atleast_2d(y))
    axes.set(xlabel=x_label, ylabel=y_label, title=title)
    axes.set_xscale("log" if log_x else "linear")
    axes.set_yscale("log" if log_y else "linear")
    for axis in (axes.xaxis, axes.yaxis):
        _plain_numbers(axis)
    axes.grid(axis="x", color=_FAINT, lw=0.8)
    if len(lines) > 1:
        # Beside the lines, wherever they go.
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    _write(figure, path)


def neighbours(generated, training, path, *, labels, distances):
    """Writes rows of a generated image and, right of a line, its nearest training images.

    Args:
        generated: uint8 (rows, height, width) or with channels.
        training: uint8 (rows, columns, height, width) or with channels, the nearest first.
        path: of the PNG file.
        labels: what each row is, shown at its left.
        distances: of each training image from its generated one, (rows, columns).
    """
    rows, columns = training.shape[:2]
    together = np.concatenate([generated[:, None], training], axis=1)
    picture = pictures.grid(together.reshape(-1, *generated.shape[1:]), columns=1 + columns)
    cells_high = picture.shape[0] / picture.shape[1] * (1 + columns)
    figure, axes = _figure(0.9 + 6.4 / (1 + columns) * cells_high)
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255, extent=(0, 1 + columns, rows, 0))
    axes.set_aspect(cells_high / rows, anchor="E")
    axes.axvline(1, color=_COLOURS[1], lw=3)
    nearest = [f"{number}." for number in range(1, columns + 1)]
    axes.set_xticks(np.arange(1 + columns) + 0.5, ["generated", *nearest])
    reach = [
        f"{label}\n{row[0]:.3g} to {row[-1]:.3g}"
        for label, row in zip(labels, distances, strict=True)
    ]
    axes.set_yticks(np.arange(rows) + 0.5, reach)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    axes.spines[:].set_visible(False)
    axes.grid(False)
    axes.set_title("Generated images and the training images nearest to them")
    _write(figure, path)


def _figure(height):
    """A figure of `height` inches and its only axes, in the manner of all charts."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_SIZES):
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, layout="constrained")
        axes = figure.add_subplot()
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=_FAINT, lw=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def _line(axes, number, name, x, readings):
    colour, marker = _COLOURS[number % len(_COLOURS)], _MARKERS[number % len(_MARKERS)]
    mean = readings.mean(axis=0)
    axes.plot(x, mean, marker=marker, ms=5, color=colour, label=name)
    if len(readings) > 1:
        axes.fill_between(x, readings.min(axis=0), readings.max(axis=0), color=colour, alpha=0.2)


def _plain_numbers(axis):
    """2,000 and 0.1 on an axis, where matplotlib has 2x10^3; between powers of ten, 2 and 5."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_formatter(FuncFormatter(_plain))
    if axis.get_scale() == "log":
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_minor_formatter(NullFormatter())


def _plain(value, _place=None):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.10g}"


def _write(figure, path):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure).print_png(path)
