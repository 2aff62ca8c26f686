"""A generator that learns -> one that follows it slowly, from which images are made.

A generator jumps from step to step around what it has learnt. The mean of its last weights
makes better images than any of them. The second generator is not trained: it costs a few
multiplications in a step and the memory of one more generator.
"""

import math
from dataclasses import dataclass

import keras
import tensorflow as tf

from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class ExponentialMovingAverage(Serializable):
    """The exponential moving average of the generator's weights, in every step

        average <- average + (1 - beta) (weight - average),   beta = 0.5^(images / half_life)

    with the images of the step, of all devices together. So what a weight was `half_life`
    images ago counts half, whatever the batch size. As in the authors' program the half life
    is at most `warm_up` times the images seen before, so that the random weights of the
    beginning are soon forgotten.

    Args:
        half_life: in images, more than 0.
        warm_up: share of the images seen, more than 0; None: the same half life from the
            first step on.

    Reference: Yazici et al. (2019); Karras et al. (2018, 2020) for half life and warm-up.
    """

    half_life: float = 10_000
    warm_up: float | None = 0.05

    def __post_init__(self):
        if not self.half_life > 0:
            raise ValueError(
                f"`half_life` counts images, more than 0. Received: half_life={self.half_life}."
            )
        if self.warm_up is not None and not self.warm_up > 0:
            raise ValueError(
                "`warm_up` is a share of the images seen, more than 0, or None. Received: "
                f"warm_up={self.warm_up}."
            )

    def fraction(self, images, seen):
        """1 - beta: how much of the way to the new weights the average goes in one step.

        Args:
            images: of this step, on all devices.
            seen: images of all steps before.

        Returns:
            A scalar from 0 to 1, float32.
        """
        half_life = tf.constant(self.half_life, tf.float32)
        if self.warm_up is not None:
            half_life = tf.minimum(half_life, self.warm_up * tf.cast(seen, tf.float32))
        # Not 1 - 0.5^x, which in float32 loses half its digits where x is small. Before the
        # first image the half life is 0, and the share 1.
        return -tf.math.expm1(-math.log(2.0) * tf.cast(images, tf.float32) / half_life)

    def follow(self, averaged, generator, *, images, seen):
        """Moves the weights of one generator towards those of another; arguments as `fraction`."""
        fraction = self.fraction(images, seen)
        for average, weight in zip(averaged.weights, generator.weights, strict=True):
            if keras.backend.is_float_dtype(weight.dtype):
                average.assign_add(fraction * (weight - average))
            else:
                average.assign(weight)  # a count, which has no mean
