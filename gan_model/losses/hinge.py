"""The hinge loss."""

from dataclasses import dataclass

import keras
import tensorflow as tf
from keras import ops

from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Hinge(Serializable):
    """The hinge loss of a support vector machine (Lim and Ye, 2017; Miyato et al., 2018).

        discriminator loss   mean max(0, 1 - real) + mean max(0, 1 + fake)
        generator loss       -mean fake

    If all scores are 0, the discriminator loss is 2 and the generator loss is 0. Real scores
    above 1 and fake scores below -1 cost the discriminator nothing. Use it with a discriminator
    whose gradient is bounded, for example by `networks.spectral`.
    """

    def discriminator(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        return ops.mean(ops.relu(1.0 - real_scores)) + ops.mean(ops.relu(1.0 + fake_scores))

    def generator(self, real_scores: tf.Tensor | None, fake_scores: tf.Tensor) -> tf.Tensor:
        return -ops.mean(fake_scores)
