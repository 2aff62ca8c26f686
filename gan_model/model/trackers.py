"""Figures of each step -> the means over an epoch that `fit` logs."""

import keras
import tensorflow as tf

from gan_model import replicas

# Steps from one gradient norm to the next. Odd, so that steps with lazy penalties are included.
_EVERY = 7
_ALWAYS = ("discriminator_loss", "generator_loss", "real_score", "fake_score")
_NORMS = ("discriminator_gradient_norm", "generator_gradient_norm")
_OPTIONAL = ("class_loss", "penalty", "augmentation_probability")
FIGURES = (*_ALWAYS, *_NORMS, *_OPTIONAL)  # all training figures that a GAN may log


class Trackers:
    """Means of the figures of a GAN over the steps of an epoch or of an evaluation."""

    def __init__(self):
        self._means = {name: keras.metrics.Mean(name=name) for name in FIGURES}

    def shown(self, *, evaluating, optional=()):
        """The `keras.metrics.Mean` of each figure that is logged.

        Args:
            evaluating: whether in an evaluation, which logs no gradient norms and no penalty.
            optional: those of "class_loss", "penalty" and "augmentation_probability" that this GAN
                has.
        """
        names = [*_ALWAYS, *(name for name in ("class_loss",) if name in optional)]
        if not evaluating:
            names += [*_NORMS, *(name for name in _OPTIONAL[1:] if name in optional)]
        return [self._means[name] for name in names]

    def add(self, figures, *, images):
        """Adds the figures of one step.

        Args:
            figures: dict from names to scalars, or to scores with one row per image.
            images: number of images on this device, a scalar tensor.
        """
        for name, value in figures.items():
            weight, value = None, tf.convert_to_tensor(value)
            if replicas.count() > 1 and not value.shape.rank:
                # Without images a mean is NaN; it gets the weight 0.
                there = images > 0
                value, weight = tf.where(there, value, 0.0), tf.cast(there, tf.float32)
            self._means[name].update_state(value, sample_weight=weight)

    def add_gradient_norm(self, player, gradients, optimizer):
        """Adds the norm of a player's gradient, in every seventh step and in the first.

        Reading all gradients in each step would take a sixth of the time of a dense GAN's step.

        Args:
            player: "discriminator" or "generator".
            gradients: list of tensors and None, as `Player.learn` returns it.
            optimizer: Keras optimizer of the player, which counts its steps.
        """
        mean = self._means[f"{player}_gradient_norm"]
        due = (optimizer.iterations % _EVERY == 0) | (mean.count == 0)
        floats = lambda: [tf.cast(g, tf.float32) for g in gradients if g is not None]  # noqa: E731
        norm = tf.cond(due, lambda: tf.linalg.global_norm(floats()), lambda: 0.0)
        mean.update_state(replicas.count() * norm, sample_weight=due)
