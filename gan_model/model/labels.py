"""The labels of a conditional GAN: their source, checks, defaults, and inputs with labels."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gan_model.data.batches import ImageBatches

_NO_LABELS = (
    "This GAN has {} classes and needs a label for each image, but received images only. "
    "Type gan.fit(images, labels, validation_data=(images, labels))."
)


@dataclass(frozen=True)
class Labelling:
    """Where the labels of the discriminator come from: the user, clusters, or nowhere.

    Args:
        class_count: number of classes of the user's labels, or None.
        clusters: `networks.clusters.Clusters` of the generator, or None.
    """

    class_count: int | None = None
    clusters: Any = None

    def __post_init__(self):
        if self.class_count is not None and self.clusters is not None:
            raise ValueError(
                f"The generator has clusters in the place of classes, but received class_count="
                f"{self.class_count}. Leave class_count out."
            )

    @property
    def count(self):
        """The number of different labels; None without labels."""
        return self.class_count if self.clusters is None else self.clusters.count

    def of_real(self, images, labels):
        """The labels of a batch of real images, int32 (batch,); None without labels.

        Raises:
            ValueError: if the GAN has classes, but `labels` is None or not one integer per image.
            tf.errors.InvalidArgumentError: if a label is not among the classes. In a step that XLA
                compiles nothing is raised: `execution` checks its labels.
        """
        if self.clusters is not None:
            return self.clusters.of_images(images)
        if self.class_count is None:
            return None
        if labels is None:
            raise ValueError(_NO_LABELS.format(self.class_count))
        labels = tf.convert_to_tensor(labels)  # an eager step is given arrays as they are
        _check_kind(labels.dtype.as_numpy_dtype, labels.shape, self.class_count)
        labels = tf.cast(tf.reshape(labels, tf.shape(images)[:1]), tf.int32)
        return among_the_classes(labels, self.class_count)

    def of_fake(self, codings, real_labels):
        """The labels of fake images: those of the real ones, or the clusters of the codings."""
        return real_labels if self.clusters is None else self.clusters(codings)

    def generator_inputs(self, codings, labels):
        """What the generator takes; one with clusters takes codings only."""
        return with_labels(codings, labels) if self.clusters is None else codings


def with_labels(batch, labels):
    """The input of a network: a batch, or [batch, labels] if there are labels."""
    return batch if labels is None else [batch, labels]


def codings_of(inputs):
    """The codings among the inputs [codings, labels] of a generator with classes."""
    if not isinstance(inputs, list | tuple) or len(inputs) != 2:
        raise ValueError("This GAN has classes. Type gan([codings, labels]).")
    return inputs[0]


def takes_labels(discriminator):
    """Whether the discriminator of a conditional GAN takes labels with the images."""
    inputs = getattr(discriminator, "inputs", None)  # None: a subclass of keras.Model
    return inputs is None or len(inputs) > 1


def of_each_class(count, labels, class_count):
    """Labels for `count` images to generate, int32 (count,); None if the GAN has no classes.

    Args:
        count: number of images.
        labels: one label for all images, or one for each, (count,). None: 0, 1, ...,
            class_count - 1, repeated.
        class_count: number of classes, or None.

    Raises:
        ValueError: if the labels are not among the classes, or not one or `count`.
    """
    if class_count is None:
        if labels is not None:
            raise ValueError(
                "This GAN was built without classes, so it takes no labels. Leave labels out, or "
                "train presets.modern_conditional."
            )
        return None
    labels = np.arange(count) % class_count if labels is None else np.asarray(labels)
    if labels.shape not in ((), (count,)):
        raise ValueError(
            f"Received labels of shape {labels.shape}; expected one label, or one for each of "
            f"{count} images. Type labels=3, or leave labels out."
        )
    check_values(labels, class_count)
    return np.broadcast_to(labels, count).astype(np.int32)


def check_labels(source, labels, class_count):
    """Checks before the first step that images have the labels that the GAN needs.

    Args:
        source: images or batches of them, as `fit` takes them. One batch is read of a
            `tf.data.Dataset` or a `keras.utils.PyDataset`.
        labels: labels of an array of images, or None.
        class_count: number of classes, or None for a GAN without labels.

    Raises:
        ValueError: if labels are missing, or are not among the classes.
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
    elif isinstance(source, keras.utils.PyDataset):
        _, labels, _ = keras.utils.unpack_x_y_sample_weight(source[0])
    elif not isinstance(source, np.ndarray):
        return  # a Python generator: its labels are checked in the first step
    if labels is None:
        raise ValueError(_NO_LABELS.format(class_count))
    check_values(np.asarray(labels), class_count)


def among_the_classes(labels, class_count):
    """The labels, a tensor, once all of them are among the classes.

    Raises:
        tf.errors.InvalidArgumentError: if one is not; XLA leaves the check out.
    """
    # Keras takes a label of -1 for the last class, and a GPU takes zeros for one that is too large.
    inside = tf.reduce_all((labels >= 0) & (labels < class_count))
    sentence = (
        f"A batch has labels that are not among the {class_count} classes of this GAN, which go "
        f"from 0 to {class_count - 1}. The labels:"
    )
    with tf.control_dependencies([tf.debugging.Assert(inside, [sentence, labels], summarize=64)]):
        return tf.identity(labels)


def _check_kind(dtype, shape, class_count):
    if np.dtype(dtype).kind in "OSU":
        raise ValueError(
            "The labels are texts or objects; expected integers from 0. Number the classes: "
            "np.unique(labels, return_inverse=True)[1]."
        )
    if not np.issubdtype(dtype, np.integer):
        to = "" if class_count is None else f" to {class_count - 1}"
        raise ValueError(
            f"The labels are {np.dtype(dtype).name}; expected integers from 0{to}. "
            "Type labels.astype('int32'), or labels.argmax(-1) for one-hot labels."
        )
    if tf.TensorShape(shape).rank is not None and tuple(shape[1:]) not in ((), (1,), (None,)):
        raise ValueError(
            f"The labels have the shape {tuple(shape)}; expected one integer per image. "
            "Type labels.argmax(-1) for one-hot labels."
        )


def check_values(labels, class_count=None):
    """Refuses an array of labels unless they are integers among the classes, one per image.

    Args:
        labels: array (n,) or (n, 1).
        class_count: number of classes. None: as many as the labels tell.
    """
    _check_kind(labels.dtype, labels.shape, class_count)
    if class_count is None and labels.size and labels.min() < 0:
        raise ValueError(
            f"The labels go from {labels.min()} to {labels.max()}; expected 0 or more. Number the "
            "classes from 0: np.unique(labels, return_inverse=True)[1]."
        )
    if class_count is None:
        return
    if labels.size and not 0 <= labels.min() <= labels.max() < class_count:
        raise ValueError(
            f"The labels go from {labels.min()} to {labels.max()}; expected 0 to "
            f"{class_count - 1}, as this GAN has {class_count} classes. Build it with class_count="
            f"{max(int(labels.max()) + 1, 1)}, or number the classes from 0."
        )
