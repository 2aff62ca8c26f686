"""Held-out images -> the quality of generated images, measured in each evaluation."""

import math

import keras
import numpy as np

from gan_model.data.batches import ImageBatches
from gan_model.data.checks import warn
from gan_model.data.images import is_endless, lazy_subset, random_subset, to_uint8
from gan_model.model.batch import Batch

_FEW = 64


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
        # The held-out images, the training images, and the reference computed from them.
        self._referred_to = None, None, None
        self._labels = None  # of the images of the reference

    def measure_by(self, quality):
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
        self.quality, self._referred_to = quality, (None, None, None)

    def take_sample(self, *sources):
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

    def refer_to(self, held_out, training=None):
        """Gives the quality the real images to compare with, once for each source."""
        if self.quality is None:
            return
        if held_out is None:
            warn(
                "This fit has no held-out images, so gan.quality is not measured. Type "
                "gan.fit(..., validation_data=images)."
            )
            return
        source, trained_on, reference = self._referred_to
        # Training images from an array only: a pass over a data set may change its order.
        spare = training.images if isinstance(training, ImageBatches) else None
        known = held_out is source and reference is self.quality.reference
        if known and (spare is None or spare is trained_on):
            return  # done before, and no other GAN has changed the reference of this `Quality`
        images, self._labels = self._collected(held_out, self.quality.count)
        spare_images = None if spare is None else self._as_uint8(self._with_channels(spare))
        labelled = self.labelled and spare is not None
        labels = {"labels": (self._labels, training.labels)} if labelled else {}
        self.quality.refer_to(images, spare_images, **labels)
        self._referred_to = held_out, spare, self.quality.reference

    def measure(self, sampler):
        """The measures of a `Sampler`'s images by name, a dict; empty without a quality."""
        if self.quality is None:
            return {}
        if not sampler.is_finite:
            return dict.fromkeys(self.quality.names, math.nan)  # the generator has diverged
        return self.quality.of(sampler, labels=self._labels)

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
