"""Goes back to the last good state of a run that is lost, with lower rates."""

import sys

import keras

from gan_model.alarms import diverged
from gan_model.model import RunCallback
from gan_model.storage import checkpoint


class Recover(RunCallback):
    """Goes back to the newest checkpoint with lower learning rates when a run is lost.

    Lost: figures that are infinite or no numbers, or the alarm `exploding`. `fit` ends the
    epoch, brings back the newest checkpoint, or the state in which it began where there is none
    yet, and trains on from there; both rates are multiplied by `factor`. When it was lost again
    after that, the rates of the same checkpoint are multiplied by it once more. A run that
    is lost more than `times` times ends.

    The rates are part of a checkpoint, and the number of recoveries is in its history, as
    `recoveries`: a run that is killed at any moment meets the same loss at the same step,
    goes back in the same way, and ends with the same bits as one that never was.

    Give it before `Checkpoints`, and after `Alarms`.

    Args:
        checkpoints: the `Checkpoints` of the run.
        times: recoveries in the life of the run, 1 or more.
        factor: what each multiplies the rates by, between 0 and 1.
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

    def restore(self, gan, *, batch_size=None):
        """Notes the state in which `fit` begins, for where there is no checkpoint."""
        self._beginning, self._first_epoch = checkpoint.collect(gan), None
        self._again, self._lost = 0, False  # again: recoveries since the last good epoch
        self._recoveries = 0  # those and all before

    def on_epoch_begin(self, epoch, logs=None):
        if self._first_epoch is None:
            self._first_epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        self._lost = diverged(logs)
        # Of the last good epoch: the history gets this one's figures after all callbacks.
        before = (self.model.history.history.get("recoveries") or [0])[-1]
        self._recoveries = int(before) + self._again
        logs["recoveries"] = float(self._recoveries)
        if not self._lost:
            self._again, self._beginning = 0, None

    def go_back(self, gan):
        """Brings the last good state back, with lower rates; `GAN.fit` trains on from it.

        Returns:
            Its number of epochs; None where the run was not lost, or is given up.
        """
        if not self._lost:
            return None
        self._lost, recoveries = False, self._recoveries + 1
        if reason := self._given_up(gan, recoveries):
            print(f"\nStopped: the run is lost, and {reason}", file=sys.stderr)
            return None
        epoch = self.checkpoints.rewind(gan)
        if epoch is None:
            checkpoint.restore(gan, self._beginning, "The state at the beginning")
            epoch = self._first_epoch
        self._again += 1
        rates = [_lower(player, self.factor**self._again) for player in _optimizers(gan)]
        place = f"the end of epoch {epoch}" if epoch else "the beginning"
        print(
            f"\nWent back to {place}, with the learning rates {rates[0]:.3g} of the generator and "
            f"{rates[1]:.3g} of the discriminator; recovery {recoveries} of {self.times}.",
            file=sys.stderr,
        )
        return epoch

    def _given_up(self, gan, recoveries):
        if recoveries > self.times:
            return f"went back {self.times} times. Begin anew with lower learning rates."
        if any(map(_scheduled, _optimizers(gan))):
            return (
                "a learning rate that is a schedule can't be lowered on the way. Begin anew with "
                "a lower schedule."
            )
        return None


def _optimizers(gan):
    return gan.generator_optimizer, gan.discriminator_optimizer


def _scheduled(optimizer):
    return isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule)


def _lower(optimizer, factor):
    # Not float(rate), which several devices do not have.
    rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate)) * factor
    optimizer.learning_rate = rate
    return rate
