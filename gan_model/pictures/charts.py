"""Charts: of images next to each other, of classes, of curves."""

import itertools
import textwrap

import numpy as np

from gan_model.pictures import style
from gan_model.pictures.grids import grid

_ROW_WIDTH, _MAX_HEIGHT = 7.5, 6.0  # inches, of all pictures in a row
_LETTERS = 12  # of a title, per inch
_MARKERS = ("o", "s", "^", "D", "v", "P")


def neighbours(generated, training, path, *, labels, distances):
    """Writes one row for each generated image: the image, then its nearest training images.

    Args:
        generated: uint8 (rows, height, width) or with channels.
        training: uint8 (rows, columns, height, width) or with channels, the nearest first.
        path: of the PNG file.
        labels: a text for each row, shown at its left.
        distances: (rows, columns), of each training image to the generated one.
    """
    rows, columns = training.shape[:2]
    together = np.concatenate([generated[:, None], training], axis=1)
    picture = grid(together.reshape(-1, *generated.shape[1:]), columns=1 + columns)
    cells_high = picture.shape[0] / picture.shape[1] * (1 + columns)
    figure, axes = style.figure_with_axes(0.9 + 6.4 / (1 + columns) * cells_high)
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255, extent=(0, 1 + columns, rows, 0))
    axes.set_aspect(cells_high / rows, anchor="E")
    axes.axvline(1, color=style.COLOURS[1], lw=3)
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
    style.write(figure, path)


def side_by_side(shown, titles, path):
    """Writes pictures of equal height in one row, with a title above each.

    Args:
        shown: list of uint8 pictures, (height, width) or (height, width, 3), of any sizes.
        titles: a text for each; long ones are wrapped.
        path: of the PNG file.
    """
    shown = [np.asarray(picture) for picture in shown]
    for picture in shown:
        if picture.dtype != np.uint8 or (picture.ndim != 2 and picture.shape[2:] != (3,)):
            raise ValueError(
                "A picture is uint8, (height, width) or (height, width, 3). Received: "
                f"{picture.dtype.name} of shape {picture.shape}. Make it with "
                "pictures.grid(images)."
            )
    shapes = [picture.shape[1] / picture.shape[0] for picture in shown]
    height = min(_ROW_WIDTH / sum(shapes), _MAX_HEIGHT)
    letters = [max(8, int(height * shape * _LETTERS)) for shape in shapes]
    titles = [
        "\n".join(textwrap.fill(line, room) for line in title.splitlines())
        for title, room in zip(titles, letters, strict=True)
    ]
    lines = max(title.count("\n") + 1 for title in titles)
    figure, every_axes = style.panels(
        height + 0.45 + 0.19 * lines, 1, len(shown), width_ratios=shapes
    )
    for axes, picture, title in zip(every_axes, shown, titles, strict=True):
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
        axes.set_title(title, fontsize=11)
    style.write(figure, path)


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
    looks = zip(itertools.cycle(style.COLOURS), itertools.cycle(_MARKERS), strict=True)
    for (name, (x, y)), (colour, marker) in zip(lines.items(), looks, strict=False):
        readings = np.atleast_2d(y)
        axes.plot(x, readings.mean(axis=0), marker=marker, ms=5, color=colour, label=name)
        if len(readings) > 1:
            low, high = readings.min(axis=0), readings.max(axis=0)
            axes.fill_between(x, low, high, color=colour, alpha=0.2)
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
