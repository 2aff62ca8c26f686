"""Held-out images -> the quality of generated images, measured in each evaluation."""

import math
from typing import Any, NamedTuple

import keras
import numpy as np

from gan_model.data.batches import ImageBatches
from gan_model.data.checks import warn
from gan_model.data.images import is_endless, lazy_subset, random_subset, to_uint8
from gan_model.model.batch import Batch

_FEW = 64


class HeldOut(NamedTuple):
    """What generated images are compared with: a `metrics.Reference`, and labels to generate."""

    reference: Any
    labels: Any


class QualityMonitor:
    """Holds the `Quality` of a GAN and gives it the real images to compare with.

    Args:
        image_shape: shape of one image of the generator.
        image_range: least and greatest value of the images of the generator.
        labelled: whether the GAN has classes. The measured images then have the labels of the
            held-out ones, so that each class has the same share of both.

    Attributes:
        quality: `gan_model.metrics.Quality`, or None.
        real_sample: `Batch` of 64 real images, uint8 (64, *image_shape), with their labels where
            the GAN has classes; None if neither training nor held-out images are an array.
    """

    def __init__(self, image_shape, image_range, labelled):
        self.image_shape, self.image_range = image_shape, image_range
        self.labelled = labelled
        self.quality = self.real_sample = None
        self.of_fit = None  # `HeldOut` of the images of the last `fit`

    def set_quality(self, quality):
        """Sets the quality to measure; None measures nothing.

        Raises:
            ValueError: if `quality` cannot measure images.
        """
        usable = hasattr(quality, "refer_to") and not isinstance(quality, type)
        if quality is not None and not usable:
            raise ValueError(
                f"`quality` must be an object of metrics.Quality. Received: {quality!r}. "
                "Type gan.quality = metrics.Quality()."
            )
        self.quality, self.of_fit = quality, None

    def keep_real_sample(self, *sources):
        """Keeps a sample of the first source that is an array.

        Other sources are not read, because iterating over them may change their order.

        Args:
            *sources: training images, then held-out images, as batches.
        """
        self.real_sample = None
        array = next((source for source in sources if isinstance(source, ImageBatches)), None)
        if array is not None:
            images, labels = self._collected(array, _FEW)
            self.real_sample = Batch(np.array(images), labels)  # a copy, so that the rest is freed

    def set_held_out(self, source, training):
        """Remembers the held-out images of a `fit`, which its evaluations compare with."""
        self.of_fit = None
        if self.quality is not None and source is None:
            warn(
                "This fit has no held-out images, so gan.quality is not measured. Type "
                "gan.fit(..., validation_data=images)."
            )
        elif self.quality is not None:
            self.of_fit = self.held_out(source, training)

    def held_out(self, source, training=None):
        """The `HeldOut` of batches of real images; None without a quality.

        Args:
            source: batches of held-out images.
            training: batches of training images, whose numbers are the floor. They are used only
                if they are an array, since a pass over a data set may change its order.
        """
        if self.quality is None:
            return None
        images, labels = self._collected(source, self.quality.count)
        if not isinstance(training, ImageBatches):
            self.quality.refer_to(images)
        else:
            pair = {"labels": (labels, training.labels)} if self.labelled else {}
            spare = self._as_uint8(self._with_channels(training.images))
            self.quality.refer_to(images, spare, **pair)
        return HeldOut(self.quality.reference, labels)

    def measure(self, sampler, held_out):
        """The measures of a `Sampler`'s images by name, a dict; empty without a quality."""
        if self.quality is None:
            return {}
        self.quality.reference = held_out.reference  # it may have been given others in between
        if not sampler.is_finite:
            return dict.fromkeys(self.quality.names, math.nan)  # the generator has diverged
        return self.quality.of(sampler, labels=held_out.labels)

    def _collected(self, source, count):
        """uint8 images with channels, and their labels if the GAN has classes, else None.

        `count` are drawn from an array; of a data set they are the first.
        """
        if isinstance(source, ImageBatches):
            labels = random_subset(source.labels, count).reshape(-1) if self.labelled else None
            images = lazy_subset(self._with_channels(source.images), count)
            return self._as_uint8(images), labels
        _refuse_endless(source)
        images, labels, collected = [], [], 0
        for data in source:
            of_batch, labels_of_batch, _ = keras.utils.unpack_x_y_sample_weight(data)
            images.append(self._as_uint8(self._with_channels(np.asarray(of_batch))))
            labels.append(np.reshape(labels_of_batch, -1) if self.labelled else ())
            collected += len(images[-1])
            if collected >= count:
                break
        if not images:
            raise ValueError("There are no held-out images: the data set is empty.")
        labels = np.concatenate(labels)[:count] if self.labelled else None
        return np.concatenate(images)[:count], labels

    def _with_channels(self, images):
        return images.reshape(len(images), *self.image_shape)

    def _as_uint8(self, images):
        return images if images.dtype == np.uint8 else to_uint8(images, self.image_range)


def _refuse_endless(source):
    """Refuses held-out images that are infinite, or that can be read only once."""
    endless = is_endless(source)
    if endless or iter(source) is source:
        kind = "repeated without end" if endless else f"a {type(source).__name__}, read only once"
        raise ValueError(
            f"The held-out images are {kind}; expected a finite set that can be read again, to "
            "measure the quality. Type validation_data=images, with an array, or with a "
            "tf.data.Dataset without repeat()."
        )
