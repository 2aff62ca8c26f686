"""The figures of a run on TensorBoard."""

import time
from pathlib import Path

import keras
import tensorflow as tf

_CHARTS = {
    "losses": ["discriminator_loss", "generator_loss"],
    "scores: who is winning": ["real_score", "fake_score"],
}


class Scalars(keras.callbacks.Callback):
    """Draws losses, scores, learning rates and images per second, against the training step.

    Training and validation share a chart for each figure (two runs, `train` and
    `validation`, with the same tags). The tab Custom Scalars has both losses on one chart,
    and both mean scores. The step is the model's own, so a resumed run is one unbroken curve.

    Args:
        log_dir: folder that TensorBoard reads.
    """

    def __init__(self, log_dir):
        super().__init__()
        self.log_dir = Path(log_dir)

    def on_train_begin(self, logs=None):  # not in __init__: a tuner deep-copies callbacks
        self._writers = {}
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
            "images_per_second": seen / seconds,
            "learning_rate/generator": _rate(self.model.generator_optimizer),
            "learning_rate/discriminator": _rate(self.model.discriminator_optimizer),
        }
        held_out = {}
        for name, value in (logs or {}).items():
            where = held_out if name.startswith("val_") else figures
            where[name.removeprefix("val_")] = value
        self._write("train", figures)
        if held_out:
            self._write("validation", held_out)

    def on_train_end(self, logs=None):
        for writer in self._writers.values():
            writer.close()

    def _write(self, run, figures):
        writer = self._writer(run)
        # record_if: Keras's TensorBoard callback may have switched all summaries off.
        with writer.as_default(step=int(self.model.step.numpy())), tf.summary.record_if(True):
            for name, value in figures.items():
                tf.summary.scalar(name, float(value))
        writer.flush()

    def _writer(self, run):
        if run not in self._writers:
            self._writers[run] = tf.summary.create_file_writer(str(self.log_dir / run))
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
