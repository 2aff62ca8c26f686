"""Held-out images as `fit` and `evaluate` have them -> the quality of what a model generates."""

import numpy as np

from gan_model.data.batches import ImageBatches
from gan_model.images import from_batch, to_uint8


class MeasuresItself:
    """The attribute `quality` of a model that generates images, and when it is measured.

    The model says how it generates: `sampler()`, `image_shape`, `image_range`.
    """

    _quality = None
    _referred_to = None

    @property
    def quality(self):
        """`gan_model.metrics.Quality`, measured in every evaluation; None: nothing is."""
        return self._quality

    @quality.setter
    def quality(self, quality):
        if quality is not None and not hasattr(quality, "refer_to"):
            raise ValueError(
                f"`quality` measures generated images. Received: {quality!r}. "
                "Type gan.quality = metrics.Quality()."
            )
        self._quality, self._referred_to = quality, None

    def _refer_to(self, held_out, training=None):
        """Has the quality look at the images that it compares with, once for each source."""
        if self._quality is None or held_out is None or held_out is self._referred_to:
            return
        count = self._quality.count
        self._quality.refer_to(
            self._collected(held_out, count),
            None if training is None else self._collected(training, count),
        )
        self._referred_to = held_out

    def _quality_now(self):
        """The numbers of this moment, by name; none where nothing is measured."""
        return self._quality.of(self.sampler()) if self._quality else {}

    def _collected(self, source, count):
        """uint8 images, with channels: all there are of arrays, else the first `count`."""
        if isinstance(source, ImageBatches):
            return self._as_uint8(source.images)
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
