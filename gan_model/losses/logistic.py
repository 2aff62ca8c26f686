"""Losses of a discriminator that classifies images as real or fake."""

from dataclasses import dataclass

import keras
import tensorflow as tf
from keras import ops

from gan_model.storage.serializable import Serializable


def mean_softplus(scores):
    """The mean of log(1 + exp(score)), a scalar; linear in large scores, so it never overflows."""
    return ops.mean(ops.softplus(scores))


@dataclass(frozen=True)
class _Classifying(Serializable):
    """Base of the losses with labels for real and fake images."""

    label_smoothing: float = 0.0

    def __post_init__(self):
        if not 0 <= self.label_smoothing < 0.5:
            raise ValueError(
                f"`label_smoothing` is subtracted from the label 1 of real images; expected 0 or "
                f"more and below 0.5. Received: label_smoothing={self.label_smoothing}. "
                "Type label_smoothing=0.1."
            )

    def discriminator(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        # Equals the mean of (1 - s) softplus(-real) + s softplus(real), in fewer operations.
        of_real = mean_softplus(-real_scores) + self.label_smoothing * ops.mean(real_scores)
        return of_real + mean_softplus(fake_scores)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class NonSaturating(_Classifying):
    """The logistic loss with a non-saturating generator (Goodfellow et al., 2014).

        discriminator loss   mean softplus(-real) + mean softplus(fake)
        generator loss       mean softplus(-fake)

    If all scores are 0, the discriminator loss is 2 log 2 = 1.386 and the generator loss is
    log 2 = 0.693. Both losses are linear in large scores, so they do not overflow: a score of
    +-1000 costs 1000 or 0.

    Args:
        label_smoothing: s, from 0 and below 0.5. It adds s * mean(real) to the discriminator
            loss, so the best real score is finite: log(1/s - 1), 2.197 for s = 0.1.
    """

    def generator(self, real_scores: tf.Tensor | None, fake_scores: tf.Tensor) -> tf.Tensor:
        return mean_softplus(-fake_scores)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Minimax(_Classifying):
    """The original minimax loss of the GAN (Goodfellow et al., 2014).

        discriminator loss   mean softplus(-real) + mean softplus(fake)
        generator loss       -mean softplus(fake)

    The generator minimises the mean of log(1 - sigmoid(fake)), which the discriminator
    maximises. If all scores are 0, the discriminator loss is 2 log 2 = 1.386 and the generator
    loss is -log 2 = -0.693.

    The generator loss saturates: its gradient by a fake score is -sigmoid(fake), 0.00005 in
    size at a score of -10. The generator learns almost nothing from images that the
    discriminator recognises as fake. Use this loss for comparison and `NonSaturating` for
    training.

    Args:
        label_smoothing: see `NonSaturating`.
    """

    def generator(self, real_scores: tf.Tensor | None, fake_scores: tf.Tensor) -> tf.Tensor:
        return -mean_softplus(fake_scores)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class BinaryCrossentropy(_Classifying):
    """Binary cross-entropy with the label 1 for real and 0 for fake images.

        discriminator loss   (mean softplus(-real) + mean softplus(fake)) / 2
        generator loss       mean softplus(-fake)

    The discriminator loss is the mean over one batch with equal numbers of real and fake images,
    as in a training loop with two `train_on_batch` calls. It is half of that of
    `NonSaturating`: log 2 = 0.693 if all scores are 0. With RMSprop and Adam the factor matters
    only for gradients as small as their epsilon.

    Args:
        label_smoothing: see `NonSaturating`; the added term is halved too.
    """

    def discriminator(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        return super().discriminator(real_scores, fake_scores) / 2.0

    def generator(self, real_scores: tf.Tensor | None, fake_scores: tf.Tensor) -> tf.Tensor:
        return mean_softplus(-fake_scores)
