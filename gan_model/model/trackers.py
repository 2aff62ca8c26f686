"""Figures of each step -> the means over an epoch that `fit` logs."""

import math

import keras
import tensorflow as tf

from gan_model import replicas

# Steps from one gradient norm to the next. Odd, so that steps with lazy penalties are included.
_EVERY = 7
_EVALUATED = ("discriminator_loss", "generator_loss", "real_score", "fake_score", "class_loss")
_CAPACITY = 64  # figures
_NORMS = ("discriminator_gradient_norm", "generator_gradient_norm")
# The figures of `GAN` itself in training, in the order of the logs.
FIGURES = (*_EVALUATED, *_NORMS, "penalty", "augmentation_probability")


def not_finite(figures, names=FIGURES):
    """Names of the figures of training that are infinite or NaN.

    Figures that other callbacks log are ignored: they say nothing about the run.
    """
    return [name for name in names if not math.isfinite(figures.get(name, 0))]


class Trackers:
    """Means of the figures of a GAN over the steps of an epoch or of an evaluation.

    A figure of any name gets its place when a step that adds it is traced, or first runs eagerly.
    One vector has the sums of all figures, and another one what they are divided by. So a step
    needs fewer operations than with a `keras.metrics.Mean` for each figure.
    """

    def __init__(self):
        owner = keras.metrics.Metric(name="figures")  # for variables that each device has
        self._sums, self._weights = (
            owner.add_variable((_CAPACITY,), "zeros", name=name) for name in ("sums", "weights")
        )
        self._means, self._evaluated = {}, [*_EVALUATED]
        for name in FIGURES:
            self._mean(name)

    def shown(self, *, evaluating, without=()):
        """The `keras.metrics.Metric` of each figure that is logged.

        Args:
            evaluating: whether in an evaluation, which logs no gradient norms and no penalty.
            without: names of figures that this GAN does not have.
        """
        names = self._evaluated if evaluating else self._means
        return [self._means[name] for name in names if name not in without]

    def means(self, metrics):
        """The results of some metrics, dict from names to scalars; those of the figures at once."""
        means = tf.unstack(tf.math.divide_no_nan(self._sums.value, self._weights.value))
        return {
            metric.name: means[metric.place] if isinstance(metric, _Mean) else metric.result()
            for metric in metrics
        }

    def add(self, figures, share, *, by_image=False):
        """Adds the figures of one step.

        Args:
            figures: dict from names to tensors: scalars, or with one row per image.
            share: `replicas.Share` of this device in the batch.
            by_image: whether each image counts equally in all figures, as in an evaluation, whose
                last batch may be small.
        """
        images = tf.cast(share.total, tf.float32)
        steps = images if by_image else 1.0  # what a step counts
        figures = {name: tf.cast(value, tf.float32) for name, value in figures.items()}
        sums, weights = [], {}
        for name, value in figures.items():
            is_of_images = value.shape.rank > 0
            sums.append(_sum_of(value) if is_of_images else _part_of(value, share.weight) * steps)
            weights[name] = images if is_of_images else steps
            if by_image and name not in self._evaluated:
                self._evaluated.append(name)
        sums = tf.unstack(replicas.total(tf.stack(sums))) if share.weight is not None else sums
        self._add(dict(zip(figures, sums, strict=True)), weights)

    def add_gradient_norm(self, network, gradients, optimizer):
        """Adds the norm of a network's gradient, in every seventh step and in the first.

        Reading all gradients in each step would take a sixth of the time of a dense GAN's step.

        Args:
            network: its name.
            gradients: list of tensors and None, as `update` returns it.
            optimizer: Keras optimizer of the network, which counts its steps.
        """
        name = f"{network}_gradient_norm"
        is_first = self._weights[self._mean(name).place] == 0
        due = (optimizer.iterations % _EVERY == 0) | is_first
        floats = lambda: [tf.cast(g, tf.float32) for g in gradients if g is not None]  # noqa: E731
        norm = tf.cond(due, lambda: tf.linalg.global_norm(floats()), lambda: 0.0)
        self._add({name: norm}, {name: tf.cast(due, tf.float32)})

    def _mean(self, name):
        """The `_Mean` of a figure, which gets the next place if it is new."""
        if name not in self._means:
            if len(self._means) == _CAPACITY:
                raise ValueError(
                    f"A GAN logs {_CAPACITY} figures at most. Received one more: {name}. Return "
                    "fewer in the logs of the losses."
                )
            self._means[name] = _Mean(name, self._sums, self._weights, len(self._means))
        return self._means[name]

    def _add(self, sums, weights):
        """Adds what there is of each figure to its sum and its weight."""
        nothing = tf.zeros(())
        for name in sums:
            self._mean(name)
        for variable, added in ((self._sums, sums), (self._weights, weights)):
            known = tf.stack([added.get(name, nothing) for name in self._means])
            variable.assign_add(tf.pad(known, [[0, _CAPACITY - len(self._means)]]))


class _Mean(keras.metrics.Metric):
    """The mean of one of the figures, which has its place in the vectors of all."""

    def __init__(self, name, sums, weights, place):
        super().__init__(name=name)
        self.sums, self.weights, self.place = sums, weights, place

    def result(self):
        return tf.math.divide_no_nan(self.sums[self.place], self.weights[self.place])


def _sum_of(values):
    """The sum over the images of this device; of several values for an image the mean."""
    return tf.reduce_sum(tf.reduce_mean(values, axis=list(range(1, values.shape.rank))))


def _part_of(value, weight):
    """The part that this device has in the mean of a figure over a batch."""
    # The mean over no images is NaN.
    return value if weight is None else tf.where(weight > 0, weight * value, 0.0)
