"""The loss of the least-squares GAN."""

from dataclasses import dataclass

import keras
import tensorflow as tf
from keras import ops

from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class LeastSquares(Serializable):
    """Squared distance of the scores from 1 for real and 0 for fake images (Mao et al., 2017).

        discriminator loss   (mean (real - 1)^2 + mean fake^2) / 2
        generator loss       mean (fake - 1)^2 / 2

    A discriminator that cannot distinguish real from fake does best with all scores at 1/2:
    its loss is 1/4 and that of the generator 1/8. Fake scores far above 1 increase the
    generator loss too.
    """

    boundary = 0.5  # the score between real and fake

    def discriminator(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        return (_mean_square(real_scores - 1.0) + _mean_square(fake_scores)) / 2.0

    def generator(self, real_scores: tf.Tensor | None, fake_scores: tf.Tensor) -> tf.Tensor:
        return _mean_square(fake_scores - 1.0) / 2.0


def _mean_square(scores):
    return ops.mean(ops.square(scores))
