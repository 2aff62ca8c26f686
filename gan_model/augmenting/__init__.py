"""Images -> randomly changed images, which the discriminator sees in training.

A discriminator that sees few images many times memorises them. An augmentation prevents this: it
changes real and fake images by the same operations, with new random numbers each time, before the
discriminator sees them, in the discriminator's and in the generator's step. The operations are
differentiable, so the generator learns through them. The generator does not learn to make changed
images, as long as changed and unchanged images can be distinguished (Karras et al., 2020).

    gan.compile(augment=augmenting.HorizontalFlip() + augmenting.DiffAugment())
    gan.compile(augment=augmenting.Adaptive(augmenting.DiffAugment()))

`Adaptive` adjusts how often images are changed. Penalties are evaluated at the changed images.
Evaluations and generated images are not augmented.

Your own augmentation, an `AugmentFunction`, is a function of (images, random, image_range) that
returns images of the same shape. Take all random numbers from `random`, a
`model.random.RandomStream`, so that a resumed run equals an uninterrupted one. It gives the same
numbers at each call: draw all at once and cut them. There is one row for each image of the batch:
for more numbers draw longer rows. Derive from `Augmentation` for one that can be added to others,
made adaptive, and saved with the model.
"""

from gan_model.augmenting.adaptive import Adaptive
from gan_model.augmenting.augmentations import (
    Augmentation,
    AugmentFunction,
    Chain,
    DiffAugment,
    HorizontalFlip,
)
from gan_model.augmenting.augmenter import Augmenter

__all__ = [
    "Adaptive",
    "AugmentFunction",
    "Augmentation",
    "Augmenter",
    "Chain",
    "DiffAugment",
    "HorizontalFlip",
]
