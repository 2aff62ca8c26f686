"""Images and numbers -> PNG files a person looks at: grids, animations, charts 800 pixels wide.

grids          images -> grids, PNG files, animations
charts         nearest neighbours, pictures side by side, curves, histograms of classes
trial_charts   trials -> the chart of a search
scales, style  what the charts share
"""

from gan_model.pictures.charts import class_histogram, curve, neighbours, side_by_side
from gan_model.pictures.grids import animate, grid, png, save
from gan_model.pictures.trial_charts import trials

__all__ = [
    "animate",
    "class_histogram",
    "curve",
    "grid",
    "neighbours",
    "png",
    "save",
    "side_by_side",
    "trials",
]
