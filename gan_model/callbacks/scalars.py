"""The figures of a run on TensorBoard."""

import time
from pathlib import Path

import keras
import tensorflow as tf

from gan_model.callbacks import board

_GROUPS = {
    "_loss": "losses",
    "penalty": "losses",
    "_score": "scores",
    "_gradient": "gradients",
    "augmentation": "training",
    "recoveries": "training",
    "diversity": "diversity",
    "class_entropy": "diversity",
}
_CHARTS = {
    "losses": ["losses/discriminator_loss", "losses/generator_loss"],
    "scores: who is winning": ["scores/real_score", "scores/fake_score"],
}


class EpochFigures(keras.callbacks.Callback):
    """Knows what is to be drawn of an epoch besides its logs, and below which names."""

    def on_epoch_begin(self, epoch, logs=None):
        self._began, self._ended = time.perf_counter(), None
        self._seen_before = int(self.model.images_seen.numpy())

    def on_test_begin(self, logs=None):
        # Validation inside `fit` is no training time.
        self._ended = time.perf_counter()

    def training(self):
        """Images per second of the epoch that ends, and both learning rates, by tag."""
        seconds = (self._ended or time.perf_counter()) - self._began
        seen = int(self.model.images_seen.numpy()) - self._seen_before
        return {
            "training/images_per_second": seen / seconds,
            "training/generator_learning_rate": _rate(self.model.generator_optimizer),
            "training/discriminator_learning_rate": _rate(self.model.discriminator_optimizer),
        }

    def tag(self, figure, prefix=""):
        """The figure's name below the name of its group, which TensorBoard folds as one.

        Args:
            figure: its name in the logs, without "val_".
            prefix: stands before the name, except of a number of `gan.quality`, which is
                always a held-out one.
        """
        if self.model.quality and figure in self.model.quality.names:
            return f"quality/{figure}"
        if figure.startswith("alarm_"):
            return f"alarms/{figure.removeprefix('alarm_')}"
        for ending, group in _GROUPS.items():
            if figure.endswith(ending):
                return f"{group}/{prefix}{figure}"
        return prefix + figure


class Scalars(EpochFigures):
    """Draws losses, scores, quality, rates and images per second, against the training step.

    Training and validation share a chart for each figure (two runs, `train` and
    `validation`, with the same tags). The floor of each number of `gan.quality` is a third
    run, `floor`, on its chart: as many training images compared with the held-out ones. The
    tab Custom Scalars has both losses on one chart, and both mean scores. The step is the
    model's own, so a resumed run is one unbroken curve.

    Args:
        log_dir: folder that TensorBoard reads.
    """

    def __init__(self, log_dir):
        super().__init__()
        self.log_dir = Path(log_dir)

    def on_train_begin(self, logs=None):  # not in __init__: a tuner deep-copies callbacks
        self._writers, self._first_step = {}, int(self.model.step.numpy())
        with board.drawing(self._writer("train"), 0):
            tf.summary.experimental.write_raw_pb(_layout().SerializeToString())

    def on_epoch_end(self, epoch, logs=None):
        figures, held_out = self.training(), {}
        for name, value in (logs or {}).items():
            where = held_out if name.startswith("val_") else figures
            where[self.tag(name.removeprefix("val_"))] = value
        self._write("train", figures)
        self._write("validation", held_out)
        if held_out:
            self._write("floor", {self.tag(name): v for name, v in self._floor().items()})

    def on_train_end(self, logs=None):
        for writer in self._writers.values():
            writer.close()

    def _floor(self):
        return (self.model.quality and self.model.quality.floor) or {}

    def _write(self, run, figures):
        if figures:
            with board.drawing(self._writer(run), int(self.model.step.numpy())):
                board.scalars(figures)

    def _writer(self, run):
        if run not in self._writers:
            self._writers[run] = board.writer(self.log_dir / run, self._first_step)
        return self._writers[run]


def _rate(optimizer):
    return keras.ops.convert_to_numpy(optimizer.learning_rate)


def _layout():
    # Here, not above: TensorBoard's protocol buffers take a second to import.
    from tensorboard.plugins.custom_scalar import layout_pb2, summary

    charts = [
        layout_pb2.Chart(title=title, multiline=layout_pb2.MultilineChartContent(tag=tags))
        for title, tags in _CHARTS.items()
    ]
    category = layout_pb2.Category(title="The game", chart=charts)
    return summary.pb(layout_pb2.Layout(category=[category]))
