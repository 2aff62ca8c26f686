"""A function that is called when training really begins."""

import keras


class AtFirstEpoch(keras.callbacks.Callback):
    """Calls a function with the GAN when the first epoch begins.

    Not earlier: a run that is refused writes no settings, and a run that is already over keeps its
    own.
    """

    def __init__(self, call):
        super().__init__()
        self._call = call

    def on_train_begin(self, logs=None):
        self._is_due = True

    def on_epoch_begin(self, epoch, logs=None):
        if self._is_due:
            self._is_due = False
            self._call(self.model)
