"""The folder of one training run of a search.

settings.json  what makes the run
outcome.json   what became of it; written when the run is over
samples/       grids of images, of each epoch or of some
history.csv    figures of each epoch
time.csv       seconds trained until the end of each epoch, where the clock ends the run
best.keras     the GAN of its best epoch; only the best trials keep it
checkpoints/   the last state, to continue from; only the best trials keep it
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
from gan_model.storage.settings_folder import differences
from gan_model.sweeps.outcome import COLLAPSED, FINISHED, Outcome
from gan_model.sweeps.ranking import ranked

_WEIGHTS = ("checkpoints", "best.keras")
_INHERITED = ("best.keras", "history.csv")
_NOTED = ("run", "weights_of_tuner")
_FIRST = "trial-000"
_NOTED_SINCE = "quality", "search_seed"  # searches that began before do not tell them
_OF_A_TRIAL = "hyperparameters", "seed"  # settings that each trial of a search has of its own


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

    def shown(self):
        """The callbacks that show the run; give them before those of `kept`."""
        return [callbacks.SampleImages(self.samples), callbacks.HistoryFile(self.history)]

    def kept(self, minutes=None):
        """The callbacks that keep the run, and end it after `minutes`; give them last."""
        time = self.path / "time.csv"
        return [
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
        """The seed of the run that has begun here.

        Raises:
            ValueError: no run has begun here, or its settings cannot be read.
        """
        return self._noted()["run"]["seed"]

    def end(self, outcome):
        """Writes what became of the run."""
        outcome.write(self._outcome)

    def begin(self, settings, *, own=(), parent=None, weights=None):
        """Records the settings of the run, and copies what it needs from the run it continues.

        Args:
            settings: dict of what makes the run.
            own: names of settings that each trial of the search has of its own, besides its
                hyperparameters and its seed.
            parent: `TrialFolder` of a run that this one continues, or None.
            weights: a file outside the folder, removed with the run's own weights; or None.

        Raises:
            ValueError: another run has begun in this folder, or the first trial beside it is one of
                another search.
        """
        settings = as_read_back(settings)
        # A relative path, because the search may be moved.
        weights = os.path.relpath(weights, self.path) if weights else None
        if self._settings.exists():
            self._refuse_other(settings)
            return
        first = TrialFolder(self.path.with_name(_FIRST))
        if first._settings.exists():
            first._refuse_other(settings, (*_OF_A_TRIAL, *own))
        # Without a checkpoint, which only the best trials keep, this one begins at its first epoch.
        for old in saved(parent.checkpoints)[-1:] if parent else ():
            self.checkpoints.mkdir(exist_ok=True)
            shutil.copy(old, self.checkpoints)
            for picture in parent.samples.glob("epoch-*.png"):
                self.samples.mkdir(exist_ok=True)
                shutil.copy(picture, self.samples)
            for name in _INHERITED:
                if (parent.path / name).exists():
                    shutil.copy(parent.path / name, self.path)
        # Last, so that a folder with settings has all that was copied.
        content = {"format": FORMAT, "run": settings, "weights_of_tuner": weights}
        write_json(self._settings, content)

    def weights_of_tuner(self):
        """The file outside the folder that `begin` was told, or None."""
        weights = self._noted()["weights_of_tuner"]
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

    def _noted(self):
        try:
            noted = json.loads(self._settings.read_text())
            noted = {"format": noted.get("format"), **{name: noted[name] for name in _NOTED}}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{self._settings} cannot be read ({error}). Remove {self.path} to train that run "
                "again."
            ) from error
        check_format(noted["format"], self.path)
        return noted

    def _refuse_other(self, settings, own=()):
        noted = self._noted()["run"]
        unknown = [name for name in _NOTED_SINCE if name not in noted]
        if told := differences(noted, settings, may_change=(*own, *unknown)):
            raise ValueError(
                f"{self.path} holds a run of another search: {told}. Choose another folder."
            )


def outcomes_in(directory):
    """The outcomes of all runs below a folder that are over, by name."""
    folders = sorted(path.parent for path in expanded(directory).glob("*/outcome.json"))
    return [TrialFolder(path).outcome() for path in folders]


def _absolute(path):
    """The absolute path, without `..`; links stay, which `Path.resolve` would follow."""
    return Path(os.path.abspath(path))


def _is_in(folder, path):
    """Whether a path leads into a folder, and through no link. Both paths are absolute."""
    if not path.is_relative_to(folder):
        return False
    return path.resolve() == folder.resolve() / path.relative_to(folder)


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
    good = [one for one in ranked(over) if one.state in (FINISHED, COLLAPSED)]
    best = [folders.pop(outcome.name) for outcome in good[:keep]]
    # The executions of a trial have one file of keras-tuner.
    shared = {folder.weights_of_tuner() for folder in best}
    for name, folder in folders.items():
        if of is None or name in of:
            folder.delete_weights(but=shared, project_dir=project_dir)
