"""Types and options that several commands have, none of which needs TensorFlow."""

import os
from collections import ChainMap

import click
from click.shell_completion import CompletionItem

from gan_model.catalog import FEATURES, FULL_SETS, PRESETS, PRETRAINED, data_sets


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


class OneOf(click.Choice):
    """A name in a table, which may get more of them after this was made.

    Args:
        table: dict by name.
    """

    def __init__(self, table):
        super().__init__(())
        self.choices = table


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
ABOVE_0 = click.FloatRange(min=0, min_open=True)  # a learning rate, or minutes
FRACTION = click.FloatRange(0, 1)
POSITIVES = Several(POSITIVE)
ALL_ABOVE_0 = Several(ABOVE_0)
SIZE = size
PATH = PathOrName()
MODEL = PathOrName(*PRETRAINED)  # the folder of a run, a file, or a GAN that comes trained
PRESET = OneOf(PRESETS)
PRESET_OR_SUITED = OneOf(ChainMap({"suited": None}, PRESETS))
DATA_SET = PathOrName(*data_sets())


def Choice(*values):
    """`click.Choice`."""
    return click.Choice(values)


OVERWRITE = click.option(
    "--overwrite", is_flag=True, help="Also replace a file that gan-model did not write."
)
# Without a default: a run that goes on has its own.
PAD = click.option(
    "--pad", is_flag=True, default=None, help="Of a folder: pad images, do not crop them."
)
GROUND = click.option(
    "--ground",
    metavar="COLOR",
    help="Of a folder: behind transparent images.",
    show_default="white",
)


def _features(ctx, param, value):
    """The value of --features, if it can be one: data and a GAN are loaded first, for minutes."""
    if value in (None, *FEATURES) or (value.endswith(".npz") and os.path.isfile(value)):
        return value
    raise click.BadParameter(f"{value!r} is neither a .npz file nor one of {', '.join(FEATURES)}.")


def features_option(otherwise="by the images"):
    """The option that says what to measure in."""
    return click.option(
        "--features",
        type=PathOrName(*FEATURES),
        callback=_features,
        help=f"To measure in: {', '.join(FEATURES)}, or a run's features.npz.",
        show_default=otherwise,
    )


def data_options(default):
    """The options that say what to train on, for `loaded`."""
    options = (
        click.option(
            "--data",
            type=DATA_SET,
            default=default,
            help=f"{', '.join(data_sets())}, or the path of a folder of images.",
        ),
        click.option("--data-dir", type=PATH, help="Folder with the files of a named data set."),
        click.option(
            "--image-size",
            type=SIZE,
            help="Of a folder: side or HEIGHTxWIDTH.",
            show_default="theirs, at most 64",
        ),
        click.option(
            "--channels",
            type=click.Choice([1, 3]),
            help="Of a folder.",
            show_default="1 if all are grey",
        ),
        PAD,
        GROUND,
    )

    def add(function):
        for option in reversed(options):
            function = option(function)
        return function

    return add


def loaded(args):
    """The images and labels that the values of `data_options` ask for; see `data.load`."""
    from gan_model import data

    check_data_dir(args.data_dir, args.data)
    return data.load(
        args.data,
        folder=args.data_dir,
        image_size=args.image_size,
        channels=args.channels,
        pad=bool(args.pad),
        ground=args.ground or "white",
    )


def check_data_dir(folder, data_set):
    """Raises a UsageError where --data-dir is given for images that are not in its files."""
    if folder and data_set not in FULL_SETS:
        raise click.UsageError(f"--data-dir is for {', '.join(FULL_SETS)}; leave it out")
