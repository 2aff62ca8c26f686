"""The time that training takes: a record, a limit, and epochs of about a minute."""

import math
import time

import keras

from gan_model.callbacks.history_file import read_history, unreadable, write_history
from gan_model.model import RunCallback
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
        row = {"epoch": epoch + 1, "seconds": f"{self._seconds:.3f}"}
        write_history(self.path, [*_rows(self.path, epoch), row])


class EpochLength(keras.callbacks.Callback):
    """Ends the first epoch of `fit` after a minute; `steps` are those it had, None for a whole one.

    A pass over many images may take hours, and only the end of an epoch brings a picture, figures,
    alarms and a checkpoint. So training by the clock continues with epochs of as many steps.
    The first execution, which is traced and compiled, does not count.
    """

    def __init__(self, *, least, seconds=60):
        super().__init__()
        self.least, self.seconds, self.steps = least, seconds, None

    def on_train_begin(self, logs=None):
        self.steps, self._is_first, self._began = None, True, None
        self._before = int(self.model.step.numpy())

    def on_train_batch_end(self, batch, logs=None):
        if not self._is_first or self.model.stop_training:
            return
        now = time.perf_counter()
        self._began = now if self._began is None else self._began
        steps = int(self.model.step.numpy()) - self._before
        if now - self._began >= self.seconds and steps >= self.least:
            self.steps, self.model.stop_training = steps, True

    def on_epoch_end(self, epoch, logs=None):
        self._is_first = False


def seconds_until(epoch, path):
    """Seconds trained until the end of an epoch, by the file at `path`; 0 without one.

    Raises:
        ValueError: a line has no number of seconds, as after somebody edited the file.
    """
    rows = _rows(path, epoch)
    return float(rows[-1]["seconds"]) if rows else 0.0


def _rows(path, epoch):
    """The lines of the file for the epochs up to `epoch`."""
    rows = [row for row in read_history(path) if int(row["epoch"]) <= epoch]
    try:
        finite = all(math.isfinite(float(row["seconds"])) for row in rows)
    except (KeyError, TypeError, ValueError):
        finite = False
    if not finite:
        raise unreadable(path, "number in the column `seconds`")
    return rows
