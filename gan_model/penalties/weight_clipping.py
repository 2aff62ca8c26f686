"""The constraint of the original Wasserstein GAN."""

import math
from dataclasses import dataclass

import keras

from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class WeightClipping(Serializable):
    """Clips each weight of the discriminator to [-limit, limit] (Arjovsky et al., 2017).

    This roughly bounds the gradient of the discriminator. Biases and the scales of
    normalisation layers are clipped too. Pass it as `compile(constraint=WeightClipping())`; any
    `keras.constraints.Constraint` can be used instead.

    Args:
        limit: largest absolute value of a weight, more than 0.
    """

    limit: float = 0.01

    def __post_init__(self):
        if not 0 < self.limit < math.inf:
            raise ValueError(
                f"`limit` is more than 0. Received: limit={self.limit}. Type a finite number, such "
                "as 0.01."
            )

    def __call__(self, weight):
        return keras.ops.clip(weight, -self.limit, self.limit)
