"""The devices that run one training step together (replicas of `tf.distribute`)."""

import tensorflow as tf


def count():
    """The number of devices; 1 without a distribution strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def index():
    """The number of the device that runs this code, from 0."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def total(value):
    """The sum of a tensor, or of each tensor in a list, over all devices."""
    if count() == 1:
        return value
    return tf.distribute.get_replica_context().all_reduce("SUM", value)


def loss_weight(images):
    """The weight of this device's mean loss in that of the batch; None on a single device.

    TensorFlow sums the gradients of all devices, so the weight is this device's fraction of the
    images. It is 0 for a device without images.

    Args:
        images: number of images on this device, a scalar tensor.
    """
    if count() == 1:
        return None
    images = tf.cast(images, tf.float32)
    return images / total(images)
