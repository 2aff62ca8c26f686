"""Adversarial losses: real and fake scores -> one loss for each network.

Every loss has the same two methods, so the training step works with any of them:

    discriminator(real_scores, fake_scores) -> scalar that the discriminator minimises
    generator(real_scores, fake_scores)     -> scalar that the generator minimises

Scores are logits, float32, one per image or one per patch of it. A large score means real.

Your own loss is an object with these two methods, a `Loss`. `generator` gets None for `real_scores`
unless the loss sets `needs_real_scores = True`. `augmenting.Adaptive` takes a score of 0 for the
boundary between real and fake, unless the loss sets another one, such as `boundary = 0.5`. None
says that there is no such score. To save a GAN with your loss as a `.keras` file, also define
`get_config` and `from_config`, and register the class with Keras. To add a loss to this package,
write one class in one file, import it here, and add a row in tests/test_losses.py.

Losses that are a cross-entropy take `label_smoothing` (Salimans et al., 2016), which lowers the
label of real images from 1 to 1 - label_smoothing. The label of fake images stays 0: smoothing
it too would give the generator no reason to move fake images that are far from all real ones.
The other losses have no labels, or, like least squares, already penalise scores beyond them.
"""

from gan_model.losses.class_cross_entropy import ClassCrossEntropy
from gan_model.losses.hinge import Hinge
from gan_model.losses.least_squares import LeastSquares
from gan_model.losses.logistic import BinaryCrossentropy, Minimax, NonSaturating
from gan_model.losses.loss import ClassLoss, Loss
from gan_model.losses.relativistic import Relativistic, RelativisticAverage
from gan_model.losses.wasserstein import Wasserstein

__all__ = [
    "BinaryCrossentropy",
    "ClassCrossEntropy",
    "ClassLoss",
    "Hinge",
    "LeastSquares",
    "Loss",
    "Minimax",
    "NonSaturating",
    "Relativistic",
    "RelativisticAverage",
    "Wasserstein",
]
