"""Images and numbers -> PNG files a person looks at: grids, animations, charts 800 pixels wide.

grids          images -> grids, PNG files, animations
image_charts   images -> nearest neighbours, pictures side by side
number_charts  numbers -> curves, histograms of classes
trial_charts   trials -> the chart of a search
scales, style  what the charts share
"""

from gan_model.pictures.grids import animate, grid, png, save
from gan_model.pictures.image_charts import neighbours, side_by_side
from gan_model.pictures.number_charts import class_histogram, curve
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
