"""A generator -> a second generator with the moving average of its weights.

The weights of a generator fluctuate from step to step. Their moving average generates better
images than the weights of any single step. The second generator is not trained: it costs a few
multiplications per step and the memory of one more generator.
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import keras
import tensorflow as tf

from gan_model.storage.serializable import Serializable


@runtime_checkable
class Average(Protocol):
    """An average of the generator's weights: an object with this method."""

    def follow(
        self,
        averaged: keras.Model,
        generator: keras.Model,
        *,
        images: tf.Tensor,
        seen: tf.Tensor,
    ) -> None:
        """Updates the averaged generator after a step.

        Args:
            averaged: model whose weights move towards those of `generator`.
            generator: the trained model.
            images: number of images in this step, on all devices together; a scalar.
            seen: number of images in all earlier steps, a scalar.
        """


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class ExponentialMovingAverage(Serializable):
    """The exponential moving average of the generator's weights.

        average <- average + (1 - beta) (weight - average),   beta = 0.5^(images / half_life)

    The average is updated in every step; `images` is the number of images in the step, on all
    devices together. The weight of a past value halves with every `half_life` images, whatever
    the batch size. As in the authors' program, the half-life is at most `warm_up` times the
    images seen so far, so that the average soon forgets the random initial weights.

    Args:
        half_life: in images, more than 0.
        warm_up: longest half-life as a fraction of the images seen so far, more than 0.
            None: the half-life is the same from the first step on.

    Reference: Yazici et al. (2019); Karras et al. (2018, 2020) for half-life and warm-up.
    """

    half_life: float = 10_000
    warm_up: float | None = 0.05

    def __post_init__(self):
        if not self.half_life > 0:
            raise ValueError(
                "`half_life` is a number of images, more than 0. Received: "
                f"half_life={self.half_life}."
            )
        if self.warm_up is not None and not self.warm_up > 0:
            raise ValueError(
                "`warm_up` is a fraction of the images seen, more than 0, or None. Received: "
                f"warm_up={self.warm_up}."
            )

    def fraction(self, images, seen):
        """1 - beta: the fraction of the distance to the new weights that the average moves.

        Args:
            images: number of images in this step, on all devices together.
            seen: number of images in all earlier steps.

        Returns:
            A scalar from 0 to 1, float32.
        """
        half_life = tf.constant(self.half_life, tf.float32)
        if self.warm_up is not None:
            half_life = tf.minimum(half_life, self.warm_up * tf.cast(seen, tf.float32))
        # `expm1` because 1 - 0.5^x loses half its digits in float32 if x is small. Before the
        # first image the half-life is 0 and the fraction 1. A division by 0 would give that too,
        # but `tf.debugging.enable_check_numerics` stops there.
        divisor = tf.where(half_life > 0, half_life, 1.0)
        fraction = -tf.math.expm1(-math.log(2.0) * tf.cast(images, tf.float32) / divisor)
        return tf.where(half_life > 0, fraction, 1.0)

    def follow(self, averaged, generator, *, images, seen):
        """Updates the averaged generator after a step; see `Average.follow`."""
        fraction = self.fraction(images, seen)
        for average, weight in zip(averaged.weights, generator.weights, strict=True):
            if keras.backend.is_float_dtype(weight.dtype):
                average.assign_add(tf.cast(fraction, weight.dtype) * (weight - average))
            else:
                average.assign(weight)  # an integer, such as a count, is copied
