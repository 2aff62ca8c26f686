"""A model whose discriminator sees augmented images alone."""

import tensorflow as tf

from gan_model.augmenting.adaptive import Adaptive, Probability


class JudgesAugmented:
    """`augment` of a model, where `compile` asked for it.

    The model has `step`, `image_range`, `_noise(place, purpose)`, `_track(name=value)`, and a
    tracked dict `_companions` of layers whose state is part of its own.
    """

    augment = None

    @property
    def augmentation(self):
        """The probability of an adaptive augmentation, a variable; None: it is not adaptive."""
        state = self._companions.get("augmentation")
        return None if state is None else state.p

    def _compile_augment(self, augment):
        self.augment = checked(augment)
        if not isinstance(augment, Adaptive):
            self._companions.pop("augmentation", None)
        elif self.augmentation is None:
            self._companions["augmentation"] = Probability()

    def _augmented(self, images, purpose):
        """The images as the discriminator is to see them in this step."""
        if self.augment is None:
            return images
        p = [] if self.augmentation is None else [tf.convert_to_tensor(self.augmentation)]
        return self.augment(images, self._noise(self.step, purpose), self.image_range, *p)

    def _adapt(self, real_scores):
        if self.augmentation is not None:
            self._track(augmentation=self.augmentation)
            self._companions["augmentation"].adjust(self.augment, real_scores, self.step)


def checked(augment):
    """The augmentation itself, or None."""
    if augment is not None and (isinstance(augment, type) or not callable(augment)):
        raise ValueError(
            "`augment` is called with (images, noise, image_range). Received: "
            f"{augment!r}. Type augment=gan_model.augmenting.DiffAugment()."
        )
    return augment
