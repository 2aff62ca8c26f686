"""What `GAN.compile` takes for a loss and a class loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import tensorflow as tf


@runtime_checkable
class Loss(Protocol):
    """An adversarial loss: an object with these two methods, derived from this class or not.

    Scores are logits, float32, (batch, 1) or one for each patch of an image; a large score means
    real. Each method gives a scalar, or one number for each image, of which the mean is taken.

    Attributes:
        needs_real_scores: whether `generator` gets the scores of real images too, which costs a
            pass through the discriminator; False if the object has no such attribute.
        boundary: the score between real and fake images, which `augmenting.Adaptive` compares
            with; None if there is none. 0.0 if the object has no such attribute.
    """

    def discriminator(self, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
        """What the discriminator minimizes."""

    def generator(self, real_scores: tf.Tensor | None, fake_scores: tf.Tensor) -> tf.Tensor:
        """What the generator minimizes; `real_scores` is None without `needs_real_scores`."""


class ClassLoss(Protocol):
    """The loss of a discriminator that gives class logits, such as a function of `keras.losses`."""

    def __call__(self, labels: tf.Tensor, class_logits: tf.Tensor) -> tf.Tensor:
        """A scalar, or one number for each image.

        Args:
            labels: (batch,), int32.
            class_logits: (batch, class_count), float32.
        """
