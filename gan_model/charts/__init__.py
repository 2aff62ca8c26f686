"""Numbers -> charts as PNG files, 800 pixels wide."""

from gan_model.charts.image_charts import neighbours, side_by_side
from gan_model.charts.number_charts import class_histogram, curve
from gan_model.charts.trial_charts import trials

__all__ = ["class_histogram", "curve", "neighbours", "side_by_side", "trials"]
