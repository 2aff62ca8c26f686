"""What one device computes of a step that several run together.

A step on several devices is the step of one device with the whole batch. Each device has some of
the images, its share. Whatever is drawn is drawn for the whole batch on each device, which then
takes the rows of its share; whatever is summed over a batch is summed over all devices.
"""

from typing import Any, NamedTuple

import tensorflow as tf


def count():
    """The number of devices; 1 without a distribution strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def total(value):
    """The sum of a tensor, or of each tensor in a list, over all devices.

    Outside a step, where no device has a part of its own, the value as it is.
    """
    if _is_whole():
        return value
    return tf.distribute.get_replica_context().all_reduce("SUM", value)


def mean(values):
    """The mean of all numbers of a tensor on all devices, a scalar.

    The gradient is taken for the numbers of this device, through the losses of all devices. Do not
    call it inside `tf.cond`: all devices must take part.
    """
    if _is_whole():
        return tf.reduce_mean(values)
    return total(tf.reduce_sum(values)) / total(tf.cast(tf.size(values), values.dtype))


def _is_whole():
    return count() == 1 or tf.distribute.in_cross_replica_context()


class Share(NamedTuple):
    """The images of a batch that are on this device.

    Args:
        first: number of images on the devices before this one.
        count: number of images on this device; may be 0.
        total: number of images in the batch.
    """

    first: Any
    count: Any
    total: Any

    @property
    def weight(self):
        """The weight of this device's mean in that of the batch; None on a single device.

        TensorFlow sums the gradients of all devices, so the weight is this device's fraction of the
        images.
        """
        if count() == 1:
            return None
        return tf.cast(self.count, tf.float32) / tf.cast(self.total, tf.float32)

    def rows(self, of_batch, axis=0):
        """The rows of this device, of a tensor with a row for each image of the batch."""
        if count() == 1:
            return of_batch
        return tf.gather(of_batch, self.first + tf.range(self.count), axis=axis)


def share(images):
    """The `Share` of this device.

    Args:
        images: number of images on this device, a scalar int32 tensor.
    """
    if count() == 1:
        return Share(0, images, images)
    number = tf.distribute.get_replica_context().replica_id_in_sync_group
    of_all = total(images * tf.one_hot(number, count(), dtype=images.dtype))
    return Share(tf.reduce_sum(of_all[:number]), images, tf.reduce_sum(of_all))
