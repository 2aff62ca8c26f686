"""What a step says of itself -> the means that `fit` logs."""

import keras
import tensorflow as tf

from gan_model.execution import devices

_EVERY = 7  # steps from one look at the gradients to the next; odd, to meet lazy penalties
_ALWAYS = ("discriminator_loss", "generator_loss", "real_score", "fake_score")
_GRADIENTS = ("discriminator_gradient", "generator_gradient")  # norms


class Tracks:
    """The `metrics` of a GAN: means over the batches of an epoch.

    The model is `compile`d with a `class_loss`, a `penalty` and an `augmentation`, or None for
    each, and says by `_evaluating` whether it is being evaluated.
    """

    def _make_trackers(self):
        names = *_ALWAYS, *_GRADIENTS, "class_loss", "penalty", "augmentation"
        self._trackers = {name: keras.metrics.Mean(name=name) for name in names}

    @property
    def metrics(self):
        # Without the tracker of Keras's own loss, which this model never feeds.
        shown = [*_ALWAYS] + ["class_loss"] * (self.class_loss is not None)
        if not self._evaluating:
            shown += _GRADIENTS
            shown += ["penalty"] * (self.penalty is not None)
            shown += ["augmentation"] * (self.augmentation is not None)
        return [self._trackers[name] for name in shown]

    def _track(self, **values):
        for name, value in values.items():
            self._trackers[name].update_state(value)

    def _track_gradient(self, name, gradients, steps):
        tracker = self._trackers[name]
        # One in seven, and the first of an epoch: reading all of them takes a sixth of the time
        # of a dense step.
        due = (steps % _EVERY == 0) | (tracker.count == 0)
        floats = lambda: [tf.cast(g, tf.float32) for g in gradients if g is not None]  # noqa: E731
        norm = tf.cond(due, lambda: tf.linalg.global_norm(floats()), lambda: 0.0)
        tracker.update_state(devices() * norm, sample_weight=due)
