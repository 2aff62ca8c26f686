"""Numbers -> charts as PNG files, 800 pixels wide."""

from gan_model.charts.of_images import neighbours, side_by_side
from gan_model.charts.of_numbers import class_histogram, curve
from gan_model.charts.of_trials import trials

__all__ = ["class_histogram", "curve", "neighbours", "side_by_side", "trials"]
