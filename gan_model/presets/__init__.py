"""Whole recipes with a name: each a function that gives a compiled GAN.

Every preset takes `image_shape`, `codings_size`, a learning rate for each player (a number, or one
of `keras.optimizers.schedules`) and `seed` (of the codings and of the order of the images), so
that one script, or one sweep, runs them all.
Each shows what else makes its recipe; some of that can be set too.
"""

from gan_model.presets.choice import PRESETS, classes_for, named
from gan_model.presets.dcgan import dcgan
from gan_model.presets.dense import dense
from gan_model.presets.guidelines import guidelines
from gan_model.presets.modern import modern, modern_conditional

__all__ = [
    "PRESETS",
    "classes_for",
    "dcgan",
    "dense",
    "guidelines",
    "modern",
    "modern_conditional",
    "named",
]
