"""The length of an epoch of many images: about a minute."""

import time

import keras


class EpochLength(keras.callbacks.Callback):
    """Ends the first epoch of `fit` after a minute, and tells how many steps it had.

    A pass over many images may take hours, and only the end of an epoch brings a picture, figures,
    alarms and a checkpoint. So whoever trains by the clock goes on with epochs of as many steps.
    The first execution, which is traced and compiled, does not count.

    Args:
        least: steps of an epoch at least.
        seconds: of training after which the epoch ends.

    Attributes:
        steps: training steps of the epoch that was ended; None if it was a whole one.
    """

    def __init__(self, *, least, seconds=60):
        super().__init__()
        self.least, self.seconds, self.steps = least, seconds, None

    def on_train_begin(self, logs=None):
        self.steps, self._is_first, self._began = None, True, None

    def on_epoch_begin(self, epoch, logs=None):
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
