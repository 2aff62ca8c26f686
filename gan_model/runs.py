"""One training run <-> one folder that a person can read.

settings.json    what the run was asked for, its versions, and what its quality is measured in
history.csv      figures of each epoch
time.csv         seconds trained until the end of each epoch
samples/         grids of images, of each epoch or of some, and all of them as a GIF
features.npz     the features learned from its images, where its quality is measured in them
tensorboard/     what `tensorboard --logdir` shows
checkpoints/     the last states, to continue from
best.keras       the GAN of the epoch with the least held-out distance
gan.keras        the finished GAN, both optimizers included
generator.keras  the finished generator alone, averaged where the GAN has an average
source.keras     the GAN that the run began with, where it goes on from a trained one
"""

import contextlib
import functools
import inspect
import platform
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from gan_model import callbacks, presets
from gan_model.callbacks.checkpoints import by_epoch, epoch_of, saved, steps_in
from gan_model.callbacks.training_time import seconds_until
from gan_model.features import LearnedFeatures
from gan_model.features.extractor import checksum_of
from gan_model.networks.layers import dtype_policy
from gan_model.presets.objectives import with_objectives
from gan_model.run_settings import MAY_CHANGE, OBJECTIVES
from gan_model.storage.atomic import atomic_write
from gan_model.storage.keras_file import load_model
from gan_model.storage.paths import expanded
from gan_model.storage.settings_folder import Folder

_OF_THE_IMAGES = "data", "data_dir", "images", "features", "pad", "ground", "class_names"


class RunFolder(Folder):
    """The folder of one run.

    Args:
        path: the folder; it need not exist.
    """

    kind, doing, may_change = "run", "training", MAY_CHANGE

    def __init__(self, path):
        super().__init__(path)
        self.samples, self.history = self.path / "samples", self.path / "history.csv"
        self.tensorboard = self.path / "tensorboard"
        self.features = self.path / "features.npz"
        self.best, self.gan = self.path / "best.keras", self.path / "gan.keras"
        self.generator, self.source = self.path / "generator.keras", self.path / "source.keras"

    def holds_run(self):
        """Whether there is a run in the folder, finished or not."""
        return self.settings.exists() or self.gan.exists()

    def begun(self):
        return self.epochs_done() or self.gan.exists()

    def clear(self, settings):
        """Removes what a run left that ended before its first epoch, but for what the next uses.

        Raises:
            ValueError: there are files that a run would write over, and no settings of a run.
        """
        if self.begun():
            return
        named = {Path(settings.get(name) or "").resolve() for name in ("from", "features")}
        left = [one for one in (self.features, self.source) if one.resolve() not in named]
        if not self.settings.exists():
            # A run draws its first grid, of epoch 0, before it has settings.
            grids = filter(epoch_of, by_epoch(self.samples.glob("epoch-*.png")))
            for path in filter(Path.exists, (*left, self.history, self.best, *grids)):
                way = f"{path} is in the way, and is of no run that is known here."
                raise ValueError(f"{way} Move it, or choose another folder: --run-dir DIR.")
        for path in left:
            path.unlink(missing_ok=True)

    def epochs_done(self):
        """Number of epochs of the newest checkpoint, 0 if there is none."""
        return max(map(epoch_of, saved(self.path / "checkpoints")), default=0)

    def minutes_until(self, epoch):
        """Minutes of training until the end of an epoch."""
        return seconds_until(epoch, self.path / "time.csv") / 60

    def callbacks(self, settings, *, keep=3):
        """The callbacks that write the settings of a run, show it and keep it in this folder."""
        note = _AtFirstEpoch(functools.partial(self._begin, settings))
        alarms = callbacks.alarms.standard(callbacks.alarms.ON_COMMAND_LINE)
        minutes = settings.get("minutes")
        return [note, *callbacks.watch(self.path, alarms=alarms, keep=keep, minutes=minutes)]

    def keep_source(self, settings):
        """Copies the trained GAN that the run goes on from, if any, to `source.keras`, once.

        Raises:
            ValueError: it is another one than the settings tell.
        """
        if settings.get("source") and not self.source.exists():
            source = _source(settings)
            if not self.settings.exists():
                self.note(settings)  # first, since they tell `clear` whose the file is
            with atomic_write(self.source) as beside:
                source.save(beside)

    def _begin(self, settings, gan):
        self.keep_source(settings)
        packages = {one.__name__: one.__version__ for one in (tf, keras, np)}
        versions = {"python": platform.python_version(), **packages}
        quality = getattr(gan, "quality", None)
        if quality is None or quality.reference is None:
            return self.note(settings, versions=versions)
        known = [metric.about for metric in quality.metrics.values()]
        measured = {**quality.reference.about, "floor": quality.floor, "metrics": known}
        self.note(settings, versions=versions, quality=measured)
        if isinstance(quality.reference.features, LearnedFeatures):
            quality.reference.features.save(self.features)
        else:
            self.features.unlink(missing_ok=True)  # of another measure, before

    def save(self, gan):
        """Writes `gan.keras` and `generator.keras`, each atomically."""
        for model, path in ((gan, self.gan), (gan.sampler().generator_to_save(), self.generator)):
            with atomic_write(path) as beside:
                model.save(beside)

    def known_settings(self):
        """The settings, for whoever does not train in the folder. Raises as `read_settings`."""
        known = (f"Give {one} instead." for one in (self.gan, self.best) if one.exists())
        return self.read_settings(instead=next(known, "Choose another folder."))

    def settings_for(self, path):
        """The settings, for whoever names this folder or a model in it; None for other paths."""
        if path == self.path and self.settings.is_file():
            return self.known_settings()
        with contextlib.suppress(ValueError):  # a trial's, or damaged: the model is enough
            return self.read_settings() if path in (self.gan, self.generator, self.best) else None

    def load(self):
        """The GAN of the run: the finished one, or else that of the newest checkpoint.

        Raises:
            ValueError: no run, one of another version, or one that has not finished an epoch.
        """
        # First, so that a run of another version is refused whatever is in the folder.
        settings = self.known_settings() if self.settings.exists() else None
        finished = load_model(self.gan) if self.gan.exists() else None
        if finished is not None and int(finished.step) >= steps_in(self.path / "checkpoints"):
            return finished
        if settings is None:
            told = f" Give {self.best}." if self.best.exists() else ""
            raise ValueError(f"{self.path} holds no run: there is no settings.json in it.{told}")
        gan = build(settings | ({"from": self.source} if self.source.exists() else {}))
        if callbacks.Checkpoints(self.path / "checkpoints").rewind(gan) is None:
            raise ValueError(f"The run in {self.path} has not finished an epoch yet.")
        return gan


