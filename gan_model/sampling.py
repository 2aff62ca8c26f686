"""A trained generator -> images to show, save or count."""

import math

import numpy as np
import tensorflow as tf

from gan_model import players
from gan_model.codings import numbered
from gan_model.images import to_uint8

_BLOCK = 64  # images made at a time


class Samples:
    """`generate` and `sampler` of a model.

    The model says how it generates: `sampled_generator`, `codings_size`, `image_range`.
    """

    _sampler = None

    def generate(self, count, *, seed=0):
        """Images, ready to show or save: uint8, (count, *image_shape).

        Image i depends on (seed, i) alone: asking for more gives the same ones first. They
        are made a block at a time, so the memory needed is that of the answer.
        """
        return self.sampler().generate(count, seed=seed)

    def sampler(self):
        """The `Sampler` of this model's generator; it follows the weights as they change."""
        generator = self.sampled_generator
        if self._sampler is None or self._sampler.generator is not generator:
            self._sampler = Sampler(
                generator, codings_size=self.codings_size, image_range=self.image_range
            )
        return self._sampler


class Sampler:
    """Makes uint8 images with a generator in inference mode.

    Image i of a seed depends on (seed, i) alone: asking for more gives the same ones first.
    Images are made a block at a time, so the memory needed is that of the answer.

    Args:
        generator: Keras model from codings to images.
        codings_size: numbers in one coding. None: what the generator's input tells.
        image_range: least and greatest value of its images. None: what its last activation
            tells.
    """

    def __init__(self, generator, *, codings_size=None, image_range=None):
        self.generator = generator
        self.codings_size = players.codings_size(generator, codings_size)
        self.image_range = players.image_range(generator, self.codings_size, image_range)
        # Line by line, Keras's layers take as long again as what they compute.
        self._images = tf.function(lambda codings: generator(codings, training=False))

    @classmethod
    def of(cls, model):
        """The sampler of a `GAN`, or of a generator alone, as a file may hold either."""
        return model.sampler() if hasattr(model, "sampler") else cls(model)

    @property
    def sound(self):
        """Whether all weights are numbers; a generator that is lost has no images to show."""
        return all(np.isfinite(weight).all() for weight in self.generator.get_weights())

    def generate(self, count, *, seed=0):
        """Images number 0 to `count - 1`: uint8, (count, *image_shape)."""
        if count < 1:
            raise ValueError(f"`count` is 1 or more images. Received: count={count}.")
        made = None
        for first in range(0, count, _BLOCK):
            # Whole blocks, also the last: the size of a batch can move the last bit.
            block = self._make(numbered(first, _BLOCK, self.codings_size, seed=seed))
            if made is None:
                made = np.empty((count, *block.shape[1:]), np.uint8)
            made[first : first + _BLOCK] = block[: count - first]
        return made

    def walk(self, count, *, stops=5, frames=12, seed=0):
        """`count` images that change along a closed path through their codings.

        Between two stops the codings go along an arc, on which they stay standard normal; on
        a straight line they would shrink half way.

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
        for frame in range(stops * frames):
            stop, angle = frame // frames, (frame % frames) / frames * math.pi / 2
            here, there = path[stop], path[(stop + 1) % stops]
            yield self._make(math.cos(angle) * here + math.sin(angle) * there)

    def _make(self, codings):
        return to_uint8(self._images(tf.convert_to_tensor(codings)), self.image_range)
