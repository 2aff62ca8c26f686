"""Columns of values -> lines of text for a terminal."""

import textwrap

from gan_model.text import number

_WIDTH = 100  # of a terminal, in characters
_MAX_CELL = 24  # characters in a cell
_GAP = "  "


def grid(columns, *, repeated_columns=2, width=_WIDTH):
    """Lines of text with columns next to each other.

    Columns that do not fit into `width` characters go into a block below, which begins with the
    first columns again.

    Args:
        columns: list of (title, values), with equally many values; None is shown as "-". A title
            is wrapped to about the width of its values, between words and at each "_". The columns
            "name" and "state" are aligned to the left, all others to the right.
        repeated_columns: number of columns that each block begins with.
        width: characters of a line.
    """
    height = max(len(_titled(*column)[0]) for column in columns)
    columns = [_column(*column, height) for column in columns]
    blocks = [columns[:repeated_columns]]
    for column in columns[repeated_columns:]:
        if len(_GAP.join(c[0] for c in [*blocks[-1], column])) > width:
            blocks.append(columns[:repeated_columns])
        blocks[-1].append(column)
    lines = [[_GAP.join(cells).rstrip() for cells in zip(*b, strict=True)] for b in blocks]
    return "\n\n".join("\n".join(block).lstrip("\n") for block in lines)


def cut(text, width=_WIDTH):
    """The text, with its end replaced by "..." if it has more than `width` characters."""
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."


def _column(title, values, height):
    """Cells of equal width: the title in `height` lines, then the values."""
    head, cells = _titled(title, values)
    cells = [""] * (height - len(head)) + head + cells
    width, side = max(map(len, cells)), "<" if title in ("name", "state") else ">"
    return [f"{cell:{side}{width}}" for cell in cells]


def _titled(title, values):
    """The lines of a title, as wide as its cells or its longest word, and those cells."""
    cells = [_cell(value) for value in values]
    words = title.replace("_", " ")
    lines = textwrap.wrap(words, max(map(len, [*cells, *words.split(), "beta_1"])))
    return [line.replace(" ", "_") if "_" in title else line for line in lines], cells


def _cell(value):
    if value is None:
        return "-"
    return number(value) if isinstance(value, float) else cut(str(value), _MAX_CELL)
