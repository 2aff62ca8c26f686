"""One trial of a search on TensorBoard."""

import math
import time

import keras
import tensorflow as tf

from gan_model import pictures
from gan_model.callbacks import board
from gan_model.callbacks.epoch_speed import EpochSpeed
from gan_model.callbacks.figures import held_out_tag, quality_tag, tag
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
        if self._writer:  # an earlier `fit` was not closed
            self._writer.close()
        self._train_began = time.perf_counter()
        step = int(self.model.step.numpy())
        self._writer = board.Writer(self.log_dir, step)
        with self._writer.drawing(0):
            for summary in self._experiment(), self._session_start():
                tf.summary.experimental.write_raw_pb(summary.SerializeToString())
        if step == 0:
            self._draw({}, 0)

    def on_epoch_begin(self, epoch, logs=None):
        self._speed = EpochSpeed(self.model)

    def on_train_batch_end(self, batch, logs=None):
        self._speed.stop()

    def on_epoch_end(self, epoch, logs=None):
        figures = self._speed.figures()
        for name, value in (logs or {}).items():
            if name.startswith("val_"):
                held_out = name.removeprefix("val_"), self.model.quality
                figures[held_out_tag(*held_out, prefix="val_")] = value
            else:
                figures[tag(name)] = value
        figures |= self._best(logs or {})
        figures["trial/seconds"] = time.perf_counter() - self._train_began
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
                picture = pictures.grid(images, columns=columns)
                board.image("samples", picture)

    def _best(self, logs):
        """The lowest held-out distance so far, by tag; empty in an epoch without validation."""
        distance = self._distance()
        name = f"val_{distance}"
        if name not in logs:
            return {}
        # The history does not have this epoch yet: Keras adds it after all other callbacks. It
        # has the epochs of earlier processes, which `Checkpoints` has brought back.
        known = [*self.model.history.history.get(name, []), logs[name]]
        numbers = [value for value in known if math.isfinite(value)]
        return {f"trial/best_{distance}": min(numbers)} if numbers else {}

    def _distance(self):
        return self.model.quality.distance if self.model.quality else None

    def _session_start(self):
        # Here, not above: TensorBoard takes a second to import.
        from tensorboard.plugins.hparams import summary

        # The table names a row by its group.
        return summary.session_start_pb(self.hyperparameters, group_name=self.log_dir.name)

    def _experiment(self):
        from tensorboard.plugins.hparams import api_pb2, summary

        hyperparameters = [
            _hyperparameter(name, value, self.domains.get(name))
            for name, value in self.hyperparameters.items()
        ]
        metrics = [
            api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag), display_name=name)
            for tag, name in self._metrics().items()
        ]
        return summary.experiment_pb(hyperparameters, metrics)

    def _metrics(self):
        """The columns of numbers in HParams: dict from tags to their titles."""
        shown, quality, distance = {}, self.model.quality, self._distance()
        if distance:
            shown[f"trial/best_{distance}"] = f"best {distance}"
            names = quality.metrics.key_names
            shown |= {quality_tag(name, quality): f"last {name}" for name in names}
        return shown | {"trial/seconds": "seconds"}


def _hyperparameter(name, value, domain):
    """How HParams shows one hyperparameter: its name, its type and its domain."""
    from tensorboard.plugins.hparams import api_pb2

    # The type is set even without a domain: the page chooses the filter and the axis by it.
    kinds = {bool: api_pb2.DATA_TYPE_BOOL, str: api_pb2.DATA_TYPE_STRING}
    kind = kinds.get(type(value), api_pb2.DATA_TYPE_FLOAT64)
    about = api_pb2.HParamInfo(name=name, display_name=name.replace("_", " "), type=kind)
    if isinstance(domain, tuple):
        about.domain_interval.min_value, about.domain_interval.max_value = domain
    elif domain is not None:
        about.domain_discrete.extend(domain)
    return about
