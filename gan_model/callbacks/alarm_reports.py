"""Reports during training that a run goes wrong, and how."""

import math
import sys

import keras
import tensorflow as tf

from gan_model.callbacks import alarms as kinds
from gan_model.callbacks import board
from gan_model.callbacks.figures import alarm_tag
from gan_model.metrics.diversity import class_entropy, diversity
from gan_model.storage.paths import expanded


class Alarms(keras.callbacks.Callback):
    """Watches figures that cost almost nothing, and reports when a run goes wrong.

    At the end of each epoch it adds to the logs `diversity` and `class_entropy` (of 64 generated
    images, see `callbacks.alarms.Collapse`) and one field for each alarm, 1 while it is raised
    and 0 otherwise: `alarm_exploding`, `alarm_discriminator_won`, `alarm_collapse`. Give it
    before the callbacks that show and save them. When an alarm begins, its sentence is printed
    to stderr and written to TensorBoard, in the tab Text and as a point in the chart of the
    alarm. An alarm with `ends` stops the run at once; `Recover` brings back what
    `Exploding` has ended.

    The diversity is known if training or held-out images came as an array.

    Args:
        alarms: objects with `name`, `ends` and `judge(gan, figures, before)`, see
            `callbacks.alarms`. None: `Exploding`, `DiscriminatorWon` and `Collapse`.
        log_dir: folder that TensorBoard reads; the sentences go to its run `alarms`. None:
            to stderr only.

    Raises:
        ValueError: an object that is not an alarm.

    Example, with an alarm of your own:

    ```python
    class Slow:
        name, ends = "slow", False

        def judge(self, gan, figures, before):
            if figures["generator_gradient_norm"] < 0.01:
                return "the generator hardly moves: try a higher generator_learning_rate."

    watching = callbacks.Alarms([*alarms.standard(), Slow()])
    ```
    """

    def __init__(self, alarms=None, *, log_dir=None):
        super().__init__()
        self.alarms = kinds.standard() if alarms is None else list(alarms)
        _check(self.alarms)
        self.log_dir = expanded(log_dir) if log_dir else None

    def on_train_begin(self, logs=None):  # not in __init__: a tuner deep-copies callbacks
        self._ending, self._writer = {}, None

    def on_train_batch_end(self, batch, logs=None):
        for alarm in self.alarms:
            if alarm.ends and (sentence := self._judged(alarm, logs)):
                self._ending[alarm.name] = sentence
                self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        logs |= self._measured()
        for alarm in self.alarms:
            sentence = self._ending.pop(alarm.name, None) or self._judged(alarm, logs)
            figure = kinds.figure_of(alarm)
            logs[figure] = float(bool(sentence))
            # The history does not have this epoch yet: Keras adds it after all other callbacks.
            raised_before = (self._before().get(figure) or [0])[-1]
            if sentence and (alarm.ends or not raised_before):
                self._tell(alarm.name, sentence)
            if sentence and alarm.ends:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self._writer:
            self._writer.close()

    def _judged(self, alarm, logs):
        return alarm.judge(self.model, logs, self._before())

    def _before(self):
        return self.model.history.history

    def _measured(self):
        """Diversity and entropy of 64 generated images; NaN if the generator has diverged."""
        real = self.model.monitor.real_sample
        classes = self.model.quality.classes if self.model.quality else None
        if real is None:
            return {}
        finite = self.model.sampler().is_finite
        count = len(real.images)
        images = self.model.generate(count, labels=real.labels) if finite else None
        figures = {"diversity": diversity(images, real.images, real.labels) if finite else math.nan}
        if classes:
            spread = class_entropy(classes, images, real.images) if finite else math.nan
            figures |= {} if spread is None else {"class_entropy": spread}
        return figures

    def _tell(self, name, sentence):
        print(f"\nAlarm: {sentence}", file=sys.stderr)
        if self.log_dir:
            step = int(self.model.step.numpy())
            self._writer = self._writer or board.Writer(self.log_dir / "alarms", step - 1)
            with self._writer.drawing(step):
                tf.summary.text(alarm_tag(name), sentence)
                # This point stays if `Recover` repeats the epoch and `Scalars` discards its own.
                board.scalars({alarm_tag(name): 1})


def _check(alarms):
    for alarm in alarms:
        if isinstance(alarm, type) or not all(
            hasattr(alarm, needed) for needed in ("name", "ends", "judge")
        ):
            raise ValueError(
                "An alarm is an object with `name`, `ends` and `judge(gan, figures, before)`. "
                f"Received: {alarm!r}. Type callbacks.Alarms([alarms.Exploding()])."
            )
