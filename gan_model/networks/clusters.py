"""Clusters of images, in the place of classes, for images without labels.

    clusters = Clusters(20, image_shape)
    labels = clusters(codings)           # in the generator
    labels = clusters.of_images(images)  # for the discriminator

A GAN whose generator has this layer is conditional inside and needs no labels outside: its
discriminator takes [images, labels], or gives [scores, class_logits], or both, and its generator
takes codings only.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from scipy.special import ndtri  # not scipy.stats, whose import takes a second

from gan_model.data.images import shape_with_channels
from gan_model.keras_internals import every_layer
from gan_model.storage.serializable import is_integer

_LONGEST = 16  # pixels of the longer side of the images that are compared
_DIRECTIONS = 40  # principal components


def clusters_of(generator):
    """The layer `Clusters` of a generator; None without one."""
    return next((one for one in every_layer(generator) if isinstance(one, Clusters)), None)


@keras.saving.register_keras_serializable("gan_model")
class Clusters(layers.Layer):
    """The cluster of each coding, and of each image.

    `learn` finds the clusters by k-means on the principal components of images of at most 16 x 16
    pixels, which takes seconds. The first number of a coding decides the cluster of its image, so
    that each cluster gets the same fraction of the codings as of the images. Neighbouring numbers
    have similar clusters.

    Args:
        count: number of clusters, 2 or more.
        image_shape: (height, width, channels) or (height, width).

    Input: codings (batch, codings_size). Output: int32 (batch,), from 0 to `count - 1`.

    Reference: Liu et al. (2020), with clusters of the discriminator's features, and Noroozi (2020).
    """

    def __init__(self, count, image_shape, **keras_arguments):
        super().__init__(autocast=False, **keras_arguments)
        if not is_integer(count) or count < 2:
            raise ValueError(f"`count` is 2 clusters or more, an integer. Received: {count!r}.")
        self.count, self.image_shape = int(count), tuple(image_shape)
        self._shape = shape_with_channels(self.image_shape)

    def build(self, codings_shape):
        height, width, channels = self._shape
        self.stride = -(-max(height, width) // _LONGEST)
        size = -(-height // self.stride) * -(-width // self.stride) * channels
        fixed = {"trainable": False, "dtype": "float32", "autocast": False}
        # The nearest centre is the greatest of as many linear functions of the image.
        self.slopes = self.add_weight((size, self.count), "zeros", name="slopes", **fixed)
        self.offsets = self.add_weight((self.count,), "zeros", name="offsets", **fixed)
        self.bounds = self.add_weight((self.count - 1,), "zeros", name="bounds", **fixed)

    def call(self, codings):
        beyond = tf.cast(codings[:, :1], tf.float32) >= self.bounds
        return tf.reduce_sum(tf.cast(beyond, tf.int32), axis=-1)

    def of_images(self, images):
        """The cluster of each image, int32 (batch,); images are those of `learn`."""
        scores = tf.matmul(self._reduced(images), self.slopes) + self.offsets
        return tf.argmax(scores, axis=-1, output_type=tf.int32)

    @property
    def is_learned(self):
        """Whether `learn` was called, or its result was loaded."""
        return bool(np.any(self.offsets.numpy()))

    def learn(self, parts, *, seed=0):
        """Finds the clusters.

        Args:
            parts: training images in parts, of which each is float32 (n, *image_shape), in the
                range of the generator's.
            seed: of k-means.

        Raises:
            ValueError: if there are fewer different images than clusters.
        """
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits

        flat = np.concatenate([self._reduced(part) for part in parts])
        different = len({image.tobytes() for image in flat})
        if different < self.count:
            fewer = max(2, different // 100) if different > 1 else None
            advice = f"Use {fewer} clusters." if fewer else "Use 0 clusters, which is none."
            raise ValueError(
                f"There are {different} different images for {self.count} clusters; expected as "
                f"many at least. {advice}"
            )
        mean = flat.mean(axis=0)
        directions = np.linalg.svd((flat - mean).T @ (flat - mean))[0][:, :_DIRECTIONS]
        with threadpool_limits(1):  # several threads add in any order
            found = KMeans(self.count, n_init=1, random_state=seed).fit((flat - mean) @ directions)
        order = np.argsort(found.cluster_centers_[:, 0])
        centres = found.cluster_centers_[order] @ directions.T
        shares = np.bincount(found.labels_, minlength=self.count)[order] / len(flat)
        self.set_weights(
            [
                centres.T,
                -(centres**2).sum(axis=1) / 2 - centres @ mean,
                ndtri(np.cumsum(shares)[:-1]),
            ]
        )

    def forget(self):
        """Takes back `learn`."""
        self.set_weights([np.zeros(weight.shape) for weight in self.weights])

    def compute_output_shape(self, input_shape):
        return input_shape[:1]

    def get_config(self):
        return {**super().get_config(), "count": self.count, "image_shape": self.image_shape}

    def _reduced(self, images):
        images = tf.reshape(tf.cast(images, tf.float32), (-1, *self._shape))
        small = tf.nn.avg_pool2d(images, self.stride, self.stride, padding="SAME")
        return tf.reshape(small, (-1, self.slopes.shape[0]))
