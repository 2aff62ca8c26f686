"""The figures of a run on TensorBoard."""

import time
from pathlib import Path

import keras
import tensorflow as tf

from gan_model.callbacks import board

_GROUPS = {"_loss": "losses", "penalty": "losses", "_score": "scores"}
_CHARTS = {
    "losses": ["losses/discriminator_loss", "losses/generator_loss"],
    "scores: who is winning": ["scores/real_score", "scores/fake_score"],
}


class Scalars(keras.callbacks.Callback):
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
        with self._writer("train").as_default(step=0), tf.summary.record_if(True):
            tf.summary.experimental.write_raw_pb(_layout().SerializeToString())

    def on_epoch_begin(self, epoch, logs=None):
        self._began, self._ended = time.perf_counter(), None
        self._seen_before = int(self.model.images_seen.numpy())

    def on_test_begin(self, logs=None):
        # Validation inside `fit` is no training time.
        self._ended = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        seconds = (self._ended or time.perf_counter()) - self._began
        seen = int(self.model.images_seen.numpy()) - self._seen_before
        figures = {
            "training/images_per_second": seen / seconds,
            "training/generator_learning_rate": _rate(self.model.generator_optimizer),
            "training/discriminator_learning_rate": _rate(self.model.discriminator_optimizer),
        }
        held_out = {}
        for name, value in (logs or {}).items():
            where = held_out if name.startswith("val_") else figures
            where[self._tag(name.removeprefix("val_"))] = value
        self._write("train", figures)
        self._write("validation", held_out)
        if held_out:
            self._write("floor", {self._tag(name): v for name, v in self._floor().items()})

    def on_train_end(self, logs=None):
        for writer in self._writers.values():
            writer.close()

    def _floor(self):
        return (self.model.quality and self.model.quality.floor) or {}

    def _tag(self, figure):
        """The figure's name below the name of its group, which TensorBoard folds as one."""
        if self.model.quality and figure in self.model.quality.names:
            return f"quality/{figure}"
        for ending, group in _GROUPS.items():
            if figure.endswith(ending):
                return f"{group}/{figure}"
        return figure

    def _write(self, run, figures):
        if not figures:
            return
        writer = self._writer(run)
        # record_if: Keras's TensorBoard callback may have switched all summaries off.
        with writer.as_default(step=int(self.model.step.numpy())), tf.summary.record_if(True):
            for name, value in figures.items():
                tf.summary.scalar(name, float(value))

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
