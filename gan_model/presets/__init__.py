"""Complete recipes by name: functions that return a compiled GAN.

Every preset takes `image_shape`, `codings_size`, `generator_learning_rate`,
`discriminator_learning_rate` and `seed`, so that one script or one sweep can run all of them.
A learning rate is a number or an object of `keras.optimizers.schedules`. `seed` determines the
codings and the order of the images. Further arguments of a preset are described there.

`suited(images, labels)` chooses among them. `pretrained(name)` is a GAN that comes trained with the
package, and `fine_tuned(gan)` continues training one with other images.

recipes            dense, dcgan, guidelines, modern, modern_conditional
rules              what `modern` makes of the image size and the number of images
choosing           images and labels -> a preset and its arguments
pretrained_models  the GANs that come trained with the package
fine_tuning        a trained GAN -> one that is trained on other images

To add a preset, write its function in `recipes` and a `Preset` in `gan_model.catalog`, and import
it here. To add one from a program of your own, call `register`.
"""

from gan_model import catalog
from gan_model.catalog import PRETRAINED
from gan_model.presets import recipes, rules
from gan_model.presets.choosing import (
    Choice,
    batch_size_for,
    choose,
    classes_for,
    clusters_for,
    image_count_for,
    suited,
)
from gan_model.presets.fine_tuning import fine_tuned
from gan_model.presets.pretrained_models import about_pretrained, pretrained
from gan_model.presets.recipes import dcgan, dense, guidelines, modern, modern_conditional
from gan_model.storage.messages import did_you_mean

PRESETS = {name: getattr(recipes, name) for name in catalog.PRESETS}

__all__ = [
    "PRESETS",
    "PRETRAINED",
    "Choice",
    "about_pretrained",
    "batch_size_for",
    "choose",
    "classes_for",
    "clusters_for",
    "dcgan",
    "dense",
    "fine_tuned",
    "guidelines",
    "image_count_for",
    "modern",
    "modern_conditional",
    "named",
    "pretrained",
    "register",
    "rules",
    "suited",
]


def named(name):
    """The preset with the given name.

    Raises:
        ValueError: if there is none; the message suggests the closest name.
    """
    if name not in PRESETS:
        guess = did_you_mean(name, PRESETS)
        raise ValueError(f"Unknown preset {name!r}.{guess} Known: {', '.join(PRESETS)}.")
    return PRESETS[name]


def register(function, *, batch_size=catalog.BATCH_SIZE, sides=None):
    """Adds a preset of your own, by the name of its function, for the commands too.

    ```python
    presets.register(mine, batch_size=32, sides=range(16, 129, 4))
    ```

    Args:
        function: takes the arguments of every preset, see above, and returns a compiled GAN. If it
            also takes `class_count`, `image_count` or `clusters`, the commands give it the number
            of classes, of training images, or of clusters.
        batch_size: of the commands, unless another one is asked for.
        sides: heights and widths of the images that it makes, a range; the commands refuse others.
            None: any.
    """
    name = function.__name__
    catalog.PRESETS[name] = catalog.Preset(name, batch_size, sides)
    PRESETS[name] = function
