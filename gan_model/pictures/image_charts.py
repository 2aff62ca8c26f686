"""Charts of images: nearest neighbours, and pictures next to each other."""

import textwrap

import numpy as np

from gan_model.pictures import style
from gan_model.pictures.grids import grid

_ROW_WIDTH, _MAX_HEIGHT = 7.5, 6.0  # inches, of all pictures in a row
_LETTERS = 12  # of a title, per inch


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
    shown = [_picture(picture) for picture in shown]
    shapes = [picture.shape[1] / picture.shape[0] for picture in shown]
    height = min(_ROW_WIDTH / sum(shapes), _MAX_HEIGHT)
    titles = [_filled(title, height * shape) for title, shape in zip(titles, shapes, strict=True)]
    lines = max(title.count("\n") + 1 for title in titles)
    figure, every_axes = style.panels(
        height + 0.45 + 0.19 * lines, 1, len(shown), width_ratios=shapes
    )
    for axes, picture, title in zip(every_axes, shown, titles, strict=True):
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
        axes.set_title(title, fontsize=11)
    style.write(figure, path)


def _filled(title, width):
    """A title, wrapped to the width of a picture in inches."""
    room = max(8, int(width * _LETTERS))
    return "\n".join(textwrap.fill(line, room) for line in title.splitlines())


def _picture(picture):
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or (picture.ndim != 2 and picture.shape[2:] != (3,)):
        raise ValueError(
            "A picture is uint8, (height, width) or (height, width, 3). Received: "
            f"{picture.dtype.name} of shape {picture.shape}. Make it with pictures.grid(images)."
        )
    return picture
