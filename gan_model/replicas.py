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
    """The weight of this device's loss in the loss of the batch; None on a single device.

    TensorFlow sums the gradients of all devices, so the weight is 1 / number of devices. For a
    device without images it is 0, because the mean over no images is NaN.

    Args:
        images: number of images on this device, a scalar tensor.
    """
    if count() == 1:
        return None
    return tf.where(images > 0, 1.0 / count(), 0.0)
