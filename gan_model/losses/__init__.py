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

from gan_model.losses.class_cross_entropy import ClassCrossEntropy
from gan_model.losses.hinge import Hinge
from gan_model.losses.least_squares import LeastSquares
from gan_model.losses.logistic import BinaryCrossentropy, Minimax, NonSaturating
from gan_model.losses.relativistic import Relativistic, RelativisticAverage
from gan_model.losses.wasserstein import Wasserstein

__all__ = [
    "BinaryCrossentropy",
    "ClassCrossEntropy",
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NonSaturating",
    "Relativistic",
    "RelativisticAverage",
    "Wasserstein",
]
