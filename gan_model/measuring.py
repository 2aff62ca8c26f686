"""Held-out images as `fit` and `evaluate` have them -> the quality of what a model generates."""

import math

import numpy as np
import tensorflow as tf

from gan_model.data.batches import ImageBatches
from gan_model.images import chosen, from_batch, to_uint8

_FEW = 64


class MeasuresItself:
    """The attribute `quality` of a model that generates images, and when it is measured.

    The model says how it generates: `sampler()`, `sampled_generator`, `image_shape`,
    `image_range`.
    """

    _quality = None
    _referred_to = None, None  # the source, and what the quality made of it
    # A few, uint8, of the array that `fit` has, and their labels; None where it has none.
    real_images = real_labels = None

    @property
    def quality(self):
        """`gan_model.metrics.Quality`, measured in every evaluation; None: nothing is."""
        return self._quality

    @quality.setter
    def quality(self, quality):
        usable = hasattr(quality, "refer_to") and not isinstance(quality, type)
        if quality is not None and not usable:
            raise ValueError(
                f"`quality` measures generated images. Received: {quality!r}. "
                "Type gan.quality = metrics.Quality()."
            )
        self._quality, self._referred_to = quality, (None, None)

    def _look_at(self, *sources):
        """Keeps some images of the first source that is an array: to read others has effects."""
        array = next((source for source in sources if isinstance(source, ImageBatches)), None)
        self.real_images = self.real_labels = None
        if array is not None:
            self.real_images = self._as_uint8(np.asarray(chosen(array.images, _FEW)))
        if array is not None and self.class_count is not None:
            self.real_labels = chosen(array.labels, _FEW).reshape(-1)

    def _refer_to(self, held_out, training=None):
        """Has the quality look at the images that it compares with, once for each source."""
        if self._quality is None or held_out is None:
            return
        source, reference = self._referred_to
        if held_out is source and reference is self._quality.reference:
            return  # unless another GAN, with other data, has the same `Quality`
        images = self._collected(held_out, self._quality.count)
        # Only of an array: another pass over a shuffled data set would shift its order.
        spare = isinstance(training, ImageBatches)
        self._quality.refer_to(images, self._collected(training, len(images)) if spare else None)
        self._referred_to = held_out, self._quality.reference

    def _quality_now(self):
        """The numbers of this moment, by name; none where nothing is measured."""
        if self._quality is None:
            return {}
        if not self.sampler().sound:
            return dict.fromkeys(self._quality.names, math.nan)  # the run is lost
        return self._quality.of(self.sampler())

    def _collected(self, source, count):
        """uint8 images, with channels: of an array `count` of them, else the first."""
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
