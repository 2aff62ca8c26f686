"""Penalties on the gradient of the score with respect to the image."""

import math
from dataclasses import dataclass, field

import keras
import tensorflow as tf

from gan_model import replicas
from gan_model.penalties.penalty import Penalty

_VALUES = 28 * 28  # of an image for which R1 has the weight 1
_MOST = 16  # weight; details cost more, see below


def weight_for(image_shape):
    """A weight of `R1` for images in [-1, 1]: 1 for 28 x 28 grey, 15.7 for 64 x 64 in colour.

    An image of twice the side shows the same with four times as many pixels. A discriminator that
    looks at it at half its size has a quarter of the gradient in each pixel, so a quarter of the
    squared norm: with a weight in proportion to the values, the penalty is the same. Details are
    not seen at half the size: they cost more, so the weight grows no further than 16.

    Args:
        image_shape: (height, width, channels).
    """
    return min(math.prod(image_shape) / _VALUES, _MOST)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class R1(Penalty):
    """Squared gradient norm at real images (Mescheder et al., 2018).

        weight / 2 * mean |gradient of the score at a real image|^2

    The factor 1/2 is that of the paper; in programs without it the same penalty has half the
    weight. For a linear discriminator with the weights w the penalty is weight / 2 |w|^2. The
    squared gradient is summed over pixels, in units of the image range, so the best weight
    depends on the image size and on the range.
    """

    def of_each(self, scores, real, fake, random):
        return 0.5 * _squared_norms(scores, real)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class R2(Penalty):
    """Squared gradient norm at fake images (Mescheder et al., 2018).

        weight / 2 * mean |gradient of the score at a fake image|^2

    See `R1` for the factor 1/2 and the choice of the weight. R3GAN (Huang et al., 2024) uses
    both penalties.
    """

    def of_each(self, scores, real, fake, random):
        return 0.5 * _squared_norms(scores, fake)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class GradientPenalty(Penalty):
    """Distance of the gradient norm from 1 between real and fake images (Gulrajani et al., 2017).

        weight * mean (|gradient of the score at x| - 1)^2,   x = u real + (1 - u) fake

    A new u, uniform between 0 and 1, is drawn for each image of each step. For a linear
    discriminator with the weights w the penalty is weight (|w| - 1)^2. Use it with
    `losses.Wasserstein`.
    """

    def of_each(self, scores, real, fake, random):
        fraction = random.uniform(real.size, 1)
        fraction = tf.reshape(fraction, (-1, *[1] * (len(real.images.shape) - 1)))
        interpolated = fraction * real.images + (1.0 - fraction) * fake.images
        return _squared_distances_from_1(scores, real._replace(images=interpolated))


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class DRAGAN(Penalty):
    """Distance of the gradient norm from 1 near real images (Kodali et al., 2017).

        weight * mean (|gradient of the score at x| - 1)^2,   x = real + spread * deviation * n

    A new standard normal n is drawn for each pixel in each step; `deviation` is the standard
    deviation of all pixels of the batch. For a linear discriminator with the weights w the
    penalty is weight (|w| - 1)^2.

    Args:
        spread: standard deviation of the noise, in standard deviations of the pixels. The
            authors' program has 0.5 too, but with uniform noise between 0 and 1, which makes
            images brighter.
    """

    spread: float = field(default=0.5, kw_only=True)

    def __call__(self, scores, real, fake, random):
        # Not in `of_each`: lazy penalties skip it in a `tf.cond`, where no device may wait for
        # the others.
        images = real.images
        variance = replicas.mean(tf.square(images - replicas.mean(images)))
        noise = random.normal(real.size, math.prod(images.shape[1:]))
        noise = self.spread * tf.sqrt(variance) * tf.reshape(noise, tf.shape(images))
        return super().__call__(scores, real._replace(images=images + noise), fake, random)

    def of_each(self, scores, real, fake, random):
        return _squared_distances_from_1(scores, real)  # noisy by now


def _gradients(scores, batch):
    """The gradient of each image's score by its pixels, (batch, pixels).

    The scores of the patches of an image are summed.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(batch.images)
        # No score depends on another image, so one gradient of the sum has those of all images.
        total = tf.reduce_sum(scores(batch))
    return tf.reshape(tape.gradient(total, batch.images), (batch.size, -1))


def _squared_norms(scores, batch):
    return tf.reduce_sum(tf.square(_gradients(scores, batch)), axis=1)


def _squared_distances_from_1(scores, batch):
    # The square root has no derivative at 0; without the constant a gradient of 0 gives NaN.
    norms = tf.sqrt(_squared_norms(scores, batch) + 1e-12)
    return tf.square(norms - 1.0)
