"""The constraint of the first Wasserstein GAN."""

from dataclasses import dataclass

import keras

from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class WeightClipping(Serializable):
    """Cuts each weight of the discriminator to [-limit, limit] (Arjovsky et al., 2017).

    A crude bound on the slope, of the first Wasserstein GAN. Biases and the scales of a
    normalisation are weights too. For `compile(constraint=WeightClipping())`; any
    `keras.constraints.Constraint` can stand in for it.
    """

    limit: float = 0.01

    def __post_init__(self):
        if self.limit <= 0:
            raise ValueError(f"`limit` is more than 0. Received: limit={self.limit}.")

    def __call__(self, weight):
        return keras.ops.clip(weight, -self.limit, self.limit)
