"""The base class of penalties, with a weight and the steps at which they are evaluated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import keras
import tensorflow as tf

from gan_model.storage.serializable import Serializable, SerializableParts, check_counts

if TYPE_CHECKING:
    from gan_model.model import Batch, RandomStream

Schedule = keras.optimizers.schedules.LearningRateSchedule


class PenaltyFunction(Protocol):
    """What `GAN.compile` takes for a penalty, see `gan_model.penalties`."""

    def __call__(
        self, scores: Callable, real: Batch, fake: Batch, random: RandomStream
    ) -> tf.Tensor:
        """A scalar that is added to the discriminator loss."""


class _Addable:
    """Defines `+`."""

    def __add__(self, other):
        return Sum((self, other))

    def __radd__(self, other):
        return Sum((other, self))


@dataclass(frozen=True)
class Penalty(_Addable, Serializable):
    """The mean over a batch of a number for each image, times a weight.

    A subclass defines `of_each`.

    Args:
        weight: factor of the mean, 0 or more; or an object of `keras.optimizers.schedules`,
            which gives the factor for each step.
        every: steps from one evaluation to the next, 1 or more. The penalty counts `every`
            times as much at each.
    """

    weight: float | Schedule = 10.0
    every: int = field(default=1, kw_only=True)

    def __post_init__(self):
        _check_weight(self.weight)
        check_counts(every=self.every)

    def __call__(self, scores, real, fake, random):
        def weighted_mean():
            each = self.of_each(scores, real, fake, random)
            return self.every * self._weight_at(random.step) * tf.reduce_mean(each)

        if self.every == 1:
            return weighted_mean()
        due = tf.cast(random.step, tf.int64) % self.every == 0
        return tf.cond(due, weighted_mean, lambda: tf.constant(0.0))

    def of_each(self, scores, real, fake, random):
        """The penalty of each image without the weight, (batch,).

        Args:
            scores: function from a `model.Batch` to the discriminator's scores in training mode.
            real, fake: `model.Batch` of augmented images, with their labels.
            random: `model.random.RandomStream`.
        """
        raise NotImplementedError

    def _weight_at(self, step):
        if not isinstance(self.weight, Schedule):
            return self.weight
        return tf.cast(self.weight(tf.cast(step, tf.int64)), tf.float32)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Sum(_Addable, SerializableParts):
    """The sum of several penalties, made by `+`."""

    parts: tuple

    def __post_init__(self):
        for part in self.parts:
            if isinstance(part, type) or not callable(part):
                raise ValueError(
                    f"`+` adds penalties, such as R1(10) + R2(10). Received: {part!r}."
                )

    def __call__(self, scores, real, fake, random):
        return sum(part(scores, real, fake, random) for part in self.parts)


def _check_weight(weight):
    if isinstance(weight, type) or (callable(weight) and not isinstance(weight, Schedule)):
        raise ValueError(
            "`weight` is a number or an object of keras.optimizers.schedules. Received: "
            f"weight={weight!r}. Type keras.optimizers.schedules.CosineDecay(10.0, 20_000)."
        )
    first = float(weight(0)) if isinstance(weight, Schedule) else weight
    if not 0 <= first < math.inf:
        raise ValueError(
            f"`weight` is 0 or more. Received: weight={first}. Type a finite number, such as 10.0."
        )
