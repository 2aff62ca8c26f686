"""Augmentation with a probability that adapts to the discriminator."""

from dataclasses import dataclass

import keras
import tensorflow as tf

from gan_model import replicas
from gan_model.augmenting.augmentations import Augmentation
from gan_model.storage.serializable import Serializable, check_counts


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Adaptive(Serializable):
    """Applies each operation of an augmentation with a probability p, and adapts p.

        r = mean sign(real scores)
        p <- p + sign(r - target) images / speed,   clipped to [0, limit]

    p is updated every few steps; r is the mean over the real images of these steps, and
    `images` their number. r is 0 if the discriminator cannot recognise real images, and 1 if it
    recognises all of them, for example because it has memorised them. p rises while r is above
    `target`. It starts at 0, is the same on all devices, and is logged as
    `augmentation_probability`. Whether an operation is applied is drawn for each image and each
    operation independently. Compiling the GAN again with an adaptive augmentation keeps p.

    The signs are those of the scores less the `boundary` of the loss, see `gan_model.losses`.
    Relativistic and Wasserstein losses have none, so r says little about them.

    Args:
        augment: an `Augmentation`, or a sum of them.
        target: value of r to reach, between -1 and 1.
        every: steps from one update of p to the next, 1 or more.
        speed: number of images in which p can go from 0 to 1, more than 0.
        limit: largest p, above 0 and at most 1. Above 0.8 the generator may start to generate
            changed images.

    Reference: Karras et al. (2020) for the adaptation of p; the operations are not theirs.
    """

    augment: Augmentation
    target: float = 0.6
    every: int = 4
    speed: float = 500_000
    limit: float = 0.8

    def __post_init__(self):
        if not isinstance(self.augment, Augmentation):
            raise ValueError(
                "`augment` must be an Augmentation, or a sum of them. Received: "
                f"{self.augment!r}. Type Adaptive(DiffAugment())."
            )
        check_counts(every=self.every)
        if not (-1 < self.target < 1 and self.speed > 0 and 0 < self.limit <= 1):
            raise ValueError(
                "`target` is between -1 and 1, `speed` above 0, `limit` above 0 and at most 1. "
                f"Received: target={self.target}, speed={self.speed}, limit={self.limit}."
            )

    def __call__(self, images, random, image_range, probability):
        return self.augment(images, random, image_range, probability)

    def get_config(self):
        return {**vars(self), "augment": keras.saving.serialize_keras_object(self.augment)}


class Probability(keras.layers.Layer):
    """The state of `Adaptive` in one model: p, and the signs of scores since its last update."""

    def __init__(self):
        super().__init__(name="augmentation", dtype="float32", trainable=False)
        self.p, self.signs, self.images = map(self._number, ("p", "signs", "images"))
        self.built = True

    def adjust(self, adaptive, real_scores, step):
        """Adds the real scores of a step, and updates p if it is due.

        Args:
            adaptive: the `Adaptive` augmentation.
            real_scores: (batch, ...), scores of this device, less those between real and fake.
            step: number of completed steps, an integer tensor.
        """
        signs = tf.reshape(tf.sign(real_scores), (tf.shape(real_scores)[0], -1))
        seen = [
            tf.reduce_sum(tf.reduce_mean(signs, axis=1)),
            tf.cast(tf.shape(signs)[0], "float32"),
        ]
        seen = replicas.total(seen)
        signs, images = self.signs + seen[0], self.images + seen[1]
        moved = self.p + tf.sign(signs / images - adaptive.target) * images / adaptive.speed
        due = (tf.cast(step, tf.int64) + 1) % adaptive.every == 0
        self.p.assign(tf.where(due, tf.clip_by_value(moved, 0.0, adaptive.limit), self.p))
        self.signs.assign(tf.where(due, 0.0, signs))
        self.images.assign(tf.where(due, 0.0, images))

    def _number(self, name):
        # All devices assign the same value, because they sum their scores first.
        number = dict(shape=(), initializer="zeros", trainable=False)
        return self.add_weight(name=name, aggregation="only_first_replica", **number)
