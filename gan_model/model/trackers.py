"""Figures of each step -> the means over an epoch that `fit` logs."""

import keras
import tensorflow as tf

from gan_model import replicas

# Steps from one gradient norm to the next. Odd, so that steps with lazy penalties are included.
_EVERY = 7
_EVALUATED = ("discriminator_loss", "generator_loss", "real_score", "fake_score", "class_loss")
_NORMS = ("discriminator_gradient_norm", "generator_gradient_norm")
# All training figures that a GAN may log, in the order of the logs.
FIGURES = (*_EVALUATED, *_NORMS, "penalty", "augmentation_probability")


class Trackers:
    """Means of the figures of a GAN over the steps of an epoch or of an evaluation."""

    def __init__(self):
        self._means = {name: keras.metrics.Mean(name=name) for name in FIGURES}

    def shown(self, *, evaluating, without=()):
        """The `keras.metrics.Mean` of each figure that is logged.

        Args:
            evaluating: whether in an evaluation, which logs no gradient norms and no penalty.
            without: names of figures that this GAN does not have.
        """
        names = _EVALUATED if evaluating else FIGURES
        return [self._means[name] for name in names if name not in without]

    def add(self, figures, share):
        """Adds the figures of one step.

        Args:
            figures: dict from names to scalars, or to scores with one row per image.
            share: `replicas.Share` of this device in the batch.
        """
        means = figures if share.weight is None else _of_batch(figures, share.weight)
        for name, value in figures.items():
            by_image = tf.convert_to_tensor(value).shape.rank  # every score counts equally
            images = share.total if by_image and share.weight is not None else None
            self._means[name].update_state(means[name], sample_weight=images)

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
        mean.update_state(norm, sample_weight=due)


def _of_batch(figures, weight):
    """The means over the images of all devices."""
    means = tf.stack([tf.reduce_mean(value) for value in figures.values()])
    # The mean over no images is NaN.
    of_batch = replicas.total(tf.where(weight > 0, weight * means, 0.0))
    return dict(zip(figures, tf.unstack(of_batch), strict=True))
