"""Complete recipes by name: functions that return a compiled GAN.

Every preset takes `image_shape`, `codings_size`, `generator_learning_rate`,
`discriminator_learning_rate` and `seed`, so that one script or one sweep can run all of them.
A learning rate is a number or an object of `keras.optimizers.schedules`. `seed` determines the
codings and the order of the images. Further arguments of a preset are described there.

`suited(images, labels)` chooses among them. `pretrained(name)` is a GAN that comes trained with the
package, and `fine_tuned(gan)` goes on from a trained one with other images.

To add a preset, write one function in one file, import it here, and name it in `PRESETS` and
`__all__`. If it calls `channels_last`, name its longest side in `image_shape`. The tests run over
`PRESETS`.
"""

import inspect

import numpy as np

from gan_model.model.labels import check_values
from gan_model.presets import rules
from gan_model.presets.choosing import choose, suited
from gan_model.presets.dcgan import dcgan
from gan_model.presets.dense import dense
from gan_model.presets.fine_tuning import fine_tuned
from gan_model.presets.guidelines import guidelines
from gan_model.presets.modern import modern, modern_conditional
from gan_model.presets.pretrained import PRETRAINED, about_pretrained, pretrained
from gan_model.storage.messages import did_you_mean

PRESETS = {
    preset.__name__: preset for preset in (dense, dcgan, guidelines, modern, modern_conditional)
}

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


def batch_size_for(preset):
    """The batch size that a preset was measured with: 32 for the recipes, 16 for the others.

    Args:
        preset: a function of `gan_model.presets`.
    """
    return 32 if preset in (dense, dcgan, guidelines) else rules.BATCH_SIZE


def clusters_for(preset, images):
    """The number of clusters that a preset makes of images; None for none.

    Args:
        preset: a function of `gan_model.presets`.
        images: training images, an array.
    """
    return rules.clusters_for(images.shape[1:], len(images)) if preset is modern else None


def classes_for(preset, *labels):
    """The `class_count` argument of a preset: {"class_count": 10}; {} if the preset takes none.

    Args:
        preset: a function of `gan_model.presets`.
        *labels: arrays of integers (n,) or (n, 1), for example the training and the held-out
            labels. The classes are 0 to the greatest label.

    Raises:
        ValueError: labels that are no such integers.
    """
    if "class_count" not in inspect.signature(preset).parameters:
        return {}
    for each in labels:
        check_values(np.asarray(each))
    return {"class_count": 1 + max(int(np.max(each)) for each in labels)}


def image_count_for(preset, images):
    """The `image_count` argument of a preset: {"image_count": 3000}; {} if the preset takes none.

    Args:
        preset: a function of `gan_model.presets`.
        images: those to train on.
    """
    takes = "image_count" in inspect.signature(preset).parameters
    return {"image_count": len(images)} if takes else {}
