"""The hinge loss."""

from dataclasses import dataclass

import keras
from keras import ops

from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Hinge(Serializable):
    """The margin of a support vector machine (Lim and Ye, 2017; Miyato et al., 2018).

        discriminator pays   mean max(0, 1 - real) + mean max(0, 1 + fake)
        generator pays       -mean fake

    At scores of 0 the discriminator pays 2, beyond +-1 nothing; the generator pays 0. Meant
    for a discriminator whose slope is bounded, as by `networks.spectral`.
    """

    def discriminator(self, real_scores, fake_scores):
        return ops.mean(ops.relu(1.0 - real_scores)) + ops.mean(ops.relu(1.0 + fake_scores))

    def generator(self, real_scores, fake_scores):
        return -ops.mean(fake_scores)
