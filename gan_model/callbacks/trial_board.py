"""One trial of a search on TensorBoard."""

import math
import time
from pathlib import Path

import tensorflow as tf

from gan_model import pictures
from gan_model.callbacks import board
from gan_model.callbacks.scalars import EpochFigures


class TrialBoard(EpochFigures):
    """Shows one trial of a search on TensorBoard: its row in HParams, its figures, its pictures.

    A trial is one run, so that its name appears once in every list. Held-out losses and
    scores stand beside those of training as `losses/val_...` and `scores/val_...`. The table
    in HParams shows the hyperparameters, the least held-out distance so far, the distance,
    recall and precision of the last measurement, and the seconds that training took. The step
    is the model's own, so a resumed trial is one unbroken curve.

    Give it before `Checkpoints`, and call `close` when the trial has ended: only then is it
    known whether it succeeded. Of a trial that is closed twice TensorBoard keeps the first
    status, as it keeps the hyperparameters written first.

    Args:
        log_dir: folder of this trial's run, e.g. `search/tensorboard/trial-003`; the run's
            name on TensorBoard is this folder's name.
        hyperparameters: dict from names to int, float, str or bool.
        domains: dict from names to what the search chooses from: a tuple (low, high) is an
            interval of numbers, a list holds all values. Names may be missing.
        count: images in a grid, 1 or more.
        seed: of the grid's codings.
    """

    def __init__(self, log_dir, hyperparameters, *, domains=None, count=25, seed=0):
        super().__init__()
        if count < 1:
            raise ValueError(f"`count` is 1 or more images. Received: count={count}.")
        self.log_dir = Path(log_dir)
        self.hyperparameters, self.domains = dict(hyperparameters), dict(domains or {})
        self.count, self.seed = count, seed
        self._writer = None

    def on_train_begin(self, logs=None):  # not in __init__: a tuner deep-copies callbacks
        if self._writer:  # an earlier `fit` was not closed
            self._writer.close()
        self._train_began = time.perf_counter()
        step = int(self.model.step.numpy())
        self._writer = board.writer(self.log_dir, step)
        with board.drawing(self._writer, 0):
            for summary in self._experiment(), self._session_start():
                tf.summary.experimental.write_raw_pb(summary.SerializeToString())
        if step == 0:
            self._draw({})

    def on_epoch_end(self, epoch, logs=None):
        figures = self.training()
        for name, value in (logs or {}).items():
            prefix = "val_" if name.startswith("val_") else ""
            figures[self.tag(name.removeprefix("val_"), prefix)] = value
        figures |= self._best(logs or {})
        figures["trial/seconds"] = time.perf_counter() - self._train_began
        self._draw(figures)

    def close(self, *, succeeded, figures):
        """Writes how the trial ended; nothing happens where no `fit` has begun.

        Args:
            succeeded: whether the row in HParams shows success or failure.
            figures: dict from tags to numbers, shown at the last step.
        """
        if not self._writer:
            return
        from tensorboard.plugins.hparams import api_pb2, summary

        status = api_pb2.STATUS_SUCCESS if succeeded else api_pb2.STATUS_FAILURE
        with board.drawing(self._writer, int(self.model.step.numpy())):
            board.scalars(figures)
            ended = summary.session_end_pb(status).SerializeToString()
            tf.summary.experimental.write_raw_pb(ended)
        self._writer.close()
        self._writer = None

    def _draw(self, figures):
        with board.drawing(self._writer, int(self.model.step.numpy())):
            board.scalars(figures)
            if self.model.sampler().is_finite:
                images, columns = self.model.sampler().for_grid(self.count, seed=self.seed)
                picture = pictures.grid(images, columns=columns)
                board.image("samples", picture)

    def _best(self, logs):
        """The least held-out distance so far, by tag; none in an epoch without validation."""
        distance = self._distance()
        name = f"val_{distance}"
        if name not in logs:
            return {}
        # The history gets this epoch's figures only after all other callbacks had them;
        # `Checkpoints` has brought back those of earlier processes.
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
        """The columns of numbers in HParams: dict from tags to what stands above them."""
        shown, distance = {}, self._distance()
        if distance:
            shown[f"trial/best_{distance}"] = f"best {distance}"
            shown[f"quality/{distance}"] = f"last {distance}"
            features = distance.partition("_")[2]
            others = [f"recall_{features}", f"precision_{features}"]
            shown |= {f"quality/{n}": f"last {n}" for n in others if n in self.model.quality.names}
        return shown | {"trial/seconds": "seconds"}


def _hyperparameter(name, value, domain):
    """How HParams shows one hyperparameter, what it is and where it can lie."""
    from tensorboard.plugins.hparams import api_pb2

    # Said in any case, also without a domain: by its type the pages of HParams choose the
    # filter, and an axis of numbers or of words.
    kinds = {bool: api_pb2.DATA_TYPE_BOOL, str: api_pb2.DATA_TYPE_STRING}
    kind = kinds.get(type(value), api_pb2.DATA_TYPE_FLOAT64)
    about = api_pb2.HParamInfo(name=name, display_name=name.replace("_", " "), type=kind)
    if isinstance(domain, tuple):
        about.domain_interval.min_value, about.domain_interval.max_value = domain
    elif domain is not None:
        about.domain_discrete.extend(domain)
    return about
