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
    """The preset with the given name.

    Raises:
        ValueError: if there is none; the message suggests the closest name.
    """
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"Unknown preset {name!r}.{guess} Known: {', '.join(PRESETS)}.")
    return PRESETS[name]


def classes_for(preset, *labels):
    """The `class_count` argument of a preset: {"class_count": 10}; {} if the preset takes none.

    Args:
        preset: a function of `gan_model.presets`.
        *labels: arrays of integers (n,), for example the training and the held-out labels. The
            classes are 0 to the greatest label.
    """
    if "class_count" not in inspect.signature(preset).parameters:
        return {}
    return {"class_count": 1 + max(int(max(each)) for each in labels)}
