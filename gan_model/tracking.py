"""What a step says of itself -> the means that `fit` logs."""

import keras

_ALWAYS = ("discriminator_loss", "generator_loss", "real_score", "fake_score")


class Tracks:
    """The `metrics` of a GAN: means over the batches of an epoch.

    The model is `compile`d with a `class_loss`, a `penalty` and an `augmentation`, or None for
    each, and says by `_evaluating` whether it is being evaluated.
    """

    def _make_trackers(self):
        names = *_ALWAYS, "class_loss", "penalty", "augmentation"
        self._trackers = {name: keras.metrics.Mean(name=name) for name in names}

    @property
    def metrics(self):
        # Without the tracker of Keras's own loss, which this model never feeds.
        shown = [*_ALWAYS] + ["class_loss"] * (self.class_loss is not None)
        if not self._evaluating:
            shown += ["penalty"] * (self.penalty is not None)
            shown += ["augmentation"] * (self.augmentation is not None)
        return [self._trackers[name] for name in shown]

    def _track(self, **values):
        for name, value in values.items():
            self._trackers[name].update_state(value)
