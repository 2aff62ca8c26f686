"""Complete recipes by name: functions that return a compiled GAN.

Every preset takes `image_shape`, `codings_size`, `generator_learning_rate`,
`discriminator_learning_rate` and `seed`, so that one script or one sweep can run all of them.
A learning rate is a number or an object of `keras.optimizers.schedules`. `seed` determines the
codings and the order of the images. Further arguments of a preset are described there.

To add a preset, write one function in one file, import it here, and add it to `PRESETS` in
choice.py. The tests run over `PRESETS`.
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
