"""Images with labels: what a conditional GAN needs of the classes of its images."""

import numpy as np
import tensorflow as tf

from gan_model.data.batches import ImageBatches

_NO_LABELS = (
    "This GAN knows {} classes, so it needs a label for each image, but the images came alone. "
    "Type gan.fit(images, labels, validation_data=(images, labels))."
)


def labels_of(images, labels, class_count):
    """The labels of a batch, int32 (batch,); None where the GAN has no classes.

    Raises:
        ValueError: a GAN with classes, and no labels.
    """
    if class_count is None:
        return None
    if labels is None:
        raise ValueError(_NO_LABELS.format(class_count))
    return tf.cast(tf.reshape(labels, tf.shape(images)[:1]), tf.int32)


def with_labels(batch, labels):
    """What a player takes: a batch, or [batch, labels] where there are labels."""
    return batch if labels is None else [batch, labels]


def takes_labels(discriminator):
    """Whether a discriminator of a conditional GAN is given labels with the images."""
    inputs = getattr(discriminator, "inputs", None)  # None: a subclass of keras.Model
    return inputs is None or len(inputs) > 1


def of_each_class(count, labels, class_count):
    """Labels for `count` images to be made, int32 (count,); None where the GAN knows no classes.

    Args:
        count: images.
        labels: one for all, or one for each, (count,); None: 0, 1, ..., class_count - 1 and
            from 0 again, each class as often as the others.
        class_count: classes, or None.

    Raises:
        ValueError: labels that are none of the classes, or not one for each image.
    """
    if class_count is None:
        if labels is not None:
            raise ValueError(
                "This GAN was not made with classes, so it can't be asked for one. Leave labels "
                "out, or train presets.modern_conditional."
            )
        return None
    labels = np.arange(count) % class_count if labels is None else np.asarray(labels)
    if labels.shape not in ((), (count,)):
        raise ValueError(
            f"The labels have the shape {labels.shape}; expected one label, or one for each of "
            f"{count} images."
        )
    _check_values(labels, class_count)
    return np.broadcast_to(labels, count).astype(np.int32)


def check_labels(source, labels, class_count):
    """Looks, before the first step, whether images came with the labels that the GAN needs.

    Args:
        source: images or batches of them, as `fit` takes them; of a `tf.data.Dataset` one batch
            is read.
        labels: those that were given beside an array, or None.
        class_count: classes, or None for a GAN that needs no labels.

    Raises:
        ValueError: labels that are missing, or are none of the classes.
    """
    if class_count is None:
        return
    if isinstance(source, ImageBatches):
        labels = source.labels
    elif isinstance(source, tf.data.Dataset):
        spec = source.element_spec
        labels = None
        if isinstance(spec, tuple) and len(spec) > 1:
            labels = next((data[1] for data in source.take(1)), None)
    elif not isinstance(source, np.ndarray):
        return  # a generator: what it yields is seen in its first step
    if labels is None:
        raise ValueError(_NO_LABELS.format(class_count))
    _check_values(np.asarray(labels), class_count)


def _check_values(labels, class_count):
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"The labels are {labels.dtype.name}; expected whole numbers from 0 to "
            f"{class_count - 1}. Convert them: labels.astype('int32'), or argmax(-1) of one-hot."
        )
    if labels.ndim > 1 and labels.shape[1:] != (1,):
        raise ValueError(
            f"The labels have the shape {labels.shape}; expected one number for each image. "
            "Of one-hot labels take labels.argmax(-1)."
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < class_count:
        raise ValueError(
            f"The labels go from {labels.min()} to {labels.max()}; this GAN knows "
            f"{class_count} classes, 0 to {class_count - 1}. Build it with class_count="
            f"{max(int(labels.max()) + 1, 1)}, or number the classes from 0."
        )
