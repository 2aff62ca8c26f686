"""Batches of images -> the rows of them that this worker trains on.

By default every TensorFlow worker reads all rows and discards those of the others.
"""

import functools

import tensorflow as tf

from gan_model.data.batches import ImageBatches
from gan_model.data.images import fingerprint


def shard_epochs(batches, gan, steps_per_epoch):
    """`ImageBatches.epochs_from` the step of a GAN, for this worker."""
    return _shard(functools.partial(batches.epochs_from, gan.step.value, steps_per_epoch), gan)


def shard_passes(batches, gan):
    """What Keras takes for batches to evaluate: others than `ImageBatches` as they are."""
    if not isinstance(batches, ImageBatches) or gan.workers.count == 1:
        return batches
    return _shard(batches.passes_of, gan)


def is_sharded(batches):
    """Whether batches have the rows of this worker only."""
    return isinstance(batches, tf.distribute.DistributedDataset)


def run_fingerprint(gan, train, steps_per_epoch):
    """What workers that train together must have in common, as far as it is known; a dict."""
    settings = {"seed": gan.seed, "steps_per_epoch": steps_per_epoch}
    return settings | ((data_fingerprint(gan, train) or {}) if gan.workers.count > 1 else {})


def data_fingerprint(gan, train):
    """What is known of the images of `fit`, see `RunCallback.restore`; None if not arrays."""
    if not isinstance(train, ImageBatches):
        return None
    labels = {} if gan.class_count is None else {"labels": fingerprint(train.labels)}
    images = fingerprint(train.images)
    return {"batch_size": train.batch_size, "images": images, **labels}


def _shard(batches_of, gan):
    number, count = gan.workers.number, gan.workers.count
    rows = functools.partial(batches_of, worker=number, workers=count)
    if count == 1:
        return rows()
    return gan.distribute_strategy.distribute_datasets_from_function(lambda _: rows())
