"""Losses that compare real scores with fake ones."""

from dataclasses import dataclass

import keras
from keras import ops

from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Relativistic(Serializable):
    """Is this real image more real than this fake one? (Jolicoeur-Martineau, 2018).

        discriminator pays   mean softplus(-(real - fake))
        generator pays       mean softplus(-(fake - real))

    Real and fake images are paired by their place in the batch, so there must be as many. At
    equal scores each pays log 2 = 0.693; a constant added to all scores changes nothing. With
    `penalties.R1` and `R2` it is the game of R3GAN (Huang et al., 2024).
    """

    needs_real_scores = True

    def discriminator(self, real_scores, fake_scores):
        return _mean_softplus(fake_scores - real_scores)

    def generator(self, real_scores, fake_scores):
        return _mean_softplus(real_scores - fake_scores)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class RelativisticAverage(Serializable):
    """Is this image more real than the other kind is on average? (Jolicoeur-Martineau, 2018).

        discriminator pays   mean softplus(-(real - mean fake)) + mean softplus(fake - mean real)
        generator pays       mean softplus(real - mean fake) + mean softplus(-(fake - mean real))

    At equal scores each pays 2 log 2 = 1.386; a constant added to all scores changes nothing.
    The means are those of the batch; of several devices, each has its own.
    """

    needs_real_scores = True

    def discriminator(self, real_scores, fake_scores):
        real = real_scores - ops.mean(fake_scores)
        fake = fake_scores - ops.mean(real_scores)
        return _mean_softplus(-real) + _mean_softplus(fake)

    def generator(self, real_scores, fake_scores):
        # The same question with the parts exchanged.
        return self.discriminator(fake_scores, real_scores)


def _mean_softplus(scores):
    return ops.mean(ops.softplus(scores))
