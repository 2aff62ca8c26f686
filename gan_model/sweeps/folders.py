"""The folder of a search, and those of its runs.

A search (`SearchFolder`):

settings.json    what the search was asked for, and what must stay the same when it continues
features.npz     the features learned from its images, which all machines measure in
journal.jsonl    the trials in the order in which they began and ended
trials/          a folder for each trial: pictures, figures, what became of it
confirmation/    the same for the best trials with new seeds; one of them keeps its weights
tensorboard/     what `tensorboard --logdir` shows: one run a trial
trials.csv       all figures, best first; confirmation.csv the same for the new seeds
trials.png       distance against each hyperparameter
best.png         images of the best trials beside each other
keras_tuner/     files of keras-tuner

A training run (`TrialFolder`):

settings.json    what makes the run
outcome.json     what became of it; written when the run is over
samples/         grids of images, of each epoch or of some
history.csv      figures of each epoch
time.csv         seconds trained until the end of each epoch, where the clock ends the run
best.keras       the GAN of its best epoch; only the best trials keep it
checkpoints/     the last state, to continue from; only the best trials keep it
"""

import dataclasses
import json
import os
import shutil
from pathlib import Path

from gan_model import callbacks
from gan_model.callbacks.checkpoints import saved
from gan_model.storage.file_format import FORMAT, check_format
from gan_model.storage.json_file import as_read_back, write_json
from gan_model.storage.locks import locked
from gan_model.storage.paths import expanded
from gan_model.storage.settings_folder import Folder, differences
from gan_model.sweeps.outcome import COLLAPSED, FINISHED, Outcome, ranked

_WEIGHTS = ("checkpoints", "best.keras")
_INHERITED = ("best.keras", "history.csv")
_FIRST = "trial-000"
_SINCE_FORMAT_2 = "quality", "search_seed"  # the first searches of format 2 do not have them
_OF_A_TRIAL = "hyperparameters", "seed"  # settings that each trial of a search has of its own


class SearchFolder(Folder):
    """The folder of one search.

    Args:
        path: the folder; it need not exist.
    """

    kind, doing = "search", "searching"
    # More trials continue the same search; images may move, as `images` identifies them.
    may_change = ("trials", "top", "confirm", "data")

    def __init__(self, path):
        super().__init__(path)
        self.features = self.path / "features.npz"
        self.journal = self.path / "journal.jsonl"
        self.trials, self.confirmation = self.path / "trials", self.path / "confirmation"
        self.tensorboard = self.path / "tensorboard"
        self.table, self.confirmed_table = self.path / "trials.csv", self.path / "confirmation.csv"
        self.chart, self.pictures = self.path / "trials.png", self.path / "best.png"
        self.of_tuner = self.path / "keras_tuner"

    def noted(self, name):
        """What `note` was given under a name beside the settings; None if nothing was."""
        return self.read_noted().get(name) if self.settings.exists() else None


