"""A trained generator -> uint8 images."""

import functools
import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from gan_model.data.images import to_uint8
from gan_model.model import inspection
from gan_model.model.labels import of_each_class, with_labels
from gan_model.model.random import numbered
from gan_model.networks.clusters import clusters_of
from gan_model.networks.layers import ImageRange
from gan_model.storage.serializable import check_counts

_BLOCK = 64  # images generated at a time
_ROWS = 20  # most rows of a grid with one class per row


class Sampler:
    """Generates uint8 images with a generator in inference mode.

    Image i depends only on the seed, i, and its label. So a larger `count` gives the same first
    images. Images are generated in blocks, so little memory is needed beyond that of the result.

    Args:
        generator: Keras model from codings, or from [codings, labels], to images.
        codings_size: numbers in one coding. None: taken from the generator's input shape.
        class_count: number of classes of the labels. None: the generator takes no labels.
        image_range: least and greatest value of the images. None: taken from the generator's
            last activation.

    Raises:
        ValueError: the range is unknown, because the generator has no last activation or another
            one than tanh and sigmoid; or `image_range` is not that of its tanh or sigmoid.
    """

    def __init__(self, generator, *, codings_size=None, class_count=None, image_range=None):
        self.generator, self.class_count = generator, class_count
        size = inspection.codings_size(generator, codings_size, class_count)
        self.codings_size = size
        self.image_range = inspection.image_range(generator, size, image_range, class_count)
        self.clusters = clusters_of(generator)
        self._first = 0 if self.clusters is None else 1  # the number after that of the cluster
        # Run eagerly, Keras layers double the time. A partial, because of the code of a lambda
        # TensorFlow counts all samplers together, and from the fifth on it warns of retracing.
        self._images = tf.function(functools.partial(generator, training=False))

    @classmethod
    def of(cls, model):
        """The sampler of a `GAN` or of a generator; a `.keras` file may contain either.

        A sampler is its own.
        """
        if isinstance(model, cls):
            return model
        if hasattr(model, "sampler"):
            return model.sampler()
        return cls(model, class_count=inspection.embedded_class_count(model))

    def generator_to_save(self):
        """The generator as a Keras model whose file tells the range of its images, too.

        It is the generator itself where its last activation tells it. Elsewhere it has one layer
        more, `ImageRange`. To load that file, import `GAN` first.
        """
        generator, size = self.generator, self.codings_size
        if inspection.tells_range(generator, size, self.class_count):
            return generator
        inputs = getattr(generator, "inputs", None)
        if inputs is None:  # a subclass of keras.Model
            labels = None if self.class_count is None else keras.Input((), dtype="int32")
            inputs = with_labels(keras.Input((size,)), labels)
            images = generator(inputs)
        else:
            images = generator.outputs[0]
            inputs = inputs if len(inputs) > 1 else inputs[0]
        return keras.Model(inputs, ImageRange(*self.image_range, dtype="float32")(images))

    @property
    def is_finite(self):
        """Whether all weights of the generator are finite. They are not after it diverged."""
        return all(np.isfinite(weight).all() for weight in self.generator.get_weights())

    def generate(
        self,
        count: int,
        *,
        labels: int | Sequence[int] | None = None,
        seed: int = 0,
        truncation: float = 1.0,
    ) -> np.ndarray:
        """Images 0 to `count - 1` of a seed, uint8 (count, *image_shape).

        Args:
            count: number of images, 1 or more.
            labels: for a conditional GAN, one label for all images or one for each, (count,).
                None: 0, 1, ..., class_count - 1, repeated.
            seed: of the codings.
            truncation: factor from 0 to 1 on the codings, without the number that decides a
                cluster. Below 1 they are nearer to the middle of the normal distribution, so
                images are less diverse. docs/quality.md has the curve of precision and recall.
                Brock et al. (2019) redraw numbers beyond a bound instead; their curve is no
                better.

        Raises:
            ValueError: if `count` is below 1, `truncation` is not from 0 to 1, or the labels do
                not fit.
        """
        return self.generated(count, labels=labels, seed=seed, truncation=truncation)[:]

    def generated(self, count, *, labels=None, seed=0, truncation=1.0):
        """The images of `generate`, each generated when it is read: `GeneratedImages`."""
        check_counts(count=count)
        inspection.check_seed(seed)
        codings = numbered(0, count, self.codings_size, seed=seed).numpy()
        return self._generated_from(codings, labels, truncation)

    def images_of(self, codings, *, labels=None, truncation=1.0):
        """The images of given codings, uint8 (count, *image_shape).

        Args:
            codings: numbers (count, codings_size), standard normal where they are drawn.
            labels, truncation: see `generate`.

        Raises:
            ValueError: if codings or labels do not fit, or `truncation` is not from 0 to 1.
        """
        return self._generated_from(codings, labels, truncation)[:]

    def _generated_from(self, codings, labels, truncation):
        if not 0 <= truncation <= 1:
            raise ValueError(
                f"`truncation` is a factor from 0 to 1. Received: truncation={truncation}."
            )
        codings = self._checked(codings).copy()
        codings[:, self._first :] *= np.float32(truncation)
        count = len(codings)
        labels = of_each_class(count, labels, self.class_count)

        def block(first):
            # The last block is complete too, because the batch size can change the last bit.
            return self._uint8_images(_block_of(codings, first), _block_of(labels, first))

        return GeneratedImages(block, count)

    def _checked(self, codings):
        codings = np.asarray(codings, np.float32)
        if codings.ndim != 2 or codings.shape[1] != self.codings_size or not len(codings):
            raise ValueError(
                f"The codings have the shape {codings.shape}; this generator takes "
                f"(count, {self.codings_size}), of one image or more."
            )
        if not np.isfinite(codings).all():
            raise ValueError("Some codings are not finite; expected numbers around 0.")
        return codings

    def for_grid(self, count=None, *, seed=0, truncation=1.0):
        """Images for a grid, and the number of its columns.

        For a conditional GAN each row shows one class, and all rows have the same codings. With
        more than 20 classes, 20 evenly spaced ones are shown.

        Args:
            count: number of images; with classes, rounded up to complete rows. None: 25, or 8
                for each class shown.
            seed, truncation: see `generate`.

        Returns:
            (images, columns): images are uint8 (n, *image_shape); `columns` is None without
            classes, for a grid that is as square as possible.
        """
        if self.class_count is None:
            return self.generate(count or 25, seed=seed, truncation=truncation), None
        shown = np.linspace(0, self.class_count - 1, min(self.class_count, _ROWS)).round()
        columns = math.ceil(count / len(shown)) if count else 8
        how = {"seed": seed, "truncation": truncation}
        rows = [self.generate(columns, labels=int(label), **how) for label in shown]
        return np.concatenate(rows), columns

    def walk(self, count, *, stops=5, frames=12, seed=0):
        """Interpolates `count` images along closed paths through the space of codings.

        Between two stops the codings follow an arc, so they stay standard normal; on a straight
        line they would get shorter between the stops. The label of each image stays the same.

        Args:
            count: number of images in each frame.
            stops: number of random codings on each path.
            frames: number of frames from one stop to the next.
            seed: of the codings.

        Yields:
            uint8 (count, *image_shape), `stops * frames` times.
        """
        path = numbered(0, stops * count, self.codings_size, seed=seed).numpy()
        path = path.reshape(stops, count, -1)
        cluster = path[0, :, : self._first]  # each image stays in its own
        labels = of_each_class(count, None, self.class_count)
        for frame in range(stops * frames):
            stop, angle = frame // frames, (frame % frames) / frames * math.pi / 2
            here, there = path[stop], path[(stop + 1) % stops]
            between = math.cos(angle) * here + math.sin(angle) * there
            between[:, : self._first] = cluster
            yield self._uint8_images(between, labels)

    def _uint8_images(self, codings, labels):
        inputs = with_labels(codings, labels)
        return to_uint8(
            self._images(tf.nest.map_structure(tf.convert_to_tensor, inputs)), self.image_range
        )


