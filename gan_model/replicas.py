"""The devices that run one step together, each on its part of the batch (`tf.distribute`)."""

import tensorflow as tf


def count():
    """Number of devices; 1 without a distribution strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def index():
    """Number of the device that runs this code, from 0."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def total(value):
    """The sum of a tensor, or of each tensor in a list, over all devices."""
    if count() == 1:
        return value
    return tf.distribute.get_replica_context().all_reduce("SUM", value)


def loss_weight(images):
    """The weight of a device's mean loss in that of the batch; None on a single device.

    TensorFlow adds up the gradients of all devices, so each contributes in proportion to its
    images. A device without images contributes nothing.

    Args:
        images: images of this device, a scalar tensor.
    """
    if count() == 1:
        return None
    images = tf.cast(images, tf.float32)
    return images / total(images)
