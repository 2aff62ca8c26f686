"""The style of all charts: their size, colours, grids and numbers on axes.

Charts are matplotlib figures without a window. The colours are those of Okabe and Ito (2008), which
people with any kind of colour vision can tell apart.
"""

from gan_model.storage.atomic import atomic_write
from gan_model.storage.own_files import PROGRAM

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, FAINT = "#222222", "#d9d9d9"
_WIDTH, _DPI = 8.0, 100  # inches; 800 pixels
_SIZES = {"font.size": 11, "axes.titlesize": 12, "axes.labelsize": 11}


def figure_with_axes(height):
    """A figure of `height` inches and its only axes, in the style of all charts."""
    figure, (axes,) = panels(height)
    return figure, axes


def panels(height, rows=1, columns=1, **layout):
    """A figure of `height` inches and a list of its axes, row by row.

    Args:
        height: in inches.
        rows: of axes.
        columns: of axes.
        layout: for matplotlib's `subplots`, for example `sharey`.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_SIZES):
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, layout="constrained")
        every_axes = figure.subplots(rows, columns, squeeze=False, **layout).ravel().tolist()
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    for axes in every_axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=FAINT, lw=0.8)
        axes.set_axisbelow(True)
    return figure, every_axes


def plain_numbers(axis):
    """Formats the numbers of an axis as 2,000 and 0.1 instead of 2x10^3.

    A logarithmic axis gets ticks at 2 and 5 between powers of ten.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_formatter(FuncFormatter(plain))
    if axis.get_scale() == "log":
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_minor_formatter(NullFormatter())


def plain(value, _place=None):
    """The text 2,000 for 2000.0 and 0.1 for 0.1."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.10g}"


def write(figure, path):
    """Writes a figure as a PNG file, atomically."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with atomic_write(path) as beside:
        FigureCanvasAgg(figure).print_png(beside, metadata={"Software": PROGRAM})