class GeneratedImages:
    """Images that are generated when they are read: `images[:1000]`, `images[[3, 5]]`.

    Read them before the weights of the generator change. The last block is kept, so reading all
    images in their order generates each of them once.

    Args:
        block: function from the number of an image to this image and those after it, as many as are
            generated at a time.
        count: number of images.

    Attributes:
        shape: (count, *image_shape).
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, block, count):
        self._block, self._count, self._last = block, count, (None, None)

    def __len__(self):
        return self._count

    def __getitem__(self, rows):
        rows = np.arange(self._count)[rows]
        images, firsts = np.empty((len(rows), *self.shape[1:]), np.uint8), rows - rows % _BLOCK
        for first in np.unique(firsts):
            places = firsts == first
            images[places] = self._block_from(first)[rows[places] - first]
        return images

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self[:], dtype)

    @property
    def shape(self):
        return (self._count, *self._block_from(0).shape[1:])

    def _block_from(self, first):
        if self._last[0] != first:
            self._last = first, self._block(first)
        return self._last[1]


def _block_of(rows, first):
    """The codings or labels of a block of images, padded with 0."""
    if rows is None:
        return None
    block = rows[first : first + _BLOCK]
    return np.pad(block, [(0, _BLOCK - len(block))] + [(0, 0)] * (rows.ndim - 1))
