"""The loss of the Wasserstein GAN."""

from dataclasses import dataclass

import keras
import tensorflow as tf
from keras import ops

from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Wasserstein(Serializable):
    """The difference of the mean scores (Arjovsky et al., 2017).

        discriminator loss   mean fake - mean real
        generator loss       -mean fake

    If all scores are 0, both losses are 0. Neither has a lower bound. The loss estimates a
    distance only if the discriminator's gradient is bounded: compile with
    `penalty=penalties.GradientPenalty()` or `constraint=penalties.WeightClipping()`, or
    normalise the discriminator with `networks.spectral`.
    """

    boundary = None  # no score is between real and fake

    def discriminator(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        return ops.mean(fake_scores) - ops.mean(real_scores)

    def generator(self, real_scores: tf.Tensor | None, fake_scores: tf.Tensor) -> tf.Tensor:
        return -ops.mean(fake_scores)
