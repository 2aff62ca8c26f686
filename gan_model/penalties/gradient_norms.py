"""Penalties on the gradient of the score by the pixels."""

import math
from dataclasses import dataclass, field

import keras
import tensorflow as tf

from gan_model.penalties.penalty import Penalty


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

    def of_each(self, discriminator, real_images, fake_images, random):
        return 0.5 * _squared_slopes(discriminator, real_images)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class R2(Penalty):
    """The slope at fake images (Mescheder et al., 2018).

        weight / 2 * mean |gradient of the score at a fake image|^2

    What is said of `R1` holds here too; R3GAN has both (Huang et al., 2024).
    """

    def of_each(self, discriminator, real_images, fake_images, random):
        return 0.5 * _squared_slopes(discriminator, fake_images)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class GradientPenalty(Penalty):
    """How far the slope between real and fake images is from 1 (Gulrajani et al., 2017).

        weight * mean (|gradient of the score at x| - 1)^2,   x = u real + (1 - u) fake

    with a fresh u, uniform between 0 and 1, for each image of each step. A linear discriminator
    with the weights w pays weight (|w| - 1)^2. Made for `losses.Wasserstein`.
    """

    def of_each(self, discriminator, real_images, fake_images, random):
        share = random.uniform(tf.shape(real_images)[0], 1)
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

    def of_each(self, discriminator, real_images, fake_images, random):
        drawn = random.normal(tf.shape(real_images)[0], math.prod(real_images.shape[1:]))
        deviation = tf.math.reduce_std(real_images)
        near = real_images + self.spread * deviation * tf.reshape(drawn, tf.shape(real_images))
        return _distance_of_slopes_from_1(discriminator, near)


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
