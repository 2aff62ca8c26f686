"""A discriminator and images -> one number, added to what the discriminator pays.

A penalty bounds how steep the discriminator is where it matters, which is what keeps the two
players from circling for ever. It is an object that is called on the discriminator's tape:

    penalty(discriminator, real_images, fake_images, noise) -> scalar

    discriminator  a function, images -> scores, in training mode
    real_images    (batch, height, width) or with channels, float32
    fake_images    as many, of the same shape
    noise          `codings.Noise` of this step: noise.uniform(count, size), noise.normal(...),
                   and noise.place, the number of steps done before

All random numbers come from `noise`, so that a run that was cut goes on as it would have. `+`
adds penalties: `R1(10) + R2(10)`. A function of these four is a penalty too; derive from
`Penalty` for one that has a weight and `every` and is saved with the model.

A weight may change along the way: a schedule of Keras, which is a function of the step,

    R1(keras.optimizers.schedules.CosineDecay(10.0, decay_steps=20_000, alpha=0.1))

begins with 10 and ends with 1. The step is the model's own, one for each batch.

With `every=k` a penalty is evaluated at every k-th step only, with k times its weight: nearly
the same push at a fraction of the time (lazy regularisation, Karras et al., 2020). Which steps
is a function of the step's number, 0, k, 2k, ...; at the others it is 0.

`WeightClipping` is no penalty but a constraint: it is applied to each weight of the
discriminator after its update.
"""

import math
from dataclasses import dataclass, field

import keras
import tensorflow as tf

from gan_model.losses import Serializable, SerializableParts

Schedule = keras.optimizers.schedules.LearningRateSchedule


class _Addable:
    """Has `+`."""

    def __add__(self, other):
        return Sum((self, other))


