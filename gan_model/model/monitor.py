"""Held-out images -> the quality that a GAN measures in each evaluation."""

import math

import numpy as np
import tensorflow as tf

from gan_model.data.batches import ImageBatches
from gan_model.data.images import chosen, from_batch, to_uint8
from gan_model.model.judge import Batch

_FEW = 64


class QualityMonitor:
    """Knows which images the quality of a GAN is measured against.

    Args:
        image_shape: shape of one image of the generator.
        image_range: its least and greatest value.

    Attributes:
        quality: `gan_model.metrics.Quality`, or None.
        real_sample: `Batch` of 64 real images, uint8 (64, *image_shape), with their labels where
            the GAN has classes; None where neither training nor held-out images came as an array.
    """

    def __init__(self, *, image_shape, image_range):
        self.image_shape, self.image_range = image_shape, image_range
        self.quality = self.real_sample = None
        self._referred_to = None, None  # the held-out images, and the reference made of them

    def measure_by(self, quality):
        """Sets the quality to measure; None measures nothing.

        Raises:
            ValueError: an object that does not measure.
        """
        usable = hasattr(quality, "refer_to") and not isinstance(quality, type)
        if quality is not None and not usable:
            raise ValueError(
                f"`quality` measures generated images. Received: {quality!r}. "
                "Type gan.quality = metrics.Quality()."
            )
        self.quality, self._referred_to = quality, (None, None)

    def take_sample(self, *sources, labelled):
        """Keeps a sample of the first source that is an array.

        Iterating over other sources may shift their order.
        """
        self.real_sample = None
        array = next((source for source in sources if isinstance(source, ImageBatches)), None)
        if array is not None:
            images = self._as_uint8(np.asarray(chosen(array.images, _FEW)))
            labels = chosen(array.labels, _FEW).reshape(-1) if labelled else None
            self.real_sample = Batch(images, labels)

    def refer_to(self, held_out, training=None):
        """Gives the quality the images that it compares with, once for each source."""
        if self.quality is None or held_out is None:
            return
        source, reference = self._referred_to
        if held_out is source and reference is self.quality.reference:
            return  # unless another GAN, with other data, has the same `Quality`
        images = self._collected(held_out, self.quality.count)
        # Of an array only: another pass over a shuffled data set would shift its order.
        spare = isinstance(training, ImageBatches)
        self.quality.refer_to(images, self._collected(training, len(images)) if spare else None)
        self._referred_to = held_out, self.quality.reference

    def measure(self, sampler):
        """The quality of a `Sampler`'s images: dict from names to numbers, empty without one."""
        if self.quality is None:
            return {}
        if not sampler.is_finite:
            return dict.fromkeys(self.quality.names, math.nan)  # the run has diverged
        return self.quality.of(sampler)

    def _collected(self, source, count):
        """uint8 images with channels: `count` drawn from an array, or the first of a data set."""
        if isinstance(source, ImageBatches):
            return self._as_uint8(chosen(source.images, count))
        _refuse_endless(source)
        batches, collected = [], 0
        for data in source:
            batches.append(self._as_uint8(np.asarray(from_batch(data))))
            collected += len(batches[-1])
            if collected >= count:
                break
        return np.concatenate(batches)[:count]

    def _as_uint8(self, images):
        if images.dtype != np.uint8:
            images = to_uint8(images, self.image_range)
        return images.reshape(len(images), *self.image_shape)


def _refuse_endless(source):
    """Quality needs each held-out image once, and again at the next evaluation."""
    endless = isinstance(source, tf.data.Dataset) and (
        source.cardinality() == tf.data.INFINITE_CARDINALITY
    )
    if endless or iter(source) is source:
        kind = "repeated without end" if endless else f"a {type(source).__name__}, read only once"
        raise ValueError(
            f"The quality is measured against held-out images that come once in each pass; these "
            f"are {kind}. Give an array, or a tf.data.Dataset without repeat()."
        )
