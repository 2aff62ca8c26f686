"""Losses whose discriminator is a classifier: real images against fake ones."""

from dataclasses import dataclass

import keras
from keras import ops

from gan_model.storage.serializable import Serializable


@dataclass(frozen=True)
class _Classifying(Serializable):
    """What the losses share whose discriminator is a classifier with labels."""

    label_smoothing: float = 0.0

    def __post_init__(self):
        if not 0 <= self.label_smoothing < 0.5:
            raise ValueError(
                f"`label_smoothing` is what is taken from the label 1 of real images, 0 or more "
                f"and below 0.5. Received: {self.label_smoothing}. Type label_smoothing=0.1."
            )

    def _cost_of_real(self, scores):
        # (1 - s) softplus(-real) + s softplus(real), in fewer operations.
        return _mean_softplus(-scores) + self.label_smoothing * ops.mean(scores)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class NonSaturating(_Classifying):
    """The logistic game with the non-saturating generator (Goodfellow et al., 2014).

        discriminator pays   mean softplus(-real) + mean softplus(fake)
        generator pays       mean softplus(-fake)

    Where the discriminator cannot tell (all scores 0) it pays 2 log 2 = 1.386 and the
    generator log 2 = 0.693. Linear in the scores where they are large, so no score
    overflows: at +-1000 a player pays 1000 or 0.

    Args:
        label_smoothing: s, below 0.5. The discriminator pays s mean(real) on top, and so
            wants real scores no higher than log(1/s - 1): 2.197 with s = 0.1.
    """

    def discriminator(self, real_scores, fake_scores):
        return self._cost_of_real(real_scores) + _mean_softplus(fake_scores)

    def generator(self, real_scores, fake_scores):
        return _mean_softplus(-fake_scores)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Minimax(_Classifying):
    """The game as first written down: one value, which one raises and the other lowers.

        discriminator pays   mean softplus(-real) + mean softplus(fake)
        generator pays       -mean softplus(fake)

    The generator lowers the mean of log(1 - sigmoid(fake)) (Goodfellow et al., 2014). Where the
    discriminator cannot tell it pays 2 log 2 = 1.386 and the generator -log 2 = -0.693. It
    saturates: the slope that the generator sees is -sigmoid(fake), 0.00005 at a score of -10,
    so it learns nothing from fakes that are found out. For comparison; `NonSaturating` is the
    game to train with.

    Args:
        label_smoothing: as that of `NonSaturating`.
    """

    def discriminator(self, real_scores, fake_scores):
        return self._cost_of_real(real_scores) + _mean_softplus(fake_scores)

    def generator(self, real_scores, fake_scores):
        return -_mean_softplus(fake_scores)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class BinaryCrossentropy(_Classifying):
    """The non-saturating game as a classifier counts it: the mean over the joined images.

        discriminator pays   (mean softplus(-real) + mean softplus(fake)) / 2
        generator pays       mean softplus(-fake)

    Binary cross-entropy with the label 1 for real and 0 for fake, over as many real as fake
    images in one batch, as the loop with two `train_on_batch` calls has it. It is half of
    what `NonSaturating` asks of the discriminator: log 2 = 0.693 where it cannot tell. Under
    RMSprop and Adam the half shows only where gradients are as small as their epsilon.

    Args:
        label_smoothing: as that of `NonSaturating`, half of it likewise.
    """

    def discriminator(self, real_scores, fake_scores):
        return (self._cost_of_real(real_scores) + _mean_softplus(fake_scores)) / 2.0

    def generator(self, real_scores, fake_scores):
        return _mean_softplus(-fake_scores)


def _mean_softplus(scores):
    return ops.mean(ops.softplus(scores))
