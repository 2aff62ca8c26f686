"""The loss of the Wasserstein GAN."""

from dataclasses import dataclass

import keras
from keras import ops

from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Wasserstein(Serializable):
    """The difference of the mean scores (Arjovsky et al., 2017).

        discriminator pays   mean fake - mean real
        generator pays       -mean fake

    0 and 0 at equal scores; no lower bound. It is a distance only where the discriminator's slope
    is bounded: compile with `penalty=penalties.GradientPenalty()`, with
    `constraint=penalties.WeightClipping()`, or normalise it with `networks.spectral`.
    """

    def discriminator(self, real_scores, fake_scores):
        return ops.mean(fake_scores) - ops.mean(real_scores)

    def generator(self, real_scores, fake_scores):
        return -ops.mean(fake_scores)
