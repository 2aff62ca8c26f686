"""The time that training takes, and a limit for it."""

import csv
import math
import time

from gan_model.callbacks.history_file import read_history, unreadable
from gan_model.model import RunCallback
from gan_model.storage.atomic import atomic_write
from gan_model.storage.paths import expanded


class TrainingTime(RunCallback):
    """Records how long a run has trained, and ends it after a number of minutes.

    The time of the steps counts, tracing and compiling included; that of measuring, pictures and
    checkpoints does not. The time of earlier processes counts up to the epoch from which the run
    continues, so steps that were lost with a killed process are free. The epoch in which the time
    runs out is cut short, but measured and kept like any other; with more minutes the run
    continues from there.

    Args:
        path: CSV file with a line for each epoch: its number, and the seconds trained until its
            end.
        minutes: of training in the whole run, more than 0; None: only record the time. Give `fit`
            more epochs than can be done, `fit(..., epochs=10**6)`.
    """

    def __init__(self, path, *, minutes=None):
        super().__init__()
        if minutes is not None and not 0 < minutes < math.inf:
            raise ValueError(f"`minutes` is a number above 0. Received: minutes={minutes}.")
        self.path, self.minutes = expanded(path), minutes
        self._began = self._seconds = None  # seconds: until the end of the last step

    def is_over(self, epoch):
        """Whether the time of a run that continues after `epoch` epochs is over; `fit` asks."""
        return self.minutes is not None and seconds_until(epoch, self.path) >= 60 * self.minutes

    def seconds_left(self):
        """Seconds of training until the run ends by the clock; None without `minutes`."""
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
    """Seconds trained until the end of an epoch, by the file at `path`; 0 without one.

    Raises:
        ValueError: a line has no number of seconds, as after somebody edited the file.
    """
    rows = _rows(path, epoch)
    return float(rows[-1][1]) if rows else 0.0


def _rows(path, epoch):
    """Pairs of epoch and seconds, texts, of the file for the epochs up to `epoch`."""
    rows = [row for row in read_history(path) if int(row["epoch"]) <= epoch]
    try:
        finite = all(math.isfinite(float(row["seconds"])) for row in rows)
    except (KeyError, TypeError, ValueError):
        finite = False
    if not finite:
        raise unreadable(path, "number in the column `seconds`")
    return [(row["epoch"], row["seconds"]) for row in rows]
