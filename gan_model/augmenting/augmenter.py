"""The augmentation of one model, with the probability of an adaptive one."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from gan_model.augmenting.augmentations import AugmentFunction


@dataclass(frozen=True)
class Augmenter:
    """Augments images before the discriminator sees them.

    Args:
        augment: object of `gan_model.augmenting`, or a function of (images, random, image_range).
            None: images are not changed.
        image_range: least and greatest value of the images.
        probability: `Probability` of an adaptive augmentation; None for others.
        boundary: the score between real and fake images, see `gan_model.losses`.
    """

    augment: AugmentFunction | None = None
    image_range: tuple = (-1.0, 1.0)
    probability: Any = None
    boundary: float | None = 0.0

    def __call__(self, images, stream):
        """Augmented images of the same shape, with random numbers from a `RandomStream`."""
        if self.augment is None:
            return images
        p = [] if self.probability is None else [tf.convert_to_tensor(self.probability.p)]
        return self.augment(images, stream, self.image_range, *p)

    def logs(self):
        """The probability of an adaptive augmentation for the logs, a dict; empty without one."""
        if self.probability is None:
            return {}
        return {"augmentation_probability": tf.convert_to_tensor(self.probability.p)}

    def adapt(self, real_scores, step):
        """Adapts the probability of an adaptive augmentation to the scores of real images."""
        if self.probability is not None:
            self.probability.adjust(self.augment, real_scores - (self.boundary or 0.0), step)
