"""The clusters of a GAN's images, found before its first step."""

import numpy as np
import tensorflow as tf

from gan_model.data.batches import ImageBatches
from gan_model.data.images import random_subset, to_range
from gan_model.networks.clusters import clusters_of

_ENOUGH = 20_000  # images; more do not change the clusters much
_PART = 1_000  # images that are in memory as float32 at a time


def find_clusters(gan, images):
    """Finds the clusters of a GAN whose generator has the layer `Clusters`; `fit` does it too.

    Args:
        gan: `GAN`.
        images: training images as for `fit`, an array. 20,000 are drawn if there are more.
    """
    rows = random_subset(np.arange(len(images)), _ENOUGH)
    parts = np.array_split(rows, -(-len(rows) // _PART))
    gan.clusters.learn(
        to_range(tf.constant(images[part]), gan.image_shape, gan.image_range) for part in parts
    )
    found = gan.workers.from_chief(gan.clusters.get_weights())
    for generator in (gan.generator, gan.sampled_generator):
        clusters_of(generator).set_weights(found)


def find_missing_clusters(gan, train):
    """The same for the images that `fit` was given, unless a file or a checkpoint had the clusters.

    Raises:
        ValueError: if the images are not an array.
    """
    # The chief's, as a checkpoint is restored by the chief alone; the others get it in the epoch.
    if gan.clusters is None or gan.workers.broadcast_int(gan.clusters.is_learned):
        return
    if not isinstance(train, ImageBatches):
        raise ValueError(
            "Clusters are found in an array of images, before the first step. Received: "
            f"a {type(train).__name__}. Type gan_model.model.find_clusters(gan, images) before "
            "gan.fit, with an array of some thousand of the images; or make the GAN with "
            "clusters=None."
        )
    find_clusters(gan, train.images)
