"""Adversarial losses: scores in, one number out for each player.

A loss is the rule of the game. Each offers the same two methods, so that one can stand in
for another without the training step knowing:

    discriminator(real_scores, fake_scores) -> scalar that the discriminator wants small
    generator(real_scores, fake_scores)     -> scalar that the generator wants small

Scores are logits, float32, one for each image (or one for each patch of it); large means
real. To write your own, give a class these two methods; for a GAN that is to be saved as a
`.keras` file also `get_config` and `from_config`, and register it with Keras. A loss whose
generator wants the real scores too sets `needs_real_scores = True`; others get None for them.

Label smoothing (Salimans et al., 2016) is an argument of the losses that are a
cross-entropy: there the discriminator classifies, and real images have the label 1 that can
be made 1 - label_smoothing. It is one-sided: smoothing the label of the fakes too would let
them rest where no real image is. The other losses know no label, or, as least squares, none
that a score could overshoot without cost.
"""

from dataclasses import asdict, dataclass

import keras
from keras import ops


class Serializable:
    """Lets a frozen dataclass be saved with the model that was compiled with it."""

    def get_config(self):
        return asdict(self)

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class SerializableParts:
    """The same for one whose field `parts` is a tuple of such objects."""

    def get_config(self):
        return {"parts": [keras.saving.serialize_keras_object(part) for part in self.parts]}

    @classmethod
    def from_config(cls, config):
        return cls(tuple(map(keras.saving.deserialize_keras_object, config["parts"])))


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


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class LeastSquares(Serializable):
    """Scores are drawn to 1 for real and 0 for fake (Mao et al., 2017).

        discriminator pays   (mean (real - 1)^2 + mean fake^2) / 2
        generator pays       mean (fake - 1)^2 / 2

    With all scores at 1/2, the best that a discriminator can do which cannot tell, it pays
    1/4 and the generator 1/8. Fakes far beyond 1 cost the generator too.
    """

    def discriminator(self, real_scores, fake_scores):
        return (_mean_square(real_scores - 1.0) + _mean_square(fake_scores)) / 2.0

    def generator(self, real_scores, fake_scores):
        return _mean_square(fake_scores - 1.0) / 2.0


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


def _mean_square(scores):
    return ops.mean(ops.square(scores))
