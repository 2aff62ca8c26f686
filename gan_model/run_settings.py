"""What makes one training run: the options of `gan-model train`, and what they came to.

A setting is declared once, as a field of `RunSettings`. Its option, its name in `settings.json`,
whether a run may continue with another value, and the line to type again follow from that.
"""

from dataclasses import dataclass, field, fields, replace

import click

from gan_model.arguments import (
    ABOVE_0,
    DATA_SET,
    FEATURES_OPTION,
    MODEL,
    PATH,
    PENALTY,
    POSITIVE,
    PRESET_OR_SUITED,
    SEED,
    SIZE,
    WHOLE,
    FiniteRange,
    GroupedOption,
    OneOf,
    place_of,
)
from gan_model.catalog import AUGMENTATIONS, LOSSES, PENALTIES, data_sets

# Those that `presets.objectives.with_objectives` takes.
OBJECTIVES = ("loss", "penalty", "augment", "mirror", "average", "discriminator_steps")
DATA_SETTINGS = ("data", "data_dir", "image_size", "channels", "pad", "ground")


@dataclass(frozen=True)
class _Role:
    """What is done with a setting.

    Args:
        option: arguments of its `click.option`; None where the run finds it out.
        name: of the option, and in `settings.json`; None: that of the field.
        stored: whether `settings.json` has it.
        may_change: whether a run may continue with another value.
        kept: whether a run that continues has its own value where none is given.
        fine_tuning: whether it concerns only a run that begins with a trained GAN.
        always_typed: whether the line to type also has it where it is the default.
        group: heading under which the help lists the option.
        short: a second name of the option, such as "-q".
    """

    option: dict | None = None
    name: str | None = None
    stored: bool = True
    may_change: bool = False
    kept: bool = False
    fine_tuning: bool = False
    always_typed: bool = False
    group: str | None = None
    short: str | None = None


_NAMES_OF_ROLES = {each.name for each in fields(_Role)}


def _option(help, type=None, default=None, **more):
    """A field with an option; `more` is of its `_Role` or of `click.option`."""
    role = {name: more.pop(name) for name in _NAMES_OF_ROLES & set(more)}
    option = {"help": help, "type": type, "default": default, **more}
    return field(default=default, metadata={"role": _Role(option, **role)})


def _found(**role):
    """A field without an option."""
    return field(default=None, metadata={"role": _Role(**role)})


