"""Presets by name."""

import difflib
import inspect

from gan_model.presets.dcgan import dcgan
from gan_model.presets.dense import dense
from gan_model.presets.guidelines import guidelines
from gan_model.presets.modern import modern, modern_conditional

PRESETS = {
    "dense": dense,
    "dcgan": dcgan,
    "guidelines": guidelines,
    "modern": modern,
    "modern_conditional": modern_conditional,
}


def named(name):
    """The preset of that name.

    Raises:
        ValueError: there is none; the message has the nearest name.
    """
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"Unknown preset {name!r}.{guess} Known: {', '.join(PRESETS)}.")
    return PRESETS[name]


def classes_for(preset, *labels):
    """What a preset is told of the classes: {"class_count": 10}; {} for one that asks for none.

    Args:
        preset: a function of this module.
        *labels: int (n,), of all images, for training and held out; a class is a number from 0
            to the greatest of them.
    """
    if "class_count" not in inspect.signature(preset).parameters:
        return {}
    return {"class_count": 1 + max(int(max(each)) for each in labels)}
