"""A discriminator and images -> scores, class logits and layer losses."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from gan_model.keras_internals import every_layer
from gan_model.model.labels import takes_labels, with_labels

# Layers of Keras in which an image of a batch affects others, or may.
_MIXING = (
    keras.layers.BatchNormalization,
    keras.layers.CutMix,
    keras.layers.Lambda,
    keras.layers.MixUp,
)


class Discriminated(NamedTuple):
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
        """The `Discriminated`s of the first and of the last half of the images."""
        outputs = zip(*(_halves(output) for output in self[:2]), strict=True)
        return [Discriminated(*output, self.layer_losses) for output in outputs]


def discriminate(discriminator, batch, *, classifies=False, training):
    """Calls a discriminator with the inputs that it takes, and names its outputs.

    Args:
        discriminator: Keras model from images, or [images, labels], to scores, or
            [scores, class_logits].
        batch: `Batch`.
        classifies: whether the discriminator gives [scores, class_logits].
        training: whether it runs in training mode.

    Returns:
        `Discriminated`.
    """
    labels = batch.labels if takes_labels(discriminator) else None
    outputs = discriminator(with_labels(batch.images, labels), training=training)
    scores, class_logits = outputs if classifies else (outputs, None)
    if class_logits is not None:
        class_logits = tf.cast(class_logits, tf.float32)
    return Discriminated(tf.cast(scores, tf.float32), class_logits, layer_losses(discriminator))


def _halves(output):
    return (None, None) if output is None else tf.split(output, 2)


def layer_losses(network):
    """The sum of the losses that a network's layers added in its last pass; 0 without any."""
    # A bfloat16 layer adds bfloat16 losses.
    return sum(tf.cast(loss, tf.float32) for loss in network.losses)


def takes_both_at_once(discriminator):
    """Whether real and fake images can go through the discriminator in one pass.

    They can if no score depends on other images of the batch. That is known only of the layers of
    Keras and of this package; with any other layer or activation the answer is no. It is no in
    bfloat16 too, where one pass rounds differently from two: two devices then differed five times
    as much from one.
    """
    layers = every_layer(discriminator)
    in_bfloat16 = any(layer.compute_dtype == "bfloat16" for layer in layers)
    return not in_bfloat16 and all(map(_takes_each_alone, layers))


def _takes_each_alone(layer):
    unknown = type(layer).__module__.partition(".")[0] not in ("keras", "gan_model")
    unknown |= _is_of_the_user(getattr(layer, "activation", None))
    mixes = isinstance(layer, _MIXING) or 0 in np.ravel(getattr(layer, "axis", None))
    loss_over_batch = getattr(layer, "activity_regularizer", None) is not None
    # A functional model may also have operations that are not layers, such as a mean of the batch.
    operations = getattr(layer, "operations", ())
    bare = not all(isinstance(operation, keras.Layer) for operation in operations)
    return not (unknown or mixes or loss_over_batch or bare)


def _is_of_the_user(activation):
    module = getattr(activation, "__module__", None) or type(activation).__module__
    known = ("keras", "gan_model", "tensorflow")
    return activation is not None and module.partition(".")[0] not in known