@dataclass(frozen=True)
class RunSettings:
    """The settings of one run; each stage of its beginning makes more complete ones.

    To add an option to `gan-model train`, add a field here. An argument of the presets needs no
    more than the name that it has there.
    """

    preset: str | None = _option(
        "Recipe to train; suited chooses one for the images.",
        PRESET_OR_SUITED,
        show_default="modern, or suited for a folder",
        group="Model",
    )
    source: str | None = _option(
        "Trained GAN to continue from: a run, a file or a name.",
        MODEL,
        name="from",
        may_change=True,  # it may move: see `source_checksum`
        fine_tuning=True,
        group="Model",
    )
    freeze_discriminator: int = _option(
        "Freeze the first layers of the discriminator of --from.",
        WHOLE,
        default=0,
        metavar="LAYERS",
        fine_tuning=True,
        group="Model",
    )
    new_generator: bool = _option(
        "Draw new weights for the generator of --from.",
        default=False,
        is_flag=True,
        fine_tuning=True,
        group="Model",
    )
    codings_size: int | None = _option(
        "Numbers in one coding.", POSITIVE, show_default="the preset's", group="Model"
    )
    clusters: int | None = _option(
        "Clusters in the place of classes, for modern; 0 for none.",
        WHOLE,
        kept=True,
        show_default="20 for 10,000 gray images or more",
        group="Model",
    )
    bfloat16: bool = _option(
        "Compute in bfloat16, which can be faster.", default=False, is_flag=True, group="Model"
    )
    data: str = _option(
        f"Images: {', '.join(data_sets())}, or the path of a folder.",
        DATA_SET,
        default="sample",
        may_change=True,  # it may move: see `images`
        always_typed=True,
        group="Data",
    )
    data_dir: str | None = _option(
        "Folder with the files of a named data set.", PATH, may_change=True, group="Data"
    )
    image_size: int | tuple | None = _option(
        "Size of the images of a folder: side or HEIGHTxWIDTH.",
        SIZE,
        stored=False,
        show_default="theirs, at most 64",
        group="Data",
    )
    channels: int | None = _option(
        "Channels of the images of a folder.",
        click.Choice([1, 3]),
        stored=False,
        show_default="1 if all are gray",
        group="Data",
    )
    # These two may change, as they are in `images`.
    pad: bool | None = _option(
        "Pad the images of a folder instead of cropping them.",
        is_flag=True,
        may_change=True,
        kept=True,
        group="Data",
    )
    ground: str | None = _option(
        "Color behind the transparent images of a folder.",
        metavar="COLOR",
        show_default="white",
        may_change=True,
        kept=True,
        group="Data",
    )
    epochs: int | None = _option(
        "Epochs in total.", POSITIVE, may_change=True, show_default="20", group="Training"
    )
    minutes: float | None = _option(
        "Minutes of training, instead of epochs.",
        ABOVE_0,
        may_change=True,
        show_default="10 for a folder",
        group="Training",
    )
    batch_size: int | None = _option(
        "Images in a batch of all devices.",
        POSITIVE,
        kept=True,
        show_default="the preset's",
        group="Training",
    )
    steps_per_epoch: int | None = _option(
        "Batches in an epoch.",
        POSITIVE,
        kept=True,
        show_default="a pass, 100 for few images, a minute with --minutes",
        group="Training",
    )
    generator_learning_rate: float | None = _option(
        "Learning rate of the generator.", ABOVE_0, show_default="the preset's", group="Training"
    )
    discriminator_learning_rate: float | None = _option(
        "Learning rate of the discriminator.",
        ABOVE_0,
        show_default="the preset's",
        group="Training",
    )
    loss: str | None = _option(
        f"Adversarial loss: {', '.join(LOSSES)}.",
        OneOf(LOSSES),
        metavar="NAME",
        show_default="the preset's",
        group="Training",
    )
    penalty: tuple | None = _option(
        f"Penalty of the discriminator and its weight: {', '.join(PENALTIES)}, or none.",
        PENALTY,
        metavar="NAME:WEIGHT",
        show_default="the preset's",
        group="Training",
    )
    augment: str | None = _option(
        "Augmentation.", OneOf(AUGMENTATIONS), show_default="the preset's", group="Training"
    )
    mirror: bool = _option(
        "Also flip images horizontally at random.", default=False, is_flag=True, group="Training"
    )
    average: float | None = _option(
        "Half-life of the averaged generator, in images; 0 for no average.",
        FiniteRange(min=0),
        metavar="IMAGES",
        show_default="the preset's",
        group="Training",
    )
    discriminator_steps: int | None = _option(
        "Discriminator steps for each generator step.",
        POSITIVE,
        show_default="the preset's",
        group="Training",
    )
    seed: int = _option(
        "Seed of weights, codings and the order of images.",
        SEED,
        default=0,
        always_typed=True,
        group="Training",
    )
    devices: int | None = _option(
        "Devices of this machine.",
        POSITIVE,
        stored=False,
        show_default="all GPUs, or one CPU",
        group="Devices",
    )
    workers: int | None = _option(
        "Processes that train together.", POSITIVE, stored=False, group="Devices"
    )
    run_dir: str | None = _option(
        "Folder of the run.", PATH, stored=False, show_default="runs/PRESET-DATA", group="Output"
    )
    features: str | None = _option(**FEATURES_OPTION, may_change=True, kept=True, group="Output")
    validate_every: int = _option(
        "Epochs from one measurement to the next.",
        POSITIVE,
        default=1,
        may_change=True,
        group="Output",
    )
    quiet: bool = _option(
        "Print only errors and the final figures.",
        default=False,
        is_flag=True,
        stored=False,
        short="-q",
        group="Output",
    )
    dry_run: bool = _option(
        "Show what would be trained, and write nothing.",
        default=False,
        is_flag=True,
        stored=False,
        group="Output",
    )
    keep: int = _option("Checkpoints to keep.", POSITIVE, default=3, stored=False, group="Output")

    images: str | None = _found()  # a fingerprint
    image_shape: tuple | None = _found()
    image_count: int | None = _found()
    labels: str | None = _found()  # a fingerprint
    class_count: int | None = _found()
    class_names: tuple | None = _found(may_change=True)
    source_checksum: str | None = _found(name="source", fine_tuning=True)

    @classmethod
    def read(cls, stored):
        """The settings of a `settings.json`; what an older run does not have is the default."""
        known = {name: stored.get(_key(name)) for name, role in _ROLES.items() if role.stored}
        return cls(**{name: value for name, value in known.items() if value is not None})

    @classmethod
    def typed(cls, stored):
        """The values of the options that a `settings.json` stands for: dict by fields.

        Args:
            stored: the settings in it, a dict.

        Raises:
            ValueError: it has names that no run has.
        """
        unknown = stored.keys() - {_key(name) for name in _ROLES}
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        values = {each.name: stored.get(_key(each.name)) for each in _WITH_OPTION}
        if stored.get("data") not in data_sets() and stored.get("image_shape"):
            height, width, *channels = stored["image_shape"]
            values |= {"image_size": (height, width), "channels": (*channels, 1)[0]}
        if stored.get("from"):
            values["preset"] = None
        texts = {"image_size", "penalty"}  # click takes their texts only
        return {
            name: _typed(tuple(value)) if name in texts else value
            for name, value in values.items()
            if value is not None
        }

    def stored(self):
        """What makes this run another run than the next, for `settings.json`."""
        values = {
            _key(name): getattr(self, name)
            for name, role in _ROLES.items()
            if role.stored and (self.source or not role.fine_tuning)
        }
        # As runs of all versions have it: None, not False, where something is not asked for.
        values = {name: None if value is False else value for name, value in values.items()}
        ground = None if self.ground == "white" else self.ground
        return {**values, "data": place_of(self.data), "ground": ground}

    def resumed(self, kept):
        """What is not given is as in the run that continues.

        Args:
            kept: dict of its `settings.json`.
        """
        absent = [
            name for name, role in _ROLES.items() if role.kept and getattr(self, name) is None
        ]
        return replace(self, **{name: kept.get(_key(name)) for name in absent})

    def words(self):
        """The options of `gan-model train` that ask for these settings, a list of texts."""
        words = []
        for each in _WITH_OPTION:
            value = getattr(self, each.name)
            is_default = value == each.default and not _ROLES[each.name].always_typed
            has_networks = each.name == "preset" and self.source
            if value is None or value is False or is_default or has_networks:
                continue
            words += [_typed_name(each), *([] if value is True else [_typed(value)])]
        return words


