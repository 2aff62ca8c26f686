"""What a person types -> values. The types and options that commands share; no TensorFlow."""

import math
import os
from collections import ChainMap
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from gan_model.catalog import FEATURES, FULL_SETS, PENALTIES, PRESETS, PRETRAINED, data_sets
from gan_model.storage.messages import did_you_mean

SUITED = "suited"  # not a preset, but the choice of one


class PathOrName(click.Path):
    """A path, in which `~` is the home folder (no shell expands it in `--out=~/x`), or a name.

    Args:
        names: that the Tab key offers besides files and folders.
    """

    def __init__(self, *names):
        super().__init__()
        self._names = names
        if names:
            self.name = "path or name"

    def convert(self, value, param, ctx):
        """The path of a text."""
        if value == "":  # of a variable of the shell that is not set; it would be the folder itself
            self.fail("The path is empty.", param, ctx)
        return super().convert(os.path.expanduser(value), param, ctx)

    def shell_complete(self, ctx, param, incomplete):
        """Names that begin like this; else files."""
        names = [CompletionItem(name) for name in self._names if name.startswith(incomplete)]
        return names or super().shell_complete(ctx, param, incomplete)


class _Features(PathOrName):
    """What to measure in. A wrong name is refused here: data and a GAN take minutes to load."""

    def convert(self, value, param, ctx):
        """The name, or the path of a file that exists."""
        value = super().convert(value, param, ctx)
        if value not in FEATURES and not (value.endswith(".npz") and os.path.isfile(value)):
            known = ", ".join(FEATURES)
            self.fail(f"{value!r} is neither a .npz file nor one of {known}.", param, ctx)
        return value


class Several(click.ParamType):
    """One or more values of a type, with commas or spaces between them: a tuple."""

    def __init__(self, type):
        self._type = click.types.convert_type(type)
        self.name = f"{self._type.name}..."

    def convert(self, value, param, ctx):
        """The values of a text."""
        if not isinstance(value, str):
            return value
        words = value.replace(",", " ").split()
        if not words:
            self.fail("Give one value or more.", param, ctx)
        return tuple(self._type(word, param, ctx) for word in words)


class OneOf(click.Choice):
    """A name in a table, which may get more of them later; else the nearest one is suggested.

    Args:
        table: dict by name.
    """

    def __init__(self, table):
        super().__init__(())
        self.choices = table

    def get_invalid_choice_message(self, value, ctx):
        """The sentence on a name that is not in the table."""
        return super().get_invalid_choice_message(value, ctx) + did_you_mean(value, self.choices)


class FiniteRange(click.FloatRange):
    """`click.FloatRange` without the texts `nan` and `inf`, which it takes for numbers."""

    def convert(self, value, param, ctx):
        """The number of a text."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


class GroupedOption(click.Option):
    """An option that the help lists under a heading.

    Args:
        group: the heading; None: that of all other options.
    """

    def __init__(self, *names, group=None, **settings):
        super().__init__(*names, **settings)
        self.group = group


def penalty(text):
    """The type of a penalty: NAME:WEIGHT -> (name, weight); "none" -> ("none",)."""
    name, _, weight = text.partition(":")
    if text == "none":
        return ("none",)
    if name not in PENALTIES:
        known = ", ".join((*PENALTIES, "none"))
        guess = did_you_mean(name, PENALTIES)
        raise click.BadParameter(f"{name!r} is not a penalty.{guess} Known: {known}.")
    if not weight:
        raise click.BadParameter(f"{text!r} has no weight. Type {text}:10.")
    return name, ABOVE_0.convert(weight, None, None)


def size(text):
    """The type of an image's size: a side in pixels, or (height, width) of HEIGHTxWIDTH."""
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and int(side) for side in sides):
        raise click.BadParameter(f"{text!r} is neither a side in pixels nor HEIGHTxWIDTH.")
    sides = tuple(map(int, sides))
    return sides[0] if len(sides) == 1 else sides


WHOLE = click.IntRange(min=0)
POSITIVE = click.IntRange(min=1)
SEED = click.IntRange(0, 2**32 - 1)  # as NumPy takes them
ABOVE_0 = FiniteRange(min=0, min_open=True)  # a learning rate, or minutes
FRACTION = FiniteRange(0, 1)
POSITIVES = Several(POSITIVE)
ALL_ABOVE_0 = Several(ABOVE_0)
SIZE = size
PENALTY = penalty
PATH = PathOrName()
MODEL = PathOrName(*PRETRAINED)  # the folder of a run, a file, or a GAN that comes trained
PRESET = OneOf(PRESETS)
PRESET_OR_SUITED = OneOf(ChainMap({SUITED: None}, PRESETS))
DATA_SET = PathOrName(*data_sets())

OVERWRITE = click.option(
    "--overwrite", is_flag=True, help="Also replace a file that gan-model did not write."
)
FEATURES_OPTION = {
    "type": _Features(*FEATURES),
    "help": f"Features to measure in: {', '.join(FEATURES)}, or a run's features.npz.",
    "show_default": "by the images",
}


def features_option(otherwise=FEATURES_OPTION["show_default"]):
    """The option that says what to measure in."""
    return click.option("--features", **{**FEATURES_OPTION, "show_default": otherwise})


def place_of(data):
    """The name of a data set, or the whole path of a folder of images."""
    return data if data in data_sets() else str(Path(os.path.expanduser(data)).resolve())


def loaded(settings):
    """The images and labels that the values of `run_settings.data_options` ask for."""
    from gan_model import data

    check_data_dir(settings.data_dir, settings.data)
    return data.load(
        settings.data,
        folder=settings.data_dir,
        image_size=settings.image_size,
        channels=settings.channels,
        pad=bool(settings.pad),
        ground=settings.ground or "white",
    )


def check_data_dir(folder, data_set):
    """Raises a UsageError where --data-dir is given for images that are not in its files."""
    if folder and data_set not in FULL_SETS:
        raise click.UsageError(f"--data-dir is for {', '.join(FULL_SETS)}; leave it out")
