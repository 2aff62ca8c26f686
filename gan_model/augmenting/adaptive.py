"""As much augmentation as the discriminator needs."""

from dataclasses import dataclass

import keras
import tensorflow as tf

from gan_model import replicas
from gan_model.augmenting.augmentations import Augmentation
from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Adaptive(Serializable):
    """An augmentation whose operations are applied with a probability p that finds its level.

        r = mean sign(real scores)
        p <- p + sign(r - target) images / speed,   from 0 to `limit`

    every few steps, with the mean over the real images of these steps and their number. r is 0
    where the discriminator knows nothing and 1 where it is certain of every real image, as it
    becomes of images that it has learnt by heart; then p rises. p begins at 0, is the same on
    all devices, and is logged as `augmentation`. Each operation is drawn for each image by
    itself. Compiled again, p stays where it is.

    It asks for scores of which 0 is the middle; relativistic and Wasserstein losses leave that
    to chance.

    Args:
        augment: an `Augmentation`, or a sum of them.
        target: of r, between -1 and 1.
        every: steps from one look at r to the next.
        speed: images in which p can go from 0 to 1.
        limit: of p, above 0 up to 1. Beyond 0.8 the generator may begin to make changed images.

    Reference: Karras et al. (2020), of which only the adapting is here, not the operations.
    """

    augment: Augmentation
    target: float = 0.6
    every: int = 4
    speed: float = 500_000
    limit: float = 0.8

    def __post_init__(self):
        if not isinstance(self.augment, Augmentation):
            raise ValueError(
                f"`augment` is what is done with a probability. Received: {self.augment!r}. Type "
                "Adaptive(DiffAugment())."
            )
        if isinstance(self.every, bool) or not isinstance(self.every, int) or self.every < 1:
            raise ValueError(
                f"`every` counts steps, so it is a whole number from 1 on. Received: "
                f"every={self.every!r}."
            )
        if not (-1 < self.target < 1 and self.speed > 0 and 0 < self.limit <= 1):
            raise ValueError(
                "`target` is between -1 and 1, `speed` more than 0, `limit` above 0 up to 1. "
                f"Received: target={self.target}, speed={self.speed}, limit={self.limit}."
            )

    def __call__(self, images, random, image_range, probability):
        return self.augment(images, random, image_range, probability)

    def get_config(self):
        return {**vars(self), "augment": keras.saving.serialize_keras_object(self.augment)}

    @classmethod
    def from_config(cls, config):
        return cls(
            **{**config, "augment": keras.saving.deserialize_keras_object(config["augment"])}
        )


class Probability(keras.layers.Layer):
    """What `Adaptive` remembers in one model: p, and the signs of scores since it last moved."""

    def __init__(self):
        super().__init__(name="augmentation", dtype="float32", trainable=False)
        self.p, self.signs, self.images = map(self._number, ("p", "signs", "images"))
        self.built = True

    def adjust(self, adaptive, real_scores, step):
        """Takes note of the real scores (batch, ...) of a step, and moves p where it is due."""
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
        # The same on all devices, which add up their scores before they assign.
        number = dict(shape=(), initializer="zeros", trainable=False)
        return self.add_weight(name=name, aggregation="only_first_replica", **number)
