"""Keeps the GAN of the best epoch."""

import keras

from gan_model.callbacks.alarms import diverged
from gan_model.storage.atomic import atomic_write
from gan_model.storage.paths import expanded


class BestModel(keras.callbacks.Callback):
    """Saves the GAN whenever a figure is lower than in all epochs before.

    Epochs of earlier processes count too if `Checkpoints` brings their history back; give this
    callback before it. So do those of an earlier `fit`, where one with `initial_epoch` goes on. It
    does nothing in epochs without the figure, or if the run has diverged. In a run that goes on
    with another figure the best GAN of the former figure stays, as `best-before.keras`.

    Args:
        path: the `.keras` file, for example `best.keras`, replaced atomically.
        monitor: name of the figure in the logs. None: the held-out distance of `gan.quality`,
            for example "val_fid_fashion"; a GAN without a quality is not saved.

    Raises:
        ValueError: another file than a `.keras` one; or, before the first step, a GAN with an
            object that Keras cannot save.
    """

    def __init__(self, path, *, monitor=None):
        super().__init__()
        self.path, self.monitor = expanded(path), monitor
        if self.path.suffix != ".keras":
            raise ValueError(
                f"`path` is a .keras file. Received: {self.path}. Type {self.path}.keras."
            )
        self._saved = []  # (epoch, value) of each GAN saved

    def on_train_begin(self, logs=None):
        if self.monitor or self.model.quality:
            self._check_saving()

    def on_epoch_begin(self, epoch, logs=None):
        # Drops entries of an earlier run and of epochs that are repeated.
        self._saved = [saved for saved in self._saved if saved[0] < epoch]

    def on_epoch_end(self, epoch, logs=None):
        name, quality, logs = self.monitor, self.model.quality, logs or {}
        if name is None and quality:
            name = f"val_{quality.distance}"
        value = logs.get(name)
        if value is None or diverged(logs):
            return
        # The history does not have this epoch yet: Keras adds it after all other callbacks.
        before = [*self.model.history.history.get(name, []), *(value for _, value in self._saved)]
        # NaN is never the best, and an earlier NaN does not stop a later epoch from being it.
        if value == value and not any(earlier <= value for earlier in before):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self.path) as tmp_path:
                self.model.save(tmp_path)
                if not before and self._had_another(logs) and self.path.exists():
                    self.path.replace(self.path.with_stem(f"{self.path.stem}-before"))
            self._saved.append((epoch, value))

    def _had_another(self, logs):
        """Whether an earlier epoch has another figure that the file may be the best of."""
        # Not if no epoch was validated: the file is of this one, before a kill.
        earlier = self.model.history.history
        return any(name.startswith("val_") or name not in logs for name in earlier)

    def _check_saving(self):
        # Not in the first epoch: the error would end the run before there is a checkpoint.
        try:
            keras.saving.serialize_keras_object(self.model)
        except (TypeError, NotImplementedError) as error:
            said = " ".join(str(error).split()).partition(". ")[0] or type(error).__name__
            raise ValueError(
                f"The GAN of the best epoch cannot be saved in {self.path}: {said.rstrip('.')}. "
                "Give that class get_config and from_config, as the docstring of "
                "gan_model.losses says, or leave BestModel out."
            ) from error
