"""What one step of training or evaluation works on."""

from typing import NamedTuple

import tensorflow as tf

from gan_model import replicas
from gan_model.model.batch import Batch
from gan_model.model.random import RandomStreams


class Step(NamedTuple):
    """One step on one device.

    Attributes:
        number: steps done before, a scalar int64 variable.
        real: `Batch` of real images.
        random: `RandomStreams` of this step.
        share: `replicas.Share` of this device in the batch.
        training: False in an evaluation: networks run in inference mode, images are not augmented,
            and there is no penalty.
        fake: `Batch` of generated images, as many as real ones; None until `GAN.forward`.
    """

    number: tf.Variable
    real: Batch
    random: RandomStreams
    share: replicas.Share
    training: bool
    fake: Batch | None = None

    def mean(self, values):
        """The mean over the images of the batch on all devices.

        A loss that is not itself a mean over images needs it, such as a distance between the mean
        features of real and fake images. Every device must call it, so not inside `tf.cond`.

        Args:
            values: tensor (images on this device, ...).

        Returns:
            A tensor (...), the same on all devices.
        """
        if self.share.weight is None:
            return tf.reduce_mean(values, axis=0)
        return replicas.total(tf.reduce_sum(values, axis=0)) / tf.cast(
            self.share.total, values.dtype
        )
