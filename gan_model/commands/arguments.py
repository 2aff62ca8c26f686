"""Types and options that several commands have, none of which needs TensorFlow."""

import os

import click

# gan_model.presets and gan_model.metrics have them too, and take seconds to import.
PRESETS = ("dense", "dcgan", "guidelines", "modern", "modern_conditional")
FEATURES = ("fashion", "inception", "learned", "sliced")
PRETRAINED = ("fashion", "fashion_by_class")
DATA = ("sample", "fashion_mnist", "mnist", "cifar10")


class ArgumentType(click.ParamType):
    """A type of arguments.

    Args:
        name: what the help calls a value.
        read: text -> value; raises a ValueError with a sentence.
        known: values that the Tab key offers.
        files: whether the Tab key offers files and folders.
    """

    def __init__(self, name, read=str, *, known=(), files=False):
        self.name, self._read, self._known, self._files = name, read, known, files

    def convert(self, value, param, ctx):
        """The value that a text stands for; other values are defaults."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx, param, incomplete):
        """What the Tab key offers."""
        names = [name for name in self._known if name.startswith(incomplete)]
        items = [click.shell_completion.CompletionItem(name) for name in names]
        if self._files and not items:
            items = [click.shell_completion.CompletionItem(incomplete, type="file")]
        return items


class Several(ArgumentType):
    """One or more values of one kind, with spaces or commas between them; gives a tuple."""

    def convert(self, value, param, ctx):
        """The tuple of values."""
        if not isinstance(value, str):
            return value
        words = value.replace(",", " ").split()
        if not words:
            self.fail("expected at least one argument", param, ctx)
        return tuple(ArgumentType.convert(self, word, param, ctx) for word in words)


class Choice(ArgumentType):
    """The kind that has these values, text or numbers."""

    def __init__(self, *values):
        self._values = {str(value): value for value in values}
        super().__init__("choice", self._chosen, known=self._values)

    def get_metavar(self, param, ctx):
        """The values, as the help shows them."""
        return "|".join(self._values)

    def _chosen(self, text):
        if text not in self._values:
            known = ", ".join(self._values)
            raise ValueError(f"invalid choice: {text!r} (choose from {known})")
        return self._values[text]


def joined(words, params):
    """The words of a command line, with those for an option of `Several` values made one."""
    several = {name for one in params if isinstance(one.type, Several) for name in one.opts}
    words, made = list(words), []
    while words:
        made.append(words.pop(0))
        if made[-1] in several:
            values = []
            while words and not words[0].startswith("--"):
                values.append(words.pop(0))
            made.append(" ".join(values))
    return made


def _whole(text):
    """A number that fits in 32 bits, as numpy's seeds must; no count is larger."""
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number") from None
    if number < 0:
        raise ValueError(f"{text} is less than 0")
    if number >= 2**32:
        raise ValueError(f"{text} is more than {2**32 - 1}")
    return number


def _positive(text):
    number = _whole(text)
    if number < 1:
        raise ValueError(f"{text} is less than 1")
    return number


def _number(text):
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None


def _above_0(text):
    number = _number(text)
    if not 0 < number < float("inf"):
        raise ValueError(f"{text} is no number above 0")
    return number


def _fraction(text):
    number = _number(text)
    if not 0 <= number <= 1:
        raise ValueError(f"{text} is not from 0 to 1")
    return number


def _size(text):
    sides = [_positive(side) for side in text.lower().split("x")]
    if len(sides) > 2:
        raise ValueError(f"{text!r} is neither a side nor HEIGHTxWIDTH")
    return sides[0] if len(sides) == 1 else tuple(sides)


def _path(text):
    if not text:  # of a variable of the shell that is not set; it would be the working folder
        raise ValueError("the path is empty")
    return os.path.expanduser(text)  # no shell knows ~ in --out=~/x


def _features(text):
    text = os.path.expanduser(text)
    if text in FEATURES or (text.endswith(".npz") and os.path.isfile(text)):
        return text
    raise ValueError(f"{text!r} is neither a .npz file nor one of {', '.join(FEATURES)}")


WHOLE = ArgumentType("n", _whole)  # 0 or more
POSITIVE = ArgumentType("n", _positive)  # 1 or more
POSITIVES = Several("n...", _positive)
ABOVE_0 = ArgumentType("x", _above_0)  # a learning rate, or a time
FRACTION = ArgumentType("x", _fraction)  # from 0 to 1
ALL_ABOVE_0 = Several("x...", _above_0)
SEED = ArgumentType("n", _whole)
SIZE = ArgumentType("size", _size)  # a side in pixels, or HEIGHTxWIDTH
TEXT = ArgumentType("n|name")
PATH = ArgumentType("path", _path, files=True)
MODEL = ArgumentType("run|name", _path, known=PRETRAINED, files=True)
PRESET = ArgumentType("name", known=PRESETS)
PRESET_OR_SUITED = ArgumentType("name", known=(*PRESETS, "suited"))
DATA_SET = ArgumentType("name|path", _path, known=DATA, files=True)
FEATURES_OR_FILE = ArgumentType("name", _features, known=FEATURES, files=True)


OVERWRITE = click.option(
    "--overwrite", is_flag=True, help="Also replace a file that gan-model did not write."
)
# Without a default: a run that goes on has its own.
PAD = click.option(
    "--pad", is_flag=True, default=None, help="Of a folder: pad images, do not crop them."
)
GROUND = click.option(
    "--ground",
    type=ArgumentType("colour"),
    help="Of a folder: behind transparent images; else white.",
)


def features_option(otherwise="by the images"):
    """The option that says what to measure in."""
    return click.option(
        "--features",
        type=FEATURES_OR_FILE,
        help=f"To measure in: {', '.join(FEATURES)}, or a run's features.npz; else {otherwise}.",
    )


def data_options(default):
    """The options that say what to train on, for `loaded`."""
    options = (
        click.option(
            "--data",
            type=DATA_SET,
            default=default,
            help=f"{', '.join(DATA)}, or the path of a folder of images; else {default}.",
        ),
        click.option("--data-dir", type=PATH, help="Folder with the files of a named data set."),
        click.option(
            "--image-size", type=SIZE, help="Of a folder: side or HEIGHTxWIDTH; else 64 at most."
        ),
        click.option("--channels", type=Choice(1, 3), help="Of a folder; else 1 if all are grey."),
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
    from gan_model.data.sources import FULL_SETS

    if folder and data_set not in FULL_SETS:
        raise click.UsageError(f"--data-dir is for {', '.join(FULL_SETS)}; leave it out")
