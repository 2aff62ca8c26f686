"""The columns of Keras's `CSVLogger`, which it takes from the figures of the first epoch."""

import keras


def with_columns(callbacks, *, evaluates):
    """The callbacks, with one before each `CSVLogger` that gives it its columns.

    By itself it would write columns for evaluations that `fit` does not make, and none for figures
    that only a later evaluation has.

    Args:
        callbacks: list of those of `fit`.
        evaluates: whether `fit` has held-out images.
    """
    listed = []
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger):
            listed.append(_Columns(callback, evaluates))
        listed.append(callback)
    return listed


class _Columns(keras.callbacks.Callback):
    def __init__(self, logger, evaluates):
        super().__init__()
        self._logger, self._evaluates = logger, evaluates

    def on_epoch_end(self, epoch, logs=None):
        if self._logger.keys is None:
            names = self.model.metrics_names if self._evaluates else ()
            self._logger.keys = sorted({*(logs or {}), *(f"val_{name}" for name in names)})
