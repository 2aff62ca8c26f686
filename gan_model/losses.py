"""Adversarial losses: scores in, one number out for each player.

A loss is the rule of the game. Each offers the same two methods, so that one can stand in
for another without the training step knowing:

    discriminator(real_scores, fake_scores) -> scalar that the discriminator wants small
    generator(real_scores, fake_scores)     -> scalar that the generator wants small

Scores are logits, float32, one for each image (or one for each patch of it); large means
real. To write your own, give a class these two methods; for a GAN that is to be saved as a
`.keras` file also `get_config` and `from_config`, and register it with Keras. A loss whose
generator wants the real scores too sets `needs_real_scores = True`; others get None for them.
"""

from dataclasses import asdict, dataclass

import keras
from keras import ops


class _Serializable:
    """Lets a frozen dataclass be saved with the model that was compiled with it."""

    def get_config(self):
        return asdict(self)

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class NonSaturating(_Serializable):
    """The logistic game with the non-saturating generator (Goodfellow et al., 2014).

        discriminator pays   mean softplus(-real) + mean softplus(fake)
        generator pays       mean softplus(-fake)

    Where the discriminator cannot tell (all scores 0) it pays 2 log 2 = 1.386 and the
    generator log 2 = 0.693. Linear in the scores where they are large, so no score
    overflows: at +-1000 a player pays 1000 or 0.
    """

    def discriminator(self, real_scores, fake_scores):
        return _mean_softplus(-real_scores) + _mean_softplus(fake_scores)

    def generator(self, real_scores, fake_scores):
        return _mean_softplus(-fake_scores)


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class BinaryCrossentropy(_Serializable):
    """The non-saturating game as a classifier counts it: the mean over the joined images.

        discriminator pays   (mean softplus(-real) + mean softplus(fake)) / 2
        generator pays       mean softplus(-fake)

    Binary cross-entropy with the label 1 for real and 0 for fake, over as many real as fake
    images in one batch, as the loop with two `train_on_batch` calls has it. It is half of
    what `NonSaturating` asks of the discriminator: log 2 = 0.693 where it cannot tell. Under
    RMSprop and Adam the half shows only where gradients are as small as their epsilon.
    """

    def discriminator(self, real_scores, fake_scores):
        return (_mean_softplus(-real_scores) + _mean_softplus(fake_scores)) / 2.0

    def generator(self, real_scores, fake_scores):
        return _mean_softplus(-fake_scores)


def _mean_softplus(scores):
    return ops.mean(ops.softplus(scores))