_ROLES = {each.name: each.metadata["role"] for each in fields(RunSettings)}
_WITH_OPTION = [each for each in fields(RunSettings) if _ROLES[each.name].option]


def _key(name):
    """The name of a field in `settings.json`."""
    return _ROLES[name].name or name


def _typed_name(each):
    return f"--{_key(each.name).replace('_', '-')}"


def _typed(value):
    if isinstance(value, tuple) and isinstance(value[0], str):
        return ":".join(map(_typed, value))
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


MAY_CHANGE = frozenset(_key(name) for name, role in _ROLES.items() if role.may_change)


def run_options(*names, **defaults):
    """A decorator that adds options of `gan-model train` to a command.

    Args:
        *names: of settings; none: all.
        **defaults: other defaults than those of `train`.
    """

    def add(function):
        for each in reversed(_WITH_OPTION):
            if not names or each.name in names:
                option = {**_ROLES[each.name].option}
                option["default"] = defaults.get(each.name, each.default)
                option |= {"cls": GroupedOption, "group": _ROLES[each.name].group}
                typed = filter(None, (_ROLES[each.name].short, _typed_name(each)))
                function = click.option(*typed, each.name, **option)(function)
        return function

    return add


def data_options(default):
    """The options that say what to train on, for `arguments.loaded`."""
    return run_options(*DATA_SETTINGS, data=default)
