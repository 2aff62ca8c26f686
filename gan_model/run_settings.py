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
from gan_model.catalog import PRESETS, data_sets

DATA_SETTINGS = ("data", "data_dir", "image_size", "channels", "pad", "ground")


@dataclass(frozen=True)
class _Role:
    """What is done with a setting.

    Args:
        name: of its option, and in `settings.json`; None: that of the field.
        stored: whether `settings.json` has it.
        may_change: whether a run may continue with another value.
        kept: whether a run that continues has its own value where none is given.
        fine_tuning: whether it concerns only a run that begins with a trained GAN.
        always_typed: whether the line to type also has it where it is the default.
    """

    name: str | None = None
    stored: bool = True
    may_change: bool = False
    kept: bool = False
    fine_tuning: bool = False
    always_typed: bool = False


def _option(type=None, default=None, *, role=_Role(), **option):
    """A field with an option, whose arguments are those of `click.option`."""
    metadata = {"role": role, "option": {"type": type, "default": default, **option}}
    return field(default=default, metadata=metadata)


def _found(role=_Role()):
    """A field without an option: a run finds it out."""
    return field(default=None, metadata={"role": role, "option": None})


@dataclass(frozen=True)
class RunSettings:
    """The settings of one run; each stage of its beginning makes more complete ones.

    To add an option to `gan-model train`, add a field here. An argument of the presets needs no
    more than the name that it has there.
    """

    preset: str | None = _option(
        PRESET_OR_SUITED,
        help=f"{', '.join(PRESETS)}; suited chooses, as for a folder.",
    )
    source: str | None = _option(
        MODEL,
        role=_Role(name="from", may_change=True, fine_tuning=True),
        help="Go on from a trained GAN: its run or file.",
    )
    freeze_discriminator: int = _option(
        WHOLE,
        default=0,
        role=_Role(fine_tuning=True),
        metavar="LAYERS",
        help="With --from: first layers that do not learn; else 0.",
    )
    new_generator: bool = _option(
        default=False,
        is_flag=True,
        role=_Role(fine_tuning=True),
        help="With --from: the generator begins anew.",
    )
    data: str = _option(
        DATA_SET,
        default="sample",
        role=_Role(may_change=True, always_typed=True),  # the images may move: see `images`
        help=f"{', '.join(data_sets())}, or the path of a folder of images.",
    )
    data_dir: str | None = _option(
        PATH, role=_Role(may_change=True), help="Folder with the files of a named data set."
    )
    image_size: int | tuple | None = _option(
        SIZE,
        role=_Role(stored=False),
        help="Of a folder: side or HEIGHTxWIDTH.",
        show_default="theirs, at most 64",
    )
    channels: int | None = _option(
        click.Choice([1, 3]),
        role=_Role(stored=False),
        help="Of a folder.",
        show_default="1 if all are grey",
    )
    # `pad` and `ground` may change, as they are in the images.
    pad: bool | None = _option(
        is_flag=True,
        role=_Role(may_change=True, kept=True),
        help="Of a folder: pad images, do not crop them.",
    )
    ground: str | None = _option(
        role=_Role(may_change=True, kept=True),
        metavar="COLOR",
        help="Of a folder: behind transparent images.",
        show_default="white",
    )
    epochs: int | None = _option(
        POSITIVE, role=_Role(may_change=True), help="Epochs in all; else 20."
    )
    minutes: float | None = _option(
        ABOVE_0,
        role=_Role(may_change=True),
        help="Of training, not epochs; else 10 for a folder.",
    )
    batch_size: int | None = _option(
        POSITIVE, role=_Role(kept=True), help="Images, of all devices; else the preset's."
    )
    devices: int | None = _option(
        POSITIVE, role=_Role(stored=False), help="Else all GPUs, or one CPU."
    )
    workers: int | None = _option(
        POSITIVE, role=_Role(stored=False), help="Processes that train together."
    )
    clusters: int | None = _option(
        WHOLE, role=_Role(kept=True), help="For modern. 0: none; else 20 if 10,000 grey or more."
    )
    bfloat16: bool = _option(
        default=False, is_flag=True, help="Compute in bfloat16, which can be faster."
    )
    codings_size: int | None = _option(POSITIVE, help="Else the preset's.")
    generator_learning_rate: float | None = _option(ABOVE_0, help="Else the preset's.")
    discriminator_learning_rate: float | None = _option(ABOVE_0, help="Else the preset's.")
    steps_per_epoch: int | None = _option(
        POSITIVE,
        role=_Role(kept=True),
        help="Else a pass, 100 if few; by --minutes a minute.",
    )
    features: str | None = _option(**FEATURES_OPTION, role=_Role(may_change=True, kept=True))
    validate_every: int = _option(
        POSITIVE,
        default=1,
        role=_Role(may_change=True),
        help="Epochs per measurement; else 1.",
    )
    seed: int = _option(
        SEED,
        default=0,
        role=_Role(always_typed=True),
        help="Of weights, codings, image order; else 0.",
    )
    run_dir: str | None = _option(
        PATH, role=_Role(stored=False), help="Folder of the run; else runs/PRESET-DATA."
    )
    keep: int = _option(
        POSITIVE, default=3, role=_Role(stored=False), help="Checkpoints to keep; else 3."
    )

    images: str | None = _found()  # a fingerprint
    image_shape: tuple | None = _found()
    image_count: int | None = _found()
    labels: str | None = _found()  # a fingerprint
    class_count: int | None = _found()
    class_names: tuple | None = _found(_Role(may_change=True))
    source_checksum: str | None = _found(_Role(name="source", fine_tuning=True))

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
            words.append(_typed_name(each))
            if value is not True:
                words.append(_typed(value))
        return words


_ROLES = {each.name: each.metadata["role"] for each in fields(RunSettings)}
_WITH_OPTION = [each for each in fields(RunSettings) if each.metadata["option"]]


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
                option = each.metadata["option"]
                option = {**option, "default": defaults.get(each.name, option["default"])}
                function = click.option(_typed_name(each), each.name, **option)(function)
        return function

    return add


def data_options(default):
    """The options that say what to train on, for `arguments.loaded`."""
    return run_options(*DATA_SETTINGS, data=default)
