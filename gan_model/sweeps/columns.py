"""Columns of values -> lines of text for a terminal."""

import textwrap

from gan_model.metrics.report import number

_WIDTH = 100  # of a terminal, in characters
_WIDEST = 24  # of a cell
_GAP = "  "


def grid(columns, *, again=2, width=_WIDTH):
    """Columns side by side; those beyond `width` characters go below, behind the first again.

    Args:
        columns: list of (title, values), all with as many values; None is shown as "-". A title
            is wrapped to about the width of its values, between words and at each "_". "name"
            and "state" stand at the left of their columns, all else at the right.
        again: columns that stand at the beginning of each block of lines.
        width: characters.
    """
    height = max(len(_titled(*column)[0]) for column in columns)
    columns = [_column(*column, height) for column in columns]
    blocks = [columns[:again]]
    for column in columns[again:]:
        if len(_GAP.join(c[0] for c in [*blocks[-1], column])) > width:
            blocks.append(columns[:again])
        blocks[-1].append(column)
    lines = [[_GAP.join(cells).rstrip() for cells in zip(*b, strict=True)] for b in blocks]
    return "\n\n".join("\n".join(block).lstrip("\n") for block in lines)


def cut(text, width=_WIDTH):
    """A text of at most `width` characters, the end replaced by "..." where it is longer."""
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."


def _column(title, values, height):
    """Cells of one width: the title in `height` lines, then the values."""
    head, cells = _titled(title, values)
    cells = [""] * (height - len(head)) + head + cells
    width, side = max(map(len, cells)), "<" if title in ("name", "state") else ">"
    return [f"{cell:{side}{width}}" for cell in cells]


def _titled(title, values):
    """The lines of a title, no wider than its cells or its longest word, and those cells."""
    cells = [_cell(value) for value in values]
    words = title.replace("_", " ")
    lines = textwrap.wrap(words, max(map(len, [*cells, *words.split(), "beta_1"])))
    return [line.replace(" ", "_") if "_" in title else line for line in lines], cells


def _cell(value):
    if value is None:
        return "-"
    return number(value) if isinstance(value, float) else cut(str(value), _WIDEST)
