"""Keeps the GAN of the best epoch."""

from pathlib import Path

import keras

from gan_model.alarms import diverged
from gan_model.storage.atomic import atomic_write


class BestModel(keras.callbacks.Callback):
    """Saves the GAN whenever a figure is lower than in all epochs before.

    Epochs of earlier processes count too, where `Checkpoints` brings their history back; give
    this one before it. It does nothing in epochs that lack the figure.

    Args:
        path: the `.keras` file, replaced as a whole.
        monitor: name of the figure in the logs. None: the held-out distance of `gan.quality`,
            for example "val_fid_fashion"; nothing is saved where the GAN has no quality.
    """

    def __init__(self, path, *, monitor=None):
        super().__init__()
        self.path, self.monitor = Path(path), monitor

    def on_epoch_end(self, epoch, logs=None):
        name = self.monitor or self._distance()
        logs = logs or {}
        value = logs.get(name)
        if value is None or diverged(logs):
            return  # a lost run is never the best
        # The history gets this epoch's figures only after all other callbacks had them.
        before = self.model.history.history.get(name, [])
        # Written so that not-a-numbers are never the best, nor keep the next from being it.
        if value == value and not any(earlier <= value for earlier in before):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self.path) as beside:
                self.model.save(beside)

    def _distance(self):
        quality = self.model.quality
        return f"val_{quality.distance}" if quality else None
