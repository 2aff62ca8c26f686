"""The presets by name, and what is known of each before it is built. Imports no TensorFlow."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from gan_model.storage.messages import did_you_mean

BATCH_SIZE = 16  # images; more steps for an image are worth more than steps of more images
PRETRAINED = ("fashion", "fashion_by_class")  # `trained/` has their files


@dataclass(frozen=True)
class Preset:
    """A preset, and what is known of it before it is built.

    Args:
        name: as `--preset` takes it.
        batch_size: of the commands, unless another one is asked for.
        sides: heights and widths of the images that it makes, a range; None: any.
        function: makes the compiled GAN. None: the one of this name in
            `gan_model.presets.recipes`, which is imported when it is needed.
    """

    name: str
    batch_size: int = BATCH_SIZE
    sides: range | None = None
    function: Callable | None = None

    def load(self):
        """The function that makes the compiled GAN."""
        return self.function or getattr(
            importlib.import_module("gan_model.presets.recipes"), self.name
        )


# In the order in which messages list them.
REGISTERED = {
    preset.name: preset
    for preset in (
        Preset("dense", batch_size=32),
        Preset("dcgan", batch_size=32, sides=range(16, 129, 4)),
        Preset("guidelines", batch_size=32, sides=range(16, 129, 4)),
        Preset("modern", sides=range(16, 257, 4)),
        Preset("modern_conditional", sides=range(16, 257, 4)),
    )
}


def register(function, *, batch_size=BATCH_SIZE, sides=None):
    """Adds a preset of your own, by the name of its function.

    ```python
    presets.register(mine, batch_size=32, sides=range(16, 129, 4))
    ```

    Args:
        function: takes the arguments of every preset, see `gan_model.presets`, and returns a
            compiled GAN. An argument `class_count`, `image_count` or `clusters` gets the number of
            classes, of training images, or of clusters from the commands.
        batch_size: of the commands, unless another one is asked for.
        sides: heights and widths of the images that it makes, a range, which the commands refuse
            others by; None: any.

    Returns:
        The function.
    """
    REGISTERED[function.__name__] = Preset(function.__name__, batch_size, sides, function)
    return function


def named(name):
    """The function of the preset with the given name.

    Raises:
        ValueError: if there is none; the message suggests the closest name.
    """
    if name not in REGISTERED:
        guess = did_you_mean(name, REGISTERED)
        raise ValueError(f"Unknown preset {name!r}.{guess} Known: {', '.join(REGISTERED)}.")
    return REGISTERED[name].load()


def batch_size_for(preset):
    """The batch size of a preset: 32 for `dense`, `dcgan` and `guidelines`, 16 for the others.

    Args:
        preset: a function of `gan_model.presets`.
    """
    known = REGISTERED.get(preset.__name__)
    return known.batch_size if known else BATCH_SIZE


def nearest_size(size, name):
    """The (height, width) nearest to a size of which a preset makes images; None for any size."""
    sides = REGISTERED[name].sides if name in REGISTERED else None
    if sides is None:
        return None
    multiples = [sides.step * round(side / sides.step) for side in size]
    return tuple(min(max(sides[0], side), sides[-1]) for side in multiples)


def makes(name):
    """Which sizes a preset makes, the beginning of a sentence."""
    sides = REGISTERED[name].sides
    return (
        f"`presets.{name}` makes images whose height and width are multiples of {sides.step} from "
        f"{sides[0]} to {sides[-1]}"
    )
