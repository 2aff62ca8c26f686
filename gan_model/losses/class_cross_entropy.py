"""What wrong classes cost."""

from dataclasses import dataclass

import keras
import tensorflow as tf

from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class ClassCrossEntropy(Serializable):
    """What wrong classes cost, for a discriminator that tells them

        weight * mean of -log softmax(class_logits)[label]

    over a batch. The discriminator pays it for real and for fake images, which should be of
    the class that they were made for; the generator pays it for its own.

    Args:
        weight: 0 or more.

    Reference: Odena et al. (2017).
    """

    weight: float = 1.0

    def __post_init__(self):
        if not 0 <= self.weight < float("inf"):
            raise ValueError(f"`weight` is 0 or more. Received: weight={self.weight}.")

    def __call__(self, labels, class_logits):
        wrong = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, class_logits)
        return self.weight * tf.reduce_mean(wrong)
