"""Features: a name, a checksum, images in, vectors out. Those of a model, and of pixels."""

import hashlib

import numpy as np
import tensorflow as tf

from gan_model.data.images import Subset, chunks

_BLOCK = 250  # images in a batch; always as many, as the batch size changes the last bits
_SIDE = 8  # cells of the pixels


class Features:
    """Vectors from uint8 images by a fixed function.

    `features(images)` takes uint8 (n, height, width) or (n, height, width, channels) and returns
    float32 (n, size). A vector depends only on its image and the image's position in the array.

    Features of a classifier also have `classes(images)`, which returns int64 (n,), and
    `class_names`, a tuple of the names of the classes.

    Args:
        name: short; becomes part of the names of the numbers measured with it.
        function: TensorFlow function from a batch of grey or colour values 0 to 255, float32
            (block, height, width, channels), to vectors (block, size).
        checksum: short text that changes when the function does, e.g. of its weights.
        image_shape: the only image shape that it takes, with channels. None: any.
        block: images in a batch.
    """

    def __init__(self, name, function, *, checksum, image_shape=None, block=_BLOCK):
        self.name, self.checksum = name, checksum
        self.image_shape = None if image_shape is None else tuple(image_shape)
        self._function, self._block = tf.function(function), block

    def __call__(self, images):
        return self.map_in_blocks(
            self._function, with_channels(images, self.image_shape, self.name)
        )

    def differentiable(self, values):
        """Vectors as a tensor (n, size), with gradients.

        Args:
            values: tensor of grey or colour values 0 to 255, float32 (n, height, width, channels).
        """
        return self._function(values)

    def map_in_blocks(self, function, images):
        """`function` of all images, in blocks of equal size; the last is padded with black."""
        made = []
        for first in range(0, len(images), self._block):
            block = np.asarray(images[first : first + self._block])
            missing = self._block - len(block)
            block = np.pad(block, [(0, missing)] + [(0, 0)] * 3)
            vectors = function(tf.cast(block, tf.float32)).numpy()
            made.append(vectors[: self._block - missing])
        return np.concatenate(made).astype(np.float32, copy=False)


def from_model(model, *, name, image_range, image_shape=None, block=_BLOCK):
    """Features by a Keras model of yours, in inference mode.

    Args:
        model: Keras model from images (batch, height, width, channels) to vectors (batch, size),
            for example up to an inner layer of a classifier of such images.
        name: of the features; becomes part of the names of the numbers, `fid_<name>`.
        image_range: the values that the model takes for black and white, e.g. (-1, 1).
        image_shape: the only image shape that it takes. None: that of the model's input.
        block: images in a batch; choose fewer for a large model.

    Raises:
        ValueError: the model takes images without channels, (batch, height, width).
    """
    low, high = image_range

    def function(images):
        vectors = model(images * ((high - low) / 255.0) + low, training=False)
        return tf.reshape(tf.cast(vectors, tf.float32), (tf.shape(images)[0], -1))

    taken = getattr(model, "input_shape", (None, None))[1:]  # subclassed models have none
    if len(taken) == 2:
        raise ValueError(
            f"The model of the features {name!r} takes images of shape {taken}, and they come with "
            f"channels. Begin it with keras.layers.Reshape({taken}), and an Input of shape "
            f"{(*taken, 1)}."
        )
    if image_shape is None and None not in taken:
        image_shape = taken
    checksum = checksum_of([np.array(image_range, np.float64), *model.get_weights()])
    return Features(name, function, checksum=checksum, image_shape=image_shape, block=block)


def pixels():
    """Colours averaged over an 8 x 8 grid, 0 to 1: `64 * channels` numbers, for any images.

    They describe layout, brightness and colour but no detail: they tell whether a generator still
    makes different images, not how sharp those are.
    """
    return Features("pixels", _averaged, checksum=f"{_SIDE}x{_SIDE}")


def _averaged(images):
    # The mean over the pixels of a cell, weighted by the fraction that lies in it.
    small = averaged_down(images / 255.0, (_SIDE, _SIDE))
    return tf.reshape(small, (tf.shape(images)[0], -1))


def averaged_down(images, size):
    """`tf.image.resize` by area to (height, width), for which TensorFlow has no gradient."""

    def gradient(upstream):
        sides = zip(images.shape[1:3], size, strict=True)
        rows, columns = (tf.constant(_shares(*pair), tf.float32) for pair in sides)
        return tf.einsum("sh,bstc,tw->bhwc", rows, upstream, columns)

    @tf.custom_gradient
    def averaged(images):
        return tf.image.resize(images, size, method="area"), gradient

    return averaged(images)


def _shares(side, seen):
    """(seen, side): how much of the mean of each part of a side comes from each pixel of it."""
    ends = np.arange(seen + 1)[:, None] * (side / seen)
    covered = np.clip(ends - np.arange(side), 0, 1)  # of each pixel, up to each end
    return np.diff(covered, axis=0) * (seen / side)


def checksum_of(arrays):
    """Eight characters that change when any of the arrays, or of the `Subset`s, does."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        for part in chunks(array) if isinstance(array, Subset) else [array]:
            digest.update(np.ascontiguousarray(part))
    return digest.hexdigest()[:8]


def with_channels(images, image_shape, name):
    """Images as uint8 (n, height, width, channels), after a check of their type and shape."""
    images = images if isinstance(images, np.ndarray) else np.asarray(images)
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or not len(images):
        raise ValueError(
            f"The features {name!r} take uint8 images, (n, height, width) or with channels. "
            f"Received: {images.dtype.name} of shape {images.shape}. "
            "Make them with gan.generate(count)."
        )
    if images.ndim == 3:
        images = images[..., None]
    if image_shape is not None and images.shape[1:] != image_shape:
        raise ValueError(
            f"The features {name!r} take images of shape {image_shape}. Received: "
            f"{images.shape[1:]}. For others type features.pixels(), or --features sliced."
        )
    return images
