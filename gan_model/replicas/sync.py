"""What the chief decides -> all workers of a run."""

import keras


class SyncFromChief(keras.callbacks.Callback):
    """Gives all workers the chief's state when an epoch begins, and ends their epochs together.

    So whatever a callback of the chief changes counts for all: a state that it restores, a learning
    rate, the end of training.
    """

    def on_epoch_begin(self, epoch, logs=None):
        if self.model.workers.count == 1:
            return
        variables = self.model.state_variables
        arrays = self.model.workers.from_chief([variable.numpy() for variable in variables])
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    def on_train_batch_end(self, batch, logs=None):
        self._stop_together()

    def on_epoch_end(self, epoch, logs=None):
        self._stop_together()

    def _stop_together(self):
        if self.model.workers.count > 1:
            self.model.stop_training = bool(
                self.model.workers.broadcast_int(self.model.stop_training)
            )
