"""The time that training takes, and an end by the clock."""

import csv
import math
import time
from pathlib import Path

from gan_model.model import RunCallback
from gan_model.storage.atomic import atomic_write


class TrainingTime(RunCallback):
    """Notes how long a run has trained, and ends it after so many minutes.

    Counted are the steps, tracing and compiling included; measuring, pictures and checkpoints
    are not. Time of earlier processes counts too, up to the epoch that the run goes on from:
    what was lost with a killed process costs nothing. The epoch in which the time runs out is
    cut short, and measured and kept like any other; with more minutes the run goes on where it
    stopped.

    Args:
        path: CSV file with a line an epoch: its number, and the seconds trained until its end.
        minutes: of training in all, more than 0; None: only note the time. Give `fit` more
            epochs than can be done, `fit(..., epochs=10**6)`.
    """

    def __init__(self, path, *, minutes=None):
        super().__init__()
        if minutes is not None and not 0 < minutes < math.inf:
            raise ValueError(f"`minutes` is a number above 0. Received: minutes={minutes}.")
        self.path, self.minutes = Path(path), minutes
        self._began = self._seconds = None  # seconds: until the end of the last step

    def is_over(self, epoch):
        """Whether a run that goes on from `epoch` has had its time; `fit` asks."""
        return self.minutes is not None and seconds_until(epoch, self.path) >= 60 * self.minutes

    def seconds_left(self):
        """Seconds of training until the end by the clock; None: epochs alone end the run."""
        if self.minutes is None:
            return None
        return max(60 * self.minutes - (self._seconds or 0), 0)

    def on_epoch_begin(self, epoch, logs=None):
        self._seconds, self._began = seconds_until(epoch, self.path), time.perf_counter()
        self._before = self._seconds

    def on_train_batch_end(self, batch, logs=None):
        self._seconds = self._before + time.perf_counter() - self._began
        if self.minutes is not None and self._seconds >= 60 * self.minutes:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        rows = [*_rows(self.path, epoch), (epoch + 1, f"{self._seconds:.3f}")]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(self.path) as beside, open(beside, "w", newline="") as file:
            csv.writer(file).writerows([("epoch", "seconds"), *rows])


def seconds_until(epoch, path):
    """Seconds trained until the end of that epoch, as far as the file at `path` tells."""
    rows = _rows(path, epoch)
    return float(rows[-1][1]) if rows else 0.0


def _rows(path, epoch):
    """The lines of the file, for the epochs up to this one."""
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return [row for row in list(csv.reader(file))[1:] if int(row[0]) <= epoch]
