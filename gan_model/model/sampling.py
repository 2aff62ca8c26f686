"""A trained generator -> images to show, save or count."""

import math

import numpy as np
import tensorflow as tf

from gan_model.data.images import to_uint8
from gan_model.model import inspection
from gan_model.model.labels import of_each_class, with_labels
from gan_model.random import numbered

_BLOCK = 64  # images made at a time
_ROWS = 20  # of a grid with a class a row


class Sampler:
    """Makes uint8 images with a generator in inference mode.

    Image i of a seed depends on (seed, i) alone, and on its label: asking for more gives the
    same ones first. Images are made a block at a time, so the memory needed is that of the
    answer.

    Args:
        generator: Keras model from codings, or from [codings, labels], to images.
        codings_size: numbers in one coding. None: what the generator's input tells.
        class_count: classes that its labels stand for; None: it takes no labels.
        image_range: least and greatest value of its images. None: what its last activation
            tells.
    """

    def __init__(self, generator, *, codings_size=None, class_count=None, image_range=None):
        self.generator, self.class_count = generator, class_count
        size = inspection.codings_size(generator, codings_size, class_count)
        self.codings_size = size
        self.image_range = inspection.image_range(generator, size, image_range, class_count)
        # Line by line, Keras's layers take as long again as what they compute.
        self._images = tf.function(lambda inputs: generator(inputs, training=False))

    @classmethod
    def of(cls, model):
        """The sampler of a `GAN`, or of a generator alone, as a file may hold either."""
        if hasattr(model, "sampler"):
            return model.sampler()
        return cls(model, class_count=inspection.classes_told(model))

    @property
    def is_finite(self):
        """Whether all weights are finite; a generator that has diverged has no images to show."""
        return all(np.isfinite(weight).all() for weight in self.generator.get_weights())

    def generate(self, count, *, labels=None, seed=0):
        """Images number 0 to `count - 1`: uint8, (count, *image_shape); as `GAN.generate`."""
        if count < 1:
            raise ValueError(f"`count` is 1 or more images. Received: count={count}.")
        labels = of_each_class(count, labels, self.class_count)
        made = None
        for first in range(0, count, _BLOCK):
            # Whole blocks, also the last: the size of a batch can move the last bit.
            codings = numbered(first, _BLOCK, self.codings_size, seed=seed)
            block = self._make(codings, _block_of(labels, first))
            if made is None:
                made = np.empty((count, *block.shape[1:]), np.uint8)
            made[first : first + _BLOCK] = block[: count - first]
        return made

    def for_grid(self, count=None, *, seed=0):
        """Images to show together, and how many of them make a row.

        Args:
            count: images. None: 25, or 8 of each class.
            seed: of the codings.

        Returns:
            uint8 (count, *image_shape), and None: as near to a square as it goes. Where there
            are classes: a row for each, or for 20 evenly spread ones where there are more, of
            the same codings, with as many images as make `count` or more in all; and their
            number in a row.
        """
        if self.class_count is None:
            return self.generate(count or 25, seed=seed), None
        shown = np.linspace(0, self.class_count - 1, min(self.class_count, _ROWS)).round()
        columns = math.ceil(count / len(shown)) if count else 8
        rows = [self.generate(columns, labels=int(label), seed=seed) for label in shown]
        return np.concatenate(rows), columns

    def walk(self, count, *, stops=5, frames=12, seed=0):
        """`count` images that change along a closed path through their codings.

        Between two stops the codings go along an arc, on which they stay standard normal; on
        a straight line they would shrink half way. Classes, where there are any, stay.

        Args:
            count: images that walk side by side.
            stops: codings that each of them passes.
            frames: from one stop to the next.
            seed: of the codings.

        Yields:
            uint8 (count, *image_shape), `stops * frames` times.
        """
        path = numbered(0, stops * count, self.codings_size, seed=seed).numpy()
        path = path.reshape(stops, count, -1)
        labels = of_each_class(count, None, self.class_count)
        for frame in range(stops * frames):
            stop, angle = frame // frames, (frame % frames) / frames * math.pi / 2
            here, there = path[stop], path[(stop + 1) % stops]
            yield self._make(math.cos(angle) * here + math.sin(angle) * there, labels)

    def _make(self, codings, labels):
        inputs = with_labels(codings, labels)
        return to_uint8(
            self._images(tf.nest.map_structure(tf.convert_to_tensor, inputs)), self.image_range
        )


def _block_of(labels, first):
    """The labels of a block of images; after the last one class 0 fills it."""
    if labels is None:
        return None
    block = labels[first : first + _BLOCK]
    return np.pad(block, (0, _BLOCK - len(block)))
