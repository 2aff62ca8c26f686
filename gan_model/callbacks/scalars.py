"""The figures of a run on TensorBoard."""

import keras
import tensorflow as tf

from gan_model.callbacks import board
from gan_model.callbacks.alarms import figure_of, standard
from gan_model.callbacks.board import EpochSpeed, alarm_tag, held_out_tag, quality_tag, tag
from gan_model.storage.paths import expanded

_CHARTS = {
    "losses": [tag("discriminator_loss"), tag("generator_loss")],
    "scores: who is winning": [tag("real_score"), tag("fake_score")],
}


class Scalars(keras.callbacks.Callback):
    """Draws losses, scores, quality, rates and images per second, against the training step.

    Training and validation share a chart for each figure (two runs, `train` and `validation`,
    with the same tags). The floor of each number of `gan.quality` is a third run, `floor`, on
    the same chart: as many training images compared with the held-out ones. The tab Custom
    Scalars has both losses on one chart, and both mean scores on another. An alarm has a chart
    from the epoch in which it was first raised. The step is the model's own, so a resumed run is
    one unbroken curve.

    Args:
        log_dir: folder that TensorBoard reads.
        alarms: the alarms that `callbacks.Alarms` watches for, if that is among the callbacks.
            None: those of `callbacks.alarms.standard()`.
    """

    def __init__(self, log_dir, *, alarms=None):
        super().__init__()
        self.log_dir = expanded(log_dir)
        self.alarms = standard() if alarms is None else list(alarms)

    def on_train_begin(self, logs=None):  # not in __init__: a tuner deep-copies callbacks
        self._writers, self._first_step = {}, int(self.model.step.numpy())
        with self._writer("train").drawing(0):
            tf.summary.experimental.write_raw_pb(_layout().SerializeToString())

    def on_epoch_begin(self, epoch, logs=None):
        self._speed = EpochSpeed(self.model)

    def on_train_batch_end(self, batch, logs=None):
        self._speed.stop()

    def on_epoch_end(self, epoch, logs=None):
        logs = dict(logs or {})
        training, held_out = self._speed.figures() | self._raised(logs), {}
        for name, value in logs.items():
            if name.startswith("val_"):
                held_out[held_out_tag(name.removeprefix("val_"), self.model.quality)] = value
            else:
                training[tag(name)] = value
        self._write("train", training)
        self._write("validation", held_out)
        if held_out:
            self._write("floor", self._floor())

    def on_train_end(self, logs=None):
        for writer in self._writers.values():
            writer.close()

    def _raised(self, logs):
        """Takes the alarms out of the logs; gives those ever raised, by tag."""
        shown = {}
        for alarm in self.alarms:
            name = figure_of(alarm)
            value = logs.pop(name, None)
            # The history has the epochs before this one, those of earlier processes included.
            if value or (value is not None and any(self.model.history.history.get(name, ()))):
                shown[alarm_tag(alarm.name)] = value
        return shown

    def _floor(self):
        quality = self.model.quality
        floor = (quality and quality.floor) or {}
        return {quality_tag(name, quality): value for name, value in floor.items()}

    def _write(self, run, figures):
        if figures:
            with self._writer(run).drawing(int(self.model.step.numpy())):
                board.scalars(figures)

    def _writer(self, run):
        if run not in self._writers:
            self._writers[run] = board.Writer(self.log_dir / run, self._first_step)
        return self._writers[run]


def _layout():
    # Here, not above: TensorBoard's protocol buffers take a second to import.
    from tensorboard.plugins.custom_scalar import layout_pb2, summary

    charts = [
        layout_pb2.Chart(title=title, multiline=layout_pb2.MultilineChartContent(tag=tags))
        for title, tags in _CHARTS.items()
    ]
    category = layout_pb2.Category(title="The game", chart=charts)
    return summary.pb(layout_pb2.Layout(category=[category]))
