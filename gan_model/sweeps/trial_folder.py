"""The folder of one training run of a search.

outcome.json  what became of it; there as soon as the run is over
samples/      a grid of images an epoch
history.csv   figures of each epoch
best.keras    the GAN of its best epoch; only the best trials keep it
checkpoints/  the last state, to go on from; the same
"""

import json
import os
import shutil
from pathlib import Path

from gan_model import callbacks
from gan_model.callbacks.checkpoints import saved
from gan_model.storage.atomic import atomic_write
from gan_model.storage.locks import locked
from gan_model.storage.settings_folder import differences
from gan_model.sweeps.outcome import LOST, Outcome

_HEAVY = ("checkpoints", "best.keras")
_INHERITED = ("best.keras", "history.csv")


class TrialFolder:
    """The folder of one training run of a search.

    Args:
        path: the folder; its name is that of the run.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.name = self.path.name
        self.samples, self.history = self.path / "samples", self.path / "history.csv"
        self.best, self.checkpoints = self.path / "best.keras", self.path / "checkpoints"
        self._settings = self.path / "settings.json"
        self._outcome = self.path / "outcome.json"

    def locked(self):
        """Holds the folder for one process; waits while another one has it."""
        return locked(self.path)

    def shown(self):
        """The callbacks that show the run, to be given before those that keep it."""
        return [callbacks.SampleImages(self.samples), callbacks.HistoryFile(self.history)]

    def kept(self):
        """The callbacks that keep the run, to be given last."""
        return [
            callbacks.BestModel(self.best),
            callbacks.Checkpoints(self.checkpoints, keep=1),
        ]

    def outcome(self):
        """What became of the run; None where it is not over."""
        return Outcome.read(self._outcome)

    def seed(self):
        """The seed of the run that has begun here.

        Raises:
            ValueError: none has, or what is noted of it cannot be read.
        """
        return self._noted()["run"]["seed"]

    def end(self, outcome):
        """Notes what became of the run."""
        outcome.write(self._outcome)

    def begin(self, settings, *, parent=None, weights=None):
        """Notes what run this is, and takes over what another one left to go on from.

        Args:
            settings: dict of what makes the run.
            parent: `TrialFolder` of a run that this one continues, or None.
            weights: a file outside of the folder, removed with the run's own weights.

        Raises:
            ValueError: another run has begun in this folder.
        """
        settings = json.loads(json.dumps(settings))
        # Seen from here, as the search may be moved.
        weights = os.path.relpath(weights, self.path) if weights else None
        if self._settings.exists():
            self._refuse_other(settings)
            return
        if parent:
            self.checkpoints.mkdir(exist_ok=True)
            for old in saved(parent.checkpoints)[-1:]:
                shutil.copy(old, self.checkpoints)
            for picture in parent.samples.glob("epoch-*.png"):
                self.samples.mkdir(exist_ok=True)
                shutil.copy(picture, self.samples)
            for name in _INHERITED:
                if (parent.path / name).exists():
                    shutil.copy(parent.path / name, self.path)
        with atomic_write(self._settings) as beside:  # last: what is there then is complete
            content = {"run": settings, "weights_of_tuner": weights}
            beside.write_text(json.dumps(content, indent=1) + "\n")

    def delete_weights(self):
        """Removes the weights; pictures and figures stay."""
        weights = self._noted()["weights_of_tuner"]
        for path in [self.path / name for name in (*_HEAVY, *([weights] if weights else ()))]:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _noted(self):
        try:
            noted = json.loads(self._settings.read_text())
            return {name: noted[name] for name in ("run", "weights_of_tuner")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self._settings} cannot be read ({error}). Remove {self.path} to train that run "
                "again."
            ) from error

    def _refuse_other(self, settings):
        if told := differences(self._noted()["run"], settings):
            raise ValueError(
                f"{self.path} holds a run of another search: {told}. Choose another folder."
            )


def outcomes_in(directory):
    """The outcomes of all runs below a folder that are over, by name."""
    folders = sorted(path.parent for path in Path(directory).glob("*/outcome.json"))
    return [TrialFolder(path).outcome() for path in folders]


def best_of(directory, count):
    """The outcomes of the best runs below a folder, at most `count`; lost ones are none."""
    return _best(outcomes_in(directory), count)


def delete_weights_except_best(directory, *, keep):
    """Removes the weights of the runs below a folder that are over, but for the best `keep`."""
    over = outcomes_in(directory)
    best = _best(over, keep)
    for outcome in over:
        if outcome not in best:
            TrialFolder(Path(directory) / outcome.name).delete_weights()


def _best(outcomes, count):
    good = [outcome for outcome in outcomes if outcome.state != LOST]
    return sorted(good, key=lambda outcome: (outcome.score, outcome.name))[:count]
