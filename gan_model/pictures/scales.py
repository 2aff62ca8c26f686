"""Values -> the scale, the limits and the ticks of an axis."""

import math

import numpy as np

from gan_model.pictures import style

_WIDE = 8  # values that span more than this factor have a logarithmic axis
_MAX_INTEGERS = 6  # up to so many different integers have a tick each
_MAX_TICKS = 5
_MIN_GAP = 0.12  # between two ticks, as a fraction of the axis
_WITHIN_TEN = ((1, 2, 5), (1, 3), (1,))


def scale_values(panel, values):
    """Scales the x axis for a hyperparameter; returns a dict from its values to positions.

    Texts and booleans have equal gaps; numbers have a linear or a logarithmic axis, whichever
    suits them.

    Args:
        panel: matplotlib axes.
        values: int, float, str or bool, at least one, in any order, with or without duplicates.
    """
    if any(isinstance(value, str | bool) for value in values):
        return _categories(panel, sorted(set(values), key=str))
    distinct = sorted(set(values))
    few = len(distinct) == 1 or (
        len(distinct) <= _MAX_INTEGERS and all(isinstance(value, int) for value in distinct)
    )
    log = _geometric(distinct) if few else wide(distinct)
    panel.set_xscale("log" if log else "linear")
    low, high = padded(distinct[0], distinct[-1], log, below=0.1, above=0.1)
    panel.set_xlim(low, high)
    _ticks(panel, distinct if few else None, log)
    return {value: value for value in distinct}


def _categories(panel, values):
    texts = [str(value) for value in values]
    texts = [text if len(text) <= 18 else text[:15] + "..." for text in texts]
    tilted = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
    panel.set_xticks(range(len(values)), texts, **(tilted if sum(map(len, texts)) > 24 else {}))
    panel.set_xlim(-0.6, len(values) - 0.4)
    return {value: place for place, value in enumerate(values)}


def wide(values):
    """Whether all values are above 0 and span more than a factor of 8."""
    return min(values) > 0 and max(values) > _WIDE * min(values)


def padded(low, high, log, *, below, above):
    """Limits of an axis with room at both ends, as fractions of the range; 0 is allowed."""
    if log:
        return np.exp(padded(*np.log([low, high]), False, below=below, above=above)).tolist()
    span = (high - low) or abs(high) / 2 or 1.0
    return [low - below * span, high + above * span]


def _geometric(distinct):
    """Whether sorted values are more even on a logarithmic axis: 32, 64, 128, but not 1, 2, 3."""
    if len(distinct) < 3 or distinct[0] <= 0:
        return False
    return _unevenness(np.log(distinct)) < _unevenness(distinct)


def _unevenness(values):
    steps = np.diff(values)
    return steps.max() / steps.min()


def _ticks(panel, distinct, log):
    """Sets ticks at the values themselves, or at round numbers if `distinct` is None."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    axis, limits = panel.xaxis, panel.get_xlim()
    if distinct is None and not log:
        axis.set_major_locator(MaxNLocator(_MAX_TICKS - 1, steps=(1, 2, 5, 10)))
    else:
        at = _round_numbers(*limits) if distinct is None else distinct
        axis.set_major_locator(FixedLocator(_apart(at, limits, log)))
        axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(short))


def _round_numbers(low, high):
    """At most five round numbers between two: 1, 2, 5, 10 ... or 1, 3, 10 ... or powers of ten."""
    tens = 10.0 ** np.arange(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for within in _WITHIN_TEN:
        at = [ten * part for ten in tens for part in within if low <= ten * part <= high]
        if len(at) <= _MAX_TICKS:
            return at
    return at[:: math.ceil(len(at) / _MAX_TICKS)]


def _apart(ticks, limits, log):
    """Ticks without those that are too near to the one before."""
    place = math.log if log else float
    low, high = (place(limit) for limit in limits)
    kept = []
    for tick in ticks:
        if not kept or place(tick) - place(kept[-1]) > _MIN_GAP * (high - low):
            kept.append(tick)
    return kept


def short(value, _place=None):
    """The text 5e-5, 0.01, 32 or 2,000, at most four digits of small numbers."""
    if not 0 < abs(value) < 0.01:
        return style.plain(float(f"{value:.6g}"))
    digits, exponent = f"{value:.3e}".split("e")
    return f"{float(digits):g}e{int(exponent)}"
