"""The class loss of a discriminator that classifies."""

from dataclasses import dataclass

import keras
import tensorflow as tf

from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class ClassCrossEntropy(Serializable):
    """Cross-entropy of the class logits, for a discriminator that classifies.

        weight * mean of -log softmax(class_logits)[label]

    The mean is taken over a batch. Both networks minimise the class loss together with their
    adversarial loss: the discriminator that of real and of fake images, the generator that of
    fake images. The label of a fake image is the class that the generator was given.

    Args:
        weight: 0 or more.

    Reference: Odena et al. (2017).
    """

    weight: float = 1.0

    def __post_init__(self):
        if not 0 <= self.weight < float("inf"):
            raise ValueError(f"`weight` is 0 or more. Received: weight={self.weight}.")

    def __call__(self, labels: tf.Tensor, class_logits: tf.Tensor) -> tf.Tensor:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, class_logits)
        return self.weight * tf.reduce_mean(losses)
