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
    POSITIVE,
    PRESET_OR_SUITED,
    SEED,
    SIZE,
    WHOLE,
    place_of,
)
from gan_model.catalog import data_sets

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
    """

    option: dict | None = None
    name: str | None = None
    stored: bool = True
    may_change: bool = False
    kept: bool = False
    fine_tuning: bool = False
    always_typed: bool = False


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

    preset: str | None = _option("suited chooses, as for a folder.", PRESET_OR_SUITED)
    source: str | None = _option(
        "Go on from a trained GAN: its run or file.",
        MODEL,
        name="from",
        may_change=True,  # it may move: see `source_checksum`
        fine_tuning=True,
    )
    freeze_discriminator: int = _option(
        "With --from: first layers that do not learn.",
        WHOLE,
        default=0,
        metavar="LAYERS",
        fine_tuning=True,
    )
    new_generator: bool = _option(
        "With --from: the generator begins anew.", default=False, is_flag=True, fine_tuning=True
    )
    data: str = _option(
        f"{', '.join(data_sets())}, or the path of a folder of images.",
        DATA_SET,
        default="sample",
        may_change=True,  # it may move: see `images`
        always_typed=True,
    )
    data_dir: str | None = _option(
        "Folder with the files of a named data set.", PATH, may_change=True
    )
    image_size: int | tuple | None = _option(
        "Of a folder: side or HEIGHTxWIDTH.", SIZE, stored=False, show_default="theirs, at most 64"
    )
    channels: int | None = _option(
        "Of a folder.", click.Choice([1, 3]), stored=False, show_default="1 if all are grey"
    )
    # These two may change, as they are in `images`.
    pad: bool | None = _option(
        "Of a folder: pad images, do not crop them.", is_flag=True, may_change=True, kept=True
    )
    ground: str | None = _option(
        "Of a folder: behind transparent images.",
        metavar="COLOR",
        show_default="white",
        may_change=True,
        kept=True,
    )
    epochs: int | None = _option("Epochs in all; else 20.", POSITIVE, may_change=True)
    minutes: float | None = _option(
        "Of training, not epochs; else 10 for a folder.", ABOVE_0, may_change=True
    )
    batch_size: int | None = _option(
        "Images, of all devices; else the preset's.", POSITIVE, kept=True
    )
    devices: int | None = _option("Else all GPUs, or one CPU.", POSITIVE, stored=False)
    workers: int | None = _option("Processes that train together.", POSITIVE, stored=False)
    clusters: int | None = _option(
        "For modern. 0: none; else 20 if 10,000 grey or more.", WHOLE, kept=True
    )
    bfloat16: bool = _option(
        "Compute in bfloat16, which can be faster.", default=False, is_flag=True
    )
    codings_size: int | None = _option("Else the preset's.", POSITIVE)
    generator_learning_rate: float | None = _option("Else the preset's.", ABOVE_0)
    discriminator_learning_rate: float | None = _option("Else the preset's.", ABOVE_0)
    steps_per_epoch: int | None = _option(
        "Else a pass, 100 if few; by --minutes a minute.", POSITIVE, kept=True
    )
    features: str | None = _option(**FEATURES_OPTION, may_change=True, kept=True)
    validate_every: int = _option("Epochs per measurement.", POSITIVE, default=1, may_change=True)
    seed: int = _option("Of weights, codings, image order.", SEED, default=0, always_typed=True)
    run_dir: str | None = _option("Folder of the run; else runs/PRESET-DATA.", PATH, stored=False)
    keep: int = _option("Checkpoints to keep.", POSITIVE, default=3, stored=False)

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
                function = click.option(_typed_name(each), each.name, **option)(function)
        return function

    return add


def data_options(default):
    """The options that say what to train on, for `arguments.loaded`."""
    return run_options(*DATA_SETTINGS, data=default)
