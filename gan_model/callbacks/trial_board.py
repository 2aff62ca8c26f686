"""One trial of a search on TensorBoard."""

import math
import time

import keras
import tensorflow as tf

from gan_model import pictures
from gan_model.callbacks import board
from gan_model.callbacks.board import EpochSpeed, held_out_tag, quality_tag, tag
from gan_model.storage.paths import expanded


class TrialBoard(keras.callbacks.Callback):
    """Shows one trial of a search on TensorBoard: its row in HParams, its figures, its pictures.

    A trial is one run, so that its name appears once in every list. Held-out losses and scores
    are next to those of training, as `val_...` in the same group. The table in HParams shows the
    hyperparameters, the lowest held-out distance so far, the distance, recall and precision of
    the last measurement, and the seconds of training in the last process. The step is the model's
    own, so a resumed trial is one unbroken curve.

    Give it before `Checkpoints`, and call `close` when the trial has ended: only then is it
    known whether it succeeded. If a trial is closed twice, TensorBoard keeps the first status,
    as it keeps the hyperparameters written first.

    Args:
        log_dir: folder of this trial's run, e.g. `search/tensorboard/trial-003`; the run's
            name on TensorBoard is this folder's name.
        hyperparameters: dict from names to int, float, str or bool.
        domains: dict from names to what the search chooses from: a tuple (low, high) is an
            interval of numbers, a list contains all values. Names may be missing.
        count: images in a grid, 1 or more.
        seed: of the grid's codings.

    Raises:
        ValueError: a `count` below 1.
    """

    def __init__(self, log_dir, hyperparameters, *, domains=None, count=25, seed=0):
        super().__init__()
        if count < 1:
            raise ValueError(f"`count` is 1 or more images. Received: count={count}.")
        self.log_dir = expanded(log_dir)
        self.hyperparameters, self.domains = dict(hyperparameters), dict(domains or {})
        self.count, self.seed = count, seed
        self._writer = None

    def on_train_begin(self, logs=None):  # not in __init__: a tuner deep-copies callbacks
        # Here, not above: TensorBoard takes a second to import.
        from tensorboard.plugins.hparams import api as hp

        if self._writer:  # an earlier `fit` was not closed
            self._writer.close()
        self._start = time.perf_counter()
        step = int(self.model.step.numpy())
        self._writer = board.Writer(self.log_dir, step)
        with self._writer.drawing(0):
            metrics = [hp.Metric(tag, display_name=title) for tag, title in self._metrics().items()]
            described = [
                _described(name, value, self.domains.get(name))
                for name, value in self.hyperparameters.items()
            ]
            hp.hparams_config(described, metrics)
            # The table names a row by its id.
            hp.hparams(self.hyperparameters, trial_id=self.log_dir.name)
        if step == 0:
            self._draw({}, 0)

    def on_epoch_begin(self, epoch, logs=None):
        self._speed = EpochSpeed(self.model)

    def on_train_batch_end(self, batch, logs=None):
        self._speed.stop()

    def on_epoch_end(self, epoch, logs=None):
        figures, quality = self._speed.figures(), self.model.quality
        for name, value in (logs or {}).items():
            if name.startswith("val_"):
                name = held_out_tag(name.removeprefix("val_"), quality, prefix="val_")
                figures[name] = value
            else:
                figures[tag(name)] = value
        figures |= self._best(logs or {})
        figures["trial/seconds"] = time.perf_counter() - self._start
        self._draw(figures, epoch + 1)

    def close(self, *, succeeded, figures):
        """Writes how the trial ended. Does nothing if no `fit` has begun.

        Args:
            succeeded: whether the row in HParams shows success or failure.
            figures: dict from tags to numbers, shown at the last step.
        """
        if not self._writer:
            return
        from tensorboard.plugins.hparams import api_pb2, summary

        status = api_pb2.STATUS_SUCCESS if succeeded else api_pb2.STATUS_FAILURE
        with self._writer.drawing(int(self.model.step.numpy())):
            board.scalars(figures)
            ended = summary.session_end_pb(status).SerializeToString()
            tf.summary.experimental.write_raw_pb(ended)
        self._writer.close()
        self._writer = None

    def _draw(self, figures, epoch):
        with self._writer.drawing(int(self.model.step.numpy())):
            board.scalars(figures)
            if board.has_picture(epoch) and self.model.sampler().is_finite:
                images, columns = self.model.sampler().for_grid(self.count, seed=self.seed)
                board.image("samples", pictures.grid(images, columns=columns))

    def _best(self, logs):
        """The lowest held-out distance so far, by tag; empty in an epoch without validation."""
        distance = self.model.quality and self.model.quality.distance
        name = f"val_{distance}"
        if name not in logs:
            return {}
        # The history does not have this epoch yet: Keras adds it after all other callbacks. It
        # has the epochs of earlier processes, which `Checkpoints` has brought back.
        known = [*self.model.history.history.get(name, []), logs[name]]
        numbers = [value for value in known if math.isfinite(value)]
        return {f"trial/best_{distance}": min(numbers)} if numbers else {}

    def _metrics(self):
        """The columns of numbers in HParams: dict from tags to their titles."""
        shown, quality = {}, self.model.quality
        if quality and quality.distance:
            shown[f"trial/best_{quality.distance}"] = f"best {quality.distance}"
            names = quality.metrics.key_names
            shown |= {quality_tag(name, quality): f"last {name}" for name in names}
        return shown | {"trial/seconds": "seconds"}


def _described(name, value, domain):
    """The `HParam` of a hyperparameter."""
    from tensorboard.plugins.hparams import api as hp

    if isinstance(domain, tuple):
        values = hp.RealInterval(*map(float, domain))
    else:
        # Without values it still has a type, by which the page chooses the filter and the axis.
        dtype = type(value) if isinstance(value, bool | str) else float
        values = hp.Discrete(map(dtype, domain or ()), dtype)
    return hp.HParam(name, values, display_name=name.replace("_", " "))