@dataclass(frozen=True)
class Penalty(_Addable, Serializable):
    """A number for each image, `of_each`; its mean is charged `weight` times.

    Args:
        weight: of the penalty in what the discriminator pays; 0 or more. Or an object of
            `keras.optimizers.schedules`, which gives it for each step.
        every: steps from one evaluation to the next.
    """

    weight: float | Schedule = 10.0
    every: int = field(default=1, kw_only=True)

    def __post_init__(self):
        _check_weight(self.weight)
        if isinstance(self.every, bool) or not isinstance(self.every, int) or self.every < 1:
            raise ValueError(
                f"`every` counts steps, so it is a whole number from 1 on. Received: "
                f"every={self.every!r}."
            )

    def __call__(self, discriminator, real_images, fake_images, noise):
        def charged():
            each = self.of_each(discriminator, real_images, fake_images, noise)
            return self.every * self._weight_at(noise.place) * tf.reduce_mean(each)

        if self.every == 1:
            return charged()
        due = tf.cast(noise.place, tf.int64) % self.every == 0
        return tf.cond(due, charged, lambda: tf.constant(0.0))

    def of_each(self, discriminator, real_images, fake_images, noise):
        """The penalty of each image, (batch,), before the weight."""
        raise NotImplementedError

    @classmethod
    def from_config(cls, config):
        weight = keras.saving.deserialize_keras_object(config["weight"])
        return cls(**config | {"weight": weight})

    def _weight_at(self, step):
        if not isinstance(self.weight, Schedule):
            return self.weight
        return tf.cast(self.weight(tf.cast(step, tf.int64)), tf.float32)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class R1(Penalty):
    """The slope at real images (Mescheder et al., 2018).

        weight / 2 * mean |gradient of the score at a real image|^2

    The half is that of the paper; a program that leaves it out has half the weight. A linear
    discriminator with the weights w pays weight / 2 |w|^2. The gradient is by the image, in
    the range of the images, and its square is summed over pixels: a larger image, or a wider
    range, wants another weight.
    """

    def of_each(self, discriminator, real_images, fake_images, noise):
        return 0.5 * _squared_slopes(discriminator, real_images)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class R2(Penalty):
    """The slope at fake images (Mescheder et al., 2018).

        weight / 2 * mean |gradient of the score at a fake image|^2

    What is said of `R1` holds here too; R3GAN has both (Huang et al., 2024).
    """

    def of_each(self, discriminator, real_images, fake_images, noise):
        return 0.5 * _squared_slopes(discriminator, fake_images)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class GradientPenalty(Penalty):
    """How far the slope between real and fake images is from 1 (Gulrajani et al., 2017).

        weight * mean (|gradient of the score at x| - 1)^2,   x = u real + (1 - u) fake

    with a fresh u, uniform between 0 and 1, for each image of each step. A linear discriminator
    with the weights w pays weight (|w| - 1)^2. Made for `losses.Wasserstein`.
    """

    def of_each(self, discriminator, real_images, fake_images, noise):
        share = noise.uniform(tf.shape(real_images)[0], 1)
        share = tf.reshape(share, (-1, *[1] * (len(real_images.shape) - 1)))
        between = share * real_images + (1.0 - share) * fake_images
        return _distance_of_slopes_from_1(discriminator, between)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class DRAGAN(Penalty):
    """How far the slope near real images is from 1 (Kodali et al., 2017).

        weight * mean (|gradient of the score at x| - 1)^2,   x = real + spread * deviation * n

    with n standard normal, fresh for each pixel of each step, and the standard deviation of
    all pixels of the batch. A linear discriminator with the weights w pays weight (|w| - 1)^2.

    Args:
        spread: of the noise, in standard deviations of the pixels. The authors' program has a
            half, and uniform noise between 0 and 1, which makes images brighter.
    """

    spread: float = field(default=0.5, kw_only=True)

    def of_each(self, discriminator, real_images, fake_images, noise):
        drawn = noise.normal(tf.shape(real_images)[0], math.prod(real_images.shape[1:]))
        deviation = tf.math.reduce_std(real_images)
        near = real_images + self.spread * deviation * tf.reshape(drawn, tf.shape(real_images))
        return _distance_of_slopes_from_1(discriminator, near)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Sum(_Addable, SerializableParts):
    """Several penalties at once; what `+` makes."""

    parts: tuple

    def __post_init__(self):
        for part in self.parts:
            if isinstance(part, type) or not callable(part):
                raise ValueError(
                    f"`+` adds penalties, such as R1(10) + R2(10). Received: {part!r}."
                )

    def __call__(self, discriminator, real_images, fake_images, noise):
        return sum(part(discriminator, real_images, fake_images, noise) for part in self.parts)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class WeightClipping(Serializable):
    """Cuts each weight of the discriminator to [-limit, limit] (Arjovsky et al., 2017).

    A crude bound on the slope, of the first Wasserstein GAN. Biases and the scales of a
    normalisation are weights too. For `compile(constraint=WeightClipping())`; any
    `keras.constraints.Constraint` can stand in for it.
    """

    limit: float = 0.01

    def __post_init__(self):
        if self.limit <= 0:
            raise ValueError(f"`limit` is more than 0. Received: limit={self.limit}.")

    def __call__(self, weight):
        return keras.ops.clip(weight, -self.limit, self.limit)


def _check_weight(weight):
    if isinstance(weight, type) or (callable(weight) and not isinstance(weight, Schedule)):
        raise ValueError(
            "`weight` is a number or an object of keras.optimizers.schedules. Received: "
            f"weight={weight!r}. Type keras.optimizers.schedules.CosineDecay(10.0, 20_000)."
        )
    first = float(weight(0)) if isinstance(weight, Schedule) else weight
    if not first >= 0:
        raise ValueError(f"`weight` is 0 or more. Received: weight={first}.")


def _slopes(discriminator, images):
    """Gradient of each image's score, summed over its patches if there are any, by its pixels.

    (batch, pixels).
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        # Of the sum over the batch, as no image's score depends on another image.
        scores = tf.reduce_sum(discriminator(images))
    return tf.reshape(tape.gradient(scores, images), (tf.shape(images)[0], -1))


def _squared_slopes(discriminator, images):
    return tf.reduce_sum(tf.square(_slopes(discriminator, images)), axis=1)


def _distance_of_slopes_from_1(discriminator, images):
    # The root has no derivative at 0: a discriminator that is flat somewhere would get NaN.
    slopes = tf.sqrt(_squared_slopes(discriminator, images) + 1e-12)
    return tf.square(slopes - 1.0)