class _AtFirstEpoch(keras.callbacks.Callback):
    """Calls a function with the GAN when the first epoch begins.

    Not earlier: a run that is refused writes no settings, and a run that is already over keeps its
    own.
    """

    def __init__(self, call):
        super().__init__()
        self._call = call

    def on_train_begin(self, logs=None):
        self._is_due = True

    def on_epoch_begin(self, epoch, logs=None):
        if self._is_due:
            self._is_due = False
            self._call(self.model)


def build(settings):
    """The compiled GAN of a run with these settings, before its first step.

    Raises:
        ValueError: the run goes on from a trained GAN, and this is not the one it began with.
    """
    keras.utils.set_random_seed(settings["seed"])
    with dtype_policy("mixed_bfloat16" if settings.get("bfloat16") else None):
        if settings.get("source"):
            make, made_of = presets.fine_tuned, _source(settings)
        else:
            make, made_of = presets.named(settings["preset"]), tuple(settings["image_shape"])
        taken = inspect.signature(make).parameters.values()
        named = [one.name for one in taken if one.kind == inspect.Parameter.KEYWORD_ONLY]
        # What was not given is left out, as each preset has its own defaults.
        given = {name: settings[name] for name in named if settings.get(name) is not None}
        objectives = {name: settings.get(name) for name in OBJECTIVES}
        gan = make(made_of, **{k: v for k, v in given.items() if k not in objectives})
        return with_objectives(gan, **objectives)


def _source(settings):
    source, expected = open_model(settings["from"]), settings["source"]
    if (found := checksum(source)) != expected:
        raise ValueError(
            f"{settings['from']} is not the GAN that the run began with: its checksum is {found}, "
            f"expected {expected}. Choose another folder for another run: --run-dir DIR."
        )
    return source


def checksum(gan):
    """Eight characters that change with the weights of a GAN, without its optimizers."""
    return checksum_of(gan.get_weights())


def open_model(what):
    """The model that a person names. All commands ask here, so that all know the same names.

    Args:
        what: the folder of a run, a `.keras` file of a `GAN` or of a generator, or the name of a
            trained GAN of `presets.PRETRAINED`. A folder that holds a run comes before a name.

    Raises:
        ValueError: it is none of these, or cannot be read.
    """
    path = expanded(what)
    if path.is_file() or (path.suffix == ".keras" and not path.is_dir()):
        return load_model(path)
    if is_pretrained(what):
        return presets.pretrained(str(what))
    if path.is_dir():
        return RunFolder(path).load()
    raise ValueError(
        f"There is no run, no .keras file and no trained GAN {what}. The trained ones are "
        f"{', '.join(presets.PRETRAINED)}."
    )


def is_pretrained(what):
    """Whether a name is that of a GAN that comes trained: no file and no run has it."""
    is_taken = RunFolder(what).holds_run() or expanded(what).is_file()
    return str(what) in presets.PRETRAINED and not is_taken


def trained_on(what):
    """What the model that a person names, as for `open_model`, was trained and is measured on.

    Returns:
        A dict with `data`, `images` (their fingerprint), `features` (a name, a path or None), and
        of a run also the rest of `_OF_THE_IMAGES`. None for a `.keras` file outside its run.
    """
    path = expanded(what)
    folder = RunFolder(path if path.is_dir() else path.parent)
    if settings := folder.settings_for(path):
        kept = {name: settings.get(name) for name in _OF_THE_IMAGES}
        return kept | ({"features": str(folder.features)} if folder.features.exists() else {})
    if is_pretrained(what):
        made = presets.about_pretrained(str(what))
        return {name: made.get(name) for name in ("data", "images", "features")}
    return None