class TrialFolder:
    """The folder of one training run of a search.

    Args:
        path: the folder; its name is that of the run.
    """

    def __init__(self, path):
        self.path = expanded(path)
        self.name = self.path.name
        self.samples, self.history = self.path / "samples", self.path / "history.csv"
        self.best, self.checkpoints = self.path / "best.keras", self.path / "checkpoints"
        self._settings = self.path / "settings.json"
        self._outcome = self.path / "outcome.json"

    def locked(self):
        """Locks the folder; waits while another process has the lock."""
        return locked(self.path)

    def callbacks(self, shown, minutes=None):
        """The callbacks that show and keep the run, with those of `shown` between them.

        `minutes` of training end the run; None: its epochs do.
        """
        time = self.path / "time.csv"
        return [
            callbacks.SampleImages(self.samples),
            callbacks.HistoryFile(self.history),
            *shown,
            callbacks.BestModel(self.best),
            *([callbacks.TrainingTime(time, minutes=minutes)] if minutes else []),
            callbacks.Checkpoints(self.checkpoints, keep=1),
        ]

    def outcome(self):
        """What became of the run, an `Outcome`; None if it is not over."""
        outcome = Outcome.read(self._outcome)
        # The name in the file is not trusted: paths are made of it.
        return outcome and dataclasses.replace(outcome, name=self.name)

    def seed(self):
        """The seed of the run that has begun here; a ValueError if none has."""
        return self._read()["run"]["seed"]

    def end(self, outcome):
        """Writes what became of the run."""
        outcome.write(self._outcome)

    def begin(self, settings, *, may_differ=(), parent=None, weights=None):
        """Records the settings of the run, and copies what it needs from the run it continues.

        Args:
            settings: dict of what makes the run.
            may_differ: names of settings that each trial of the search has of its own, besides its
                hyperparameters and its seed.
            parent: `TrialFolder` of a run that this one continues, or None.
            weights: a file outside the folder, removed with the run's own weights; or None.

        Raises:
            ValueError: another run has begun in this folder, or the first trial beside it is one of
                another search.
        """
        settings = as_read_back(settings)
        if self._settings.exists():
            self._refuse_other(settings)
            return
        first = TrialFolder(self.path.with_name(_FIRST))
        if first._settings.exists():
            first._refuse_other(settings, (*_OF_A_TRIAL, *may_differ))
        if parent:
            self._inherit(parent)
        # Last, so that a folder with settings has all that was copied. The path of the weights is
        # relative, because the search may be moved.
        weights = os.path.relpath(weights, self.path) if weights else None
        content = {"format": FORMAT, "run": settings, "weights_of_tuner": weights}
        write_json(self._settings, content)

    def _inherit(self, parent):
        """Copies the run to continue; one without a checkpoint is trained from its first epoch."""
        for checkpoint in saved(parent.checkpoints)[-1:]:
            pictures = parent.samples.glob("epoch-*.png")
            files = [checkpoint, *pictures, *(parent.path / name for name in _INHERITED)]
            for file in filter(Path.exists, files):
                target = self.path / file.relative_to(parent.path)
                target.parent.mkdir(exist_ok=True)
                shutil.copy(file, target)

    def weights_of_tuner(self):
        """The file outside the folder that `begin` was given, or None."""
        weights = self._read()["weights_of_tuner"]
        return weights and _absolute(self.path / weights)

    def delete_weights(self, *, but=(), project_dir=None):
        """Removes the weights, except the files `but`; pictures and figures stay.

        Only what lies in the folder of the search is removed, and of the tuner's files only
        `*.weights.h5`: the folder may come from somebody else, and its files may name any path.

        Args:
            but: paths of files that stay.
            project_dir: folder of the tuner, of which files are removed too; None: it is in that
                of the search.
        """
        run = _absolute(self.path)
        search, weights = run.parents[1], self.weights_of_tuner()
        if weights and weights not in but and weights.name.endswith(".weights.h5"):
            folders = [search, *([_absolute(project_dir)] if project_dir else [])]
            if weights.is_file() and any(_is_in(folder, weights) for folder in folders):
                weights.unlink()
        for path in (run / name for name in _WEIGHTS):
            if not _is_in(search, path):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _read(self):
        try:
            content = json.loads(self._settings.read_text())
            found = {name: content[name] for name in ("run", "weights_of_tuner")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self._settings} cannot be read ({error}). Remove {self.path} to train that run "
                "again."
            ) from error
        check_format(content.get("format"), self.path)
        return found

    def _refuse_other(self, settings, may_differ=()):
        begun = self._read()["run"]
        unknown = [name for name in _SINCE_FORMAT_2 if name not in begun]
        if changes := differences(begun, settings, may_change=(*may_differ, *unknown)):
            raise ValueError(
                f"{self.path} holds a run of another search: {changes}. Choose another folder."
            )


def outcomes_in(directory):
    """The outcomes of all runs below a folder that are over, by name."""
    folders = sorted(path.parent for path in expanded(directory).glob("*/outcome.json"))
    return [TrialFolder(path).outcome() for path in folders]


def delete_weights_except_best(directory, *, keep, of=None, project_dir=None):
    """Removes the weights of all finished runs below a folder except the best `keep`.

    Args:
        directory: the folder `trials` or `confirmation` of a search.
        keep: number of best runs that keep their weights.
        of: names of runs; all others keep their weights too. None: all runs.
        project_dir: `tuner.project_dir`, where that is not in the folder of the search.
    """
    over = outcomes_in(directory)
    folders = {outcome.name: TrialFolder(expanded(directory) / outcome.name) for outcome in over}
    # Not those that diverged or ran out of memory.
    good = [outcome for outcome in ranked(over) if outcome.state in (FINISHED, COLLAPSED)]
    best = [folders.pop(outcome.name) for outcome in good[:keep]]
    # The executions of a trial have one file of keras-tuner.
    shared = {folder.weights_of_tuner() for folder in best}
    for name, folder in folders.items():
        if of is None or name in of:
            folder.delete_weights(but=shared, project_dir=project_dir)


def _absolute(path):
    """The absolute path, without `..`; links stay, which `Path.resolve` would follow."""
    return Path(os.path.abspath(path))


def _is_in(folder, path):
    """Whether a path leads into a folder, and through no link. Both paths are absolute."""
    if not path.is_relative_to(folder):
        return False
    return path.resolve() == folder.resolve() / path.relative_to(folder)
