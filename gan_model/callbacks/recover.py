"""Goes back to the last checkpoint of a run that has diverged, with lower learning rates."""

import sys

import keras

from gan_model.callbacks.alarms import diverged
from gan_model.callbacks.same_run import rate_now
from gan_model.model import RunCallback
from gan_model.storage import checkpoint


class Recover(RunCallback):
    """Goes back to the newest checkpoint with lower learning rates when a run diverges.

    A run has diverged when its figures are infinite or not numbers, or when the alarm `exploding`
    is raised. `fit` then ends the epoch, brings back the newest checkpoint (or the state in which
    it began, if there is none yet), multiplies both rates by `factor` and trains from there. If
    the run diverges again before the next checkpoint, the rates are multiplied once more. A run
    that diverges more than `times` times ends.

    The rates are part of a checkpoint, and the number of recoveries is in its history, as
    `recoveries`. So a killed run diverges at the same step as one that was never killed, goes
    back in the same way, and ends with the same bits.

    Give it before `Checkpoints`, and after `Alarms`.

    Args:
        checkpoints: the `Checkpoints` of the run.
        times: recoveries in the whole run at most, 1 or more.
        factor: what a recovery multiplies the rates by, between 0 and 1.
    """

    can_go_back = True

    def __init__(self, checkpoints, *, times=3, factor=0.5):
        super().__init__()
        if times < 1 or not 0 < factor < 1:
            raise ValueError(
                "`times` is 1 or more, and `factor` between 0 and 1. "
                f"Received: times={times}, factor={factor}."
            )
        self.checkpoints, self.times, self.factor = checkpoints, times, factor

    def restore(self, gan, *, data=None):
        """Forgets what happened in an earlier `fit`."""
        self._beginning, self._first_epoch = None, None
        self._repeated, self._diverged = 0, False  # repeated: recoveries since the last good epoch
        self._recoveries = 0  # in the whole run

    def on_epoch_begin(self, epoch, logs=None):
        # Not before: `fit` finds the clusters of the images after it has restored the run.
        if self._first_epoch is None:
            self._first_epoch, self._beginning = epoch, checkpoint.collect(self.model)

    def on_epoch_end(self, epoch, logs=None):
        self._diverged = diverged(logs)
        # That of the last good epoch: the history gets this epoch's figures after all callbacks.
        before = (self.model.history.history.get("recoveries") or [0])[-1]
        self._recoveries = int(before) + self._repeated
        logs["recoveries"] = float(self._recoveries)
        if not self._diverged:
            self._repeated, self._beginning = 0, None

    def go_back(self, gan):
        """Brings the last good state back, with lower rates, if the run has diverged."""
        if not self._diverged:
            return None
        self._diverged, recoveries, reason = False, self._recoveries + 1, None
        if recoveries > self.times:
            reason = f"went back {self.times} times. Start again with lower learning rates."
        elif any(map(_scheduled, gan.optimizers.values())):
            reason = (
                "a learning rate that is a schedule can't be lowered during a run. Start again "
                "with a lower schedule."
            )
        elif (epoch := self.checkpoints.rewind(gan)) is None and self._beginning is None:
            reason = (
                "there is no checkpoint to go back to. Give `Checkpoints` to fit as well, after "
                "`Recover`."
            )
        if reason:
            print(f"\nStopped: the run has diverged, and {reason}", file=sys.stderr)
            return None
        if epoch is None:
            checkpoint.restore(gan, self._beginning, "The state at the beginning")
            epoch = self._first_epoch
        self._repeated += 1
        factor = self.factor**self._repeated
        rates = [f"{name} {_lower(one, factor):.3g}" for name, one in gan.optimizers.items()]
        place = f"the end of epoch {epoch}" if epoch else "the beginning"
        print(
            f"\nWent back to {place}, with lower learning rates: {', '.join(rates)}. Recovery "
            f"{recoveries} of {self.times}.",
            file=sys.stderr,
        )
        return epoch


def _scheduled(optimizer):
    return not isinstance(optimizer.learning_rate, keras.Variable)


def _lower(optimizer, factor):
    rate = rate_now(optimizer) * factor
    optimizer.learning_rate = rate
    return rate
