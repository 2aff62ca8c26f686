"""Images, real and fake -> other images of the same kind, the only ones that are judged.

A discriminator that sees few images again and again learns them by heart. Here it never sees
an image as it is: real and fake ones are changed by the same operations, with fresh random
numbers, right before it, in its own step and in the generator's. The operations are
differentiable, so the generator learns through them; it does not learn to make changed images,
as long as an unchanged image can be told from the changed ones (Karras et al., 2020).

    gan.compile(augment=augmenting.HorizontalFlip() + augmenting.DiffAugment())
    gan.compile(augment=augmenting.Adaptive(augmenting.DiffAugment()))

`Adaptive` finds out by itself how often images are to be changed.

A penalty is taken at the changed images too. Nothing is changed in an evaluation, nor in images
that are generated.

An augmentation is called with (images, random, image_range) and returns images of the same
shape; all random numbers come from `random`, a `random.RandomStream`, so that a run that was cut
goes on as it would have. A function of these three will do. Derive from `Augmentation` for one
that can be added to others, made adaptive, and saved with the model.
"""

from gan_model.augmenting.adaptive import Adaptive
from gan_model.augmenting.augmentations import Augmentation, Chain, DiffAugment, HorizontalFlip
from gan_model.augmenting.augmenter import Augmenter

__all__ = ["Adaptive", "Augmentation", "Augmenter", "Chain", "DiffAugment", "HorizontalFlip"]
