"""Losses that compare the scores of real and fake images with each other."""

from dataclasses import dataclass

import keras
import tensorflow as tf

from gan_model import replicas
from gan_model.losses.logistic import mean_softplus
from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Relativistic(Serializable):
    """Compares each real image with one fake image (Jolicoeur-Martineau, 2018).

        discriminator loss   mean softplus(-(real - fake))
        generator loss       mean softplus(-(fake - real))

    Real and fake images are paired by their position in the batch, so a batch needs equal
    numbers of both. The images of a pair have the same class, but not the same cluster. If all
    scores are equal, each loss is log 2 = 0.693. A constant added to all scores changes nothing.
    R3GAN (Huang et al., 2024) is this loss with `penalties.R1` and `penalties.R2`.
    """

    needs_real_scores = True
    boundary = None  # no score is between real and fake

    def discriminator(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        return mean_softplus(fake_scores - real_scores)

    def generator(self, real_scores: tf.Tensor | None, fake_scores: tf.Tensor) -> tf.Tensor:
        return mean_softplus(real_scores - fake_scores)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class RelativisticAverage(Serializable):
    """Compares each image with the mean of the other kind (Jolicoeur-Martineau, 2018).

        discriminator loss   mean softplus(-(real - mean fake)) + mean softplus(fake - mean real)
        generator loss       mean softplus(real - mean fake) + mean softplus(-(fake - mean real))

    If all scores are equal, each loss is 2 log 2 = 1.386. A constant added to all scores changes
    nothing. The means are taken over the batch, on all devices together.
    """

    needs_real_scores = True
    boundary = None  # no score is between real and fake

    def discriminator(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        real = real_scores - replicas.mean(fake_scores)
        fake = fake_scores - replicas.mean(real_scores)
        return mean_softplus(-real) + mean_softplus(fake)

    def generator(self, real_scores: tf.Tensor | None, fake_scores: tf.Tensor) -> tf.Tensor:
        # The discriminator loss with real and fake exchanged.
        return self.discriminator(fake_scores, real_scores)
