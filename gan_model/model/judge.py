"""A discriminator and images -> scores, class logits and layer losses."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from gan_model.model.labels import takes_labels, with_labels


class Batch(NamedTuple):
    """Images with their labels.

    Attributes:
        images: float32 (batch, *image_shape).
        labels: int32 (batch,); None if the GAN has no classes.
    """

    images: tf.Tensor
    labels: tf.Tensor | None = None

    @property
    def size(self):
        """The number of images, a scalar int32 tensor."""
        return tf.shape(self.images)[0]


class Judgement(NamedTuple):
    """The outputs of a discriminator for a batch of images.

    Attributes:
        scores: logits, float32, one per image or one per patch of it; a large score means real.
        class_logits: float32 (batch, class_count); None if the discriminator does not classify.
        layer_losses: sum of the losses that its layers added in this pass, such as weight decay.
    """

    scores: tf.Tensor
    class_logits: tf.Tensor | None = None
    layer_losses: tf.Tensor | float = 0.0

    def halves(self):
        """The `Judgement`s of the first and of the last half of the images."""
        outputs = zip(*(_halves(output) for output in self[:2]), strict=True)
        return [Judgement(*output, self.layer_losses) for output in outputs]


@dataclass(frozen=True)
class Judge:
    """Calls a discriminator with the inputs that it takes, and names its outputs.

    Args:
        discriminator: Keras model from images, or [images, labels], to scores, or
            [scores, class_logits].
        classifies: whether it gives [scores, class_logits].
    """

    discriminator: Any
    classifies: bool = False

    def __call__(self, batch, *, training):
        """The `Judgement` of a `Batch`, computed in training or inference mode."""
        labels = batch.labels if takes_labels(self.discriminator) else None
        outputs = self.discriminator(with_labels(batch.images, labels), training=training)
        scores, class_logits = outputs if self.classifies else (outputs, None)
        if class_logits is not None:
            class_logits = tf.cast(class_logits, tf.float32)
        return Judgement(
            tf.cast(scores, tf.float32), class_logits, layer_losses(self.discriminator)
        )


def joined(first, last):
    """The images and labels of two `Batch`es in one."""
    labels = None if first.labels is None else tf.concat([first.labels, last.labels], axis=0)
    return Batch(tf.concat([first.images, last.images], axis=0), labels)


def _halves(output):
    return (None, None) if output is None else tf.split(output, 2)


def layer_losses(network):
    """The sum of the losses that a network's layers added in its last pass; 0 without any."""
    # A bfloat16 layer adds bfloat16 losses.
    return sum(tf.cast(loss, tf.float32) for loss in network.losses)
