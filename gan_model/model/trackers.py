"""Figures of each step -> the means over an epoch that `fit` logs."""

import keras
import tensorflow as tf

from gan_model import replicas

# Steps from one gradient norm to the next. Odd, so that steps with lazy penalties are included.
_EVERY = 7
_EVALUATED = ("discriminator_loss", "generator_loss", "real_score", "fake_score", "class_loss")
_NORMS = ("discriminator_gradient_norm", "generator_gradient_norm")
# All training figures that this package logs, in the order of the logs.
FIGURES = (*_EVALUATED, *_NORMS, "penalty", "augmentation_probability")
_PLACES = 64  # figures that the vectors have room for: these, and those of other names


class Trackers:
    """Means of the figures of a GAN over the steps of an epoch or of an evaluation.

    One vector has the sums of all figures, and another one what they are divided by. So a step
    needs fewer operations than with a `keras.metrics.Mean` for each figure.

    Figures of other names than `FIGURES` get a place in the vectors when they are added first,
    which is when a step is traced. No variable could be created there.
    """

    def __init__(self):
        # Variables of a metric are on each device. In bfloat16 they could not count beyond 256.
        owner = keras.metrics.Metric(name="figures")
        self._sums, self._weights = (
            owner.add_variable((_PLACES,), "zeros", "float32", name=name)
            for name in ("sums", "weights")
        )
        self._means = {}
        for name in FIGURES:
            self._mean(name)
        # Names of further figures, and of those that a step returned: of training, of evaluations.
        self._others, self._returned = {False: [], True: []}, {False: [], True: []}

    def shown(self, *, evaluating, without=()):
        """The `keras.metrics.Metric` of each figure that is logged.

        Args:
            evaluating: whether in an evaluation, which logs no gradient norms and no penalty.
            without: names of figures that this GAN does not have.
        """
        names = [name for name in _standard(evaluating) if name not in without]
        return [self._mean(name) for name in (*names, *self._others[evaluating])]

    def means(self, metrics):
        """The results of some metrics, dict from names to scalars; those of the figures at once."""
        means = tf.unstack(tf.math.divide_no_nan(self._sums.value, self._weights.value))
        results = {}
        for metric in metrics:
            result = means[metric.place] if isinstance(metric, _Mean) else metric.result()
            results |= result if isinstance(result, dict) else {metric.name: result}
        return results

    def add(self, figures, share, *, by_image=False):
        """Adds the figures of one step.

        Args:
            figures: dict from names to tensors: scalars, of which the logs have the mean over
                steps, or with one row per image, of which they have the mean over images.
            share: `replicas.Share` of this device in the batch.
            by_image: whether each image counts equally in all figures, as in an evaluation, whose
                last batch may be small.
        """
        self._announce(figures, evaluating=by_image)
        images = tf.cast(share.total, tf.float32)
        steps = images if by_image else 1.0  # what a step counts
        sums, weights = {}, {}
        for name, value in figures.items():
            value = tf.cast(value, tf.float32)
            has_rows = value.shape.rank > 0
            sums[name] = _sum_of(value) if has_rows else _part_of(value, share.weight) * steps
            weights[name] = images if has_rows else steps
        if share.weight is not None:
            summed = tf.unstack(replicas.total(tf.stack([*sums.values()])))
            sums = dict(zip(sums, summed, strict=True))
        self._add(sums, weights)

    def add_returned(self, logs, known, share, *, evaluating):
        """Adds what a step has returned beyond the figures that are tracked already.

        Args:
            logs: dict from names to numbers, as the step has returned it.
            known: names of the metrics of the GAN.
            share: function that gives the `replicas.Share` of this device in the batch.
            evaluating: whether it is a step of an evaluation.
        """
        returned = self._returned[evaluating]
        new = [name for name in logs if name not in known]
        returned += new
        self._others[evaluating] += new
        figures = {name: logs[name] for name in returned if name in logs}
        if figures:
            self.add(figures, share(), by_image=evaluating)

    def add_gradient_norm(self, network, gradients, optimizer):
        """Adds the norm of a network's gradient, in every seventh step and in the first.

        Reading all gradients in each step would take a sixth of the time of a dense GAN's step.

        Args:
            network: name of the network.
            gradients: list of tensors and None, as `update` returns it.
            optimizer: Keras optimizer of the network, which counts its steps.
        """
        name = f"{network}_gradient_norm"
        self._announce([name], evaluating=False)
        is_first = self._weights[self._mean(name).place] == 0
        due = (optimizer.iterations % _EVERY == 0) | is_first
        floats = lambda: [tf.cast(g, tf.float32) for g in gradients if g is not None]  # noqa: E731
        norm = tf.cond(due, lambda: tf.linalg.global_norm(floats()), lambda: 0.0)
        self._add({name: norm}, {name: tf.cast(due, tf.float32)})

    def _add(self, sums, weights):
        """Adds what there is of each figure to its sum and its weight."""
        for name in sums:
            self._mean(name)  # a place, where the name is new
        rest, nothing = [[0, _PLACES - len(self._means)]], tf.zeros(())
        for variable, added in ((self._sums, sums), (self._weights, weights)):
            known = tf.stack([added.get(name, nothing) for name in self._means])
            variable.assign_add(tf.pad(known, rest))

    def _announce(self, names, *, evaluating):
        """Shows figures of further names from now on."""
        others = self._others[evaluating]
        others += [name for name in names if name not in (*_standard(evaluating), *others)]

    def _mean(self, name):
        if name not in self._means:
            place = len(self._means)
            if place == _PLACES:
                raise ValueError(
                    f"A step gives more than {_PLACES} figures; {name} is one too many. Return "
                    "fewer from train_step and test_step."
                )
            self._means[name] = _Mean(name, self._sums, self._weights, place)
        return self._means[name]


class _Mean(keras.metrics.Metric):
    """The mean of one of the figures, which has a place in the vectors of sums and weights."""

    def __init__(self, name, sums, weights, place):
        super().__init__(name=name)
        self.sums, self.weights, self.place = sums, weights, place

    def result(self):
        return tf.math.divide_no_nan(self.sums[self.place], self.weights[self.place])


def _standard(evaluating):
    return _EVALUATED if evaluating else FIGURES


def _sum_of(values):
    """The sum over the images of this device; of several values for an image the mean."""
    return tf.reduce_sum(tf.reduce_mean(values, axis=list(range(1, values.shape.rank))))


def _part_of(value, weight):
    """The part that this device has in the mean of a figure over a batch."""
    # The mean over no images is NaN.
    return value if weight is None else tf.where(weight > 0, weight * value, 0.0)
