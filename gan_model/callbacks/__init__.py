"""Callbacks that show a run and save it while `fit` runs.

    Alarms          says when a run goes wrong, and how
    SampleImages    the same codings through the generator as it learns
    Scalars         losses, scores and rates on TensorBoard
    HistoryFile     a line of figures for each epoch, as CSV
    BestModel       the GAN of the epoch with the least held-out distance
    TrainingTime    how long it has trained, and a limit for it
    Recover         goes back with lower learning rates when a run diverges
    Checkpoints     continues exactly where an earlier process stopped

`watch(run_dir)` gives these eight for one folder.

    TrialBoard      one trial of a search on TensorBoard, with its row in HParams

`alarms` has what `Alarms` watches for: figures of a run -> what goes wrong, as a sentence.
"""

from gan_model.callbacks import alarms
from gan_model.callbacks.alarms import Alarms
from gan_model.callbacks.best_model import BestModel
from gan_model.callbacks.checkpoints import Checkpoints
from gan_model.callbacks.history_file import HistoryFile
from gan_model.callbacks.recover import Recover
from gan_model.callbacks.sample_images import SampleImages
from gan_model.callbacks.scalars import Scalars
from gan_model.callbacks.training_time import TrainingTime
from gan_model.callbacks.trial_board import TrialBoard
from gan_model.storage.paths import expanded

__all__ = [
    "Alarms",
    "BestModel",
    "Checkpoints",
    "HistoryFile",
    "Recover",
    "SampleImages",
    "Scalars",
    "TrainingTime",
    "TrialBoard",
    "alarms",
    "watch",
]


def watch(run_dir, *, alarms=None, count=None, keep=3, minutes=None):
    """The callbacks that show a run and keep it, for one folder.

    Args:
        run_dir: gets `samples/`, `tensorboard/`, `history.csv`, `time.csv`, `checkpoints/` and,
            where the GAN has a `quality`, `best.keras`.
        alarms: what `Alarms` watches for. None: `callbacks.alarms.standard()`.
        count: images in a grid; None: 25, or 8 of each class.
        keep: checkpoints kept, the newest ones.
        minutes: of training after which the run ends, even if fewer than the `epochs` of `fit` are
            done. None: no limit.
    """
    run_dir = expanded(run_dir)
    board = run_dir / "tensorboard"
    checkpoints = Checkpoints(run_dir / "checkpoints", keep=keep)
    # The alarms come first, because the others show and keep what they add to the figures. The
    # checkpoint comes last, when an epoch has been shown and written by the others.
    reports = Alarms(alarms, log_dir=board)
    return [
        reports,
        Recover(checkpoints),
        SampleImages(run_dir / "samples", log_dir=board, count=count),
        Scalars(board, alarms=reports.alarms),
        HistoryFile(run_dir / "history.csv"),
        BestModel(run_dir / "best.keras"),
        TrainingTime(run_dir / "time.csv", minutes=minutes),
        checkpoints,
    ]
