"""Callbacks that take part in the life of a run: they restore it, end it or rewind it."""

import math
import sys

import keras

from gan_model.model.trackers import FIGURES


class RunCallback(keras.callbacks.Callback):
    """A Keras callback that `GAN.fit` also asks before and after training.

    Derive from it and override what applies; by default a callback has no say.
    """

    #: Whether `go_back` may rewind a run that has diverged.
    can_go_back = False

    def restore(self, gan, *, data=None):
        """Brings back the state of an earlier run, before the first step.

        Args:
            gan: the compiled `GAN`.
            data: what is known of the images of the run that begins, a dict with `batch_size`,
                `images` (their fingerprint) and, if the GAN has classes, `labels`. None where they
                are no arrays.

        Returns:
            The number of epochs that the earlier run has finished; None if there is none.
        """
        return None

    def is_over(self, epoch):
        """Whether a run that continues after `epoch` epochs needs no more training."""
        return False

    def seconds_left(self):
        """Seconds of training until the run ends by the clock; None if it does not."""
        return None

    def go_back(self, gan):
        """Brings back an earlier state after training has stopped.

        Returns:
            The number of epochs after which training continues; None if it does not.
        """
        return None

    def release(self):
        """Gives up what `restore` took, such as a lock; called when `fit` ends or fails."""


def diverged_figures(logs, more=()):
    """Names of the logs of training, and `more`, that are infinite or NaN: the run has diverged.

    Figures that other callbacks log are ignored, as they say nothing about the run.
    """
    # The diversity and the classes are of generated images, and NaN if the weights are.
    names = (*FIGURES, "diversity", "class_entropy", *more)
    return [name for name in names if not math.isfinite(logs.get(name, 0))]


class StopWhenDiverged(keras.callbacks.Callback):
    """Ends a run whose losses are no longer finite: no later step can bring it back.

    It gives no advice if one of the `run_callbacks` can go back; if `quiet`, it prints nothing.
    """

    def __init__(self, run_callbacks=(), *, quiet=False):
        super().__init__()
        self._quiet = quiet
        rewound = any(callback.can_go_back for callback in run_callbacks)
        self._advice = "" if rewound else " Start again with lower learning rates."

    def on_train_batch_end(self, batch, logs=None):
        figures = diverged_figures(logs or {})
        if figures and not self.model.stop_training:  # else `callbacks.Alarms` has said so
            self.model.stop_training = True
            if not self._quiet and self.model.workers.is_chief:
                seen = f"{', '.join(figures)} became infinite or not a number."
                print(f"\nStopped: {seen}{self._advice}", file=sys.stderr)
