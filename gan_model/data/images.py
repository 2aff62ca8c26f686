"""uint8 images, or floats in the generator's range -> images in that range, and back.

A *range* is the pair (least value, greatest value) of the images that a generator makes:
(0, 1) for a sigmoid, (-1, 1) for a tanh. uint8 images are scaled to it inside the step; float
images (float16, bfloat16, float32, float64) must lie in it already.
"""

import hashlib

import keras
import numpy as np
import tensorflow as tf

UINT8_MAX = 255.0
_CHUNK = 1000  # images read at a time
_SAMPLED = 4096  # images that a fingerprint reads, evenly spread


def fingerprint(images):
    """A short text that is the same for the same images or labels in the same order."""
    images = np.asarray(images)  # rows of a memory map take longer to make
    rows = np.linspace(0, len(images) - 1, min(len(images), _SAMPLED)).astype(int)
    digest = hashlib.sha256(f"{images.shape} {images.dtype}".encode())
    for row in rows:
        digest.update(np.ascontiguousarray(images[row]))
    return f"{len(images)} images, {digest.hexdigest()[:16]}"


def to_range(images, image_shape, image_range):
    """A batch of images as the networks take them: float32, (batch, *image_shape), in range.

    Args:
        images: tensor (batch, height, width) or (batch, height, width, channels), uint8 or
            float; a single channel may be left out.
        image_shape: shape of one image of the generator.
        image_range: its least and greatest value.
    """
    low, high = image_range
    images = tf.convert_to_tensor(images)  # an eager step is given arrays as they are
    if images.dtype == tf.uint8:
        images = tf.cast(images, tf.float32) * ((high - low) / UINT8_MAX) + low
    elif not images.dtype.is_floating:
        raise ValueError(
            f"The images are {images.dtype.name}; expected uint8, or floats from {low:g} to "
            f"{high:g}. Type {recipe_for_uint8(images.dtype.as_numpy_dtype)}."
        )
    if images.shape.rank is not None:  # of another order of the axes there would be as many values
        check_shape(tuple(images.shape[1:]), image_shape)
    # Not -1 for the count: images of another size must fail, not become more or fewer images.
    return tf.reshape(tf.cast(images, tf.float32), (tf.shape(images)[0], *image_shape))


def to_levels(images, image_range):
    """Float images in the range -> levels from 0 to 255, not rounded; arrays or tensors."""
    low, high = image_range
    return (images - low) * (UINT8_MAX / (high - low))


def to_uint8(images, image_range):
    """Float images in the range -> uint8 array from 0 to 255, rounded."""
    made = np.empty(np.shape(images), np.uint8)
    for first in range(0, len(made), _CHUNK):  # the copies of all in float32 may not fit
        rows = slice(first, first + _CHUNK)
        levels = to_levels(np.asarray(images[rows], np.float32), image_range)
        made[rows] = np.clip(np.rint(levels), 0, UINT8_MAX)
    return made


class Subset:
    """Rows of an array, copied only when they are read: `subset[:1000]`, `subset[[3, 5]]`.

    Args:
        images: array, or another `Subset`.
        rows: indices, int (n,).
    """

    def __init__(self, images, rows):
        self.images, self.rows = images, rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, rows):
        return self.images[self.rows[rows]]

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self[:], dtype)

    @property
    def shape(self):
        return (len(self), *self.images.shape[1:])

    @property
    def dtype(self):
        return self.images.dtype


def chunks(images):
    """Yields all images as arrays of 1,000, the last one of fewer."""
    for first in range(0, len(images), _CHUNK):
        yield images[first : first + _CHUNK]


def random_subset(images, count, *, seed=0):
    """`count` images, drawn by a seed because arrays are often sorted by class; in their order."""
    return lazy_subset(images, count, seed=seed)[:]


def lazy_subset(images, count, *, seed=0):
    """The images of `random_subset`, which are not copied: a `Subset`, or `images` itself."""
    if count >= len(images):
        return images
    rows = np.random.default_rng(seed).choice(len(images), count, replace=False)
    return Subset(images, np.sort(rows))


def subset_like(images, count, *, labels=None, wanted=None):
    """`count` images as `lazy_subset` draws them, with certain labels if they are given.

    Args:
        images: array.
        labels: of the images.
        wanted: labels, `count` of them; as many images of each are drawn. None, or more of one than
            there are images: at random.
    """
    rows = [] if wanted is None else _rows_of(labels, wanted)
    return Subset(images, rows) if len(rows) else lazy_subset(images, count)


def _rows_of(labels, wanted):
    """Rows of as many labels of each kind as `wanted` has, in their order; none if one is rarer."""
    rng, rows = np.random.default_rng(0), []
    for label, count in zip(*np.unique(wanted, return_counts=True), strict=True):
        of_label = np.flatnonzero(np.ravel(labels) == label)
        if len(of_label) < count:
            return []
        rows.append(rng.choice(of_label, count, replace=False))
    return np.sort(np.concatenate(rows))


def from_batch(data):
    """The images of a batch, which is images or (images, labels)."""
    images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    return images


def is_endless(source):
    """Whether images are a `tf.data.Dataset` that is repeated without end."""
    is_dataset = isinstance(source, tf.data.Dataset)
    return is_dataset and bool(source.cardinality() == tf.data.INFINITE_CARDINALITY)


def check_shape(given, image_shape):
    """Refuses batches of images of another shape than the generator's, and single images."""
    if has_shape(given, image_shape):
        return
    if len(given) < 2:
        raise ValueError(
            f"The data holds single images of shape (..., {', '.join(map(str, given))}), where "
            "batches of them were expected. Batch it: dataset.batch(32), or images[None]."
        )
    if len(given) == len(image_shape) - 1 and given == image_shape[1:]:
        raise ValueError(
            f"The data holds single images of shape {image_shape[:1] + given}, where "
            "batches were expected. Batch it: dataset.batch(32)."
        )
    if len(given) == 3 and given == image_shape[-1:] + image_shape[:-1]:
        raise ValueError(
            f"The generator makes images of shape {image_shape}, the data holds {given}, with the "
            "channels first. Move them: np.moveaxis(images, 1, -1)."
        )
    raise ValueError(
        f"The generator makes images of shape {image_shape}, the data holds {given}. Build the "
        f"networks for the data: presets.modern(image_shape={shape_with_channels(given)})."
    )


def recipe_for_uint8(dtype, images=None):
    """What to type to convert images of bools, of integers of another type, or of objects.

    Args:
        dtype: numpy's.
        images: array; None: the values are unknown.
    """
    kind = np.dtype(dtype).kind
    if kind == "b":
        return "images.astype('uint8') * 255"
    if kind not in "iu":
        return "np.stack(images), an array of numbers of one shape"
    if images is None:
        return "images.astype('uint8') if they are from 0 to 255"
    low, high = int(images.min()), int(images.max())
    if 0 <= low and high <= UINT8_MAX:
        return "images.astype('uint8')"
    low, high = (0, 65535) if 0 <= low and high <= 65535 else (low, high)  # of 16 bits
    return f"np.interp(images, ({low}, {high}), (0, 255)).astype('uint8')"


def has_shape(given, expected):
    """Whether two image shapes agree; unknown sides agree, and so does a missing one channel."""
    given, expected = shape_with_channels(given), shape_with_channels(expected)
    pairs = zip(given, expected, strict=False)
    return len(given) == len(expected) and all(a in (None, b) for a, b in pairs)


def shape_with_channels(shape):
    """The shape of an image with its number of channels, which is 1 where it is left out."""
    return tuple(shape) if len(shape) != 2 else (*shape, 1)
