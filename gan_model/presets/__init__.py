"""Complete recipes by name: functions that return a compiled GAN.

Every preset takes `image_shape`, `codings_size`, `generator_learning_rate`,
`discriminator_learning_rate` and `seed`, so that one script or one sweep can run all of them.
A learning rate is a number or an object of `keras.optimizers.schedules`. `seed` determines the
codings and the order of the images. Further arguments of a preset are described there.

`suited(images, labels)` chooses among them. `pretrained(name)` is a GAN that comes trained with the
package, and `fine_tuned(gan)` continues training one with other images.

registry           the names of the presets, their batch sizes and image sizes; a preset of yours
recipes            dense, dcgan, guidelines, modern, modern_conditional
rules              what `modern` makes of the image size and the number of images
choosing           images and labels -> a preset and its arguments
pretrained_models  the GANs that come trained with the package
fine_tuning        a trained GAN -> one that is trained on other images

To add a preset, write its function in `recipes`, and a `Preset` in `registry`. To add one from your
own program, call `register`. `PRESETS` has the functions of all by their names.
"""

import importlib
from typing import TYPE_CHECKING

from gan_model.presets.registry import PRETRAINED, REGISTERED, batch_size_for, named, register

if TYPE_CHECKING:  # for editors and type checkers; see `__getattr__`
    from gan_model.presets.choosing import (
        choose,
        classes_for,
        clusters_for,
        image_count_for,
        suited,
    )
    from gan_model.presets.fine_tuning import fine_tuned
    from gan_model.presets.pretrained_models import about_pretrained, pretrained
    from gan_model.presets.recipes import dcgan, dense, guidelines, modern, modern_conditional

    PRESETS = {name: preset.load() for name, preset in REGISTERED.items()}

__all__ = [
    "PRESETS",
    "PRETRAINED",
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
    "suited",
]

_FILES = {
    "about_pretrained": "pretrained_models",
    "fine_tuned": "fine_tuning",
    "pretrained": "pretrained_models",
    **dict.fromkeys(
        ("choose", "classes_for", "clusters_for", "image_count_for", "suited"), "choosing"
    ),
}


def __getattr__(name):
    """Imports a file when it is used: the command line needs the names of the presets alone."""
    if name == "PRESETS":  # at each use, with those that were registered meanwhile
        return {name: preset.load() for name, preset in REGISTERED.items()}
    if name == "rules":
        return importlib.import_module("gan_model.presets.rules")
    if name in REGISTERED:
        return REGISTERED[name].load()
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"gan_model.presets.{_FILES[name]}"), name)
