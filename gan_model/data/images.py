"""uint8 images, or floats in the generator's range -> images in that range, and back.

A *range* is the pair (least value, greatest value) of the images that a generator makes:
(0, 1) for a sigmoid, (-1, 1) for a tanh. uint8 images are scaled to it inside the step; float
images (float16, bfloat16, float32, float64) must lie in it already.
"""

import hashlib
import warnings

import keras
import numpy as np
import tensorflow as tf

from gan_model.data.batches import ImageBatches

UINT8_MAX = 255.0
_ROUNDING = 1e-3  # fraction of the range that resizing and float32 may add at its ends
_BLOCK = 1000  # images converted at a time
_SAMPLED = 4096  # images that a fingerprint reads, evenly spread


def fingerprint(images):
    """A short text that is the same for the same images or labels in the same order."""
    rows = np.linspace(0, len(images) - 1, min(len(images), _SAMPLED)).astype(int)
    digest = hashlib.sha256(f"{images.shape} {images.dtype}".encode())
    for row in rows:
        digest.update(np.ascontiguousarray(images[row]))
    return f"{len(images)} images, {digest.hexdigest()[:16]}"


def to_range(images, image_shape, image_range):
    """A batch of images as the players take them: float32, (batch, *image_shape), in range.

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
            f"{high:g}. Type {_as_uint8(images.dtype.as_numpy_dtype)}."
        )
    if images.shape.rank is not None:  # of another order of the axes there would be as many values
        _check_shape(tuple(images.shape[1:]), image_shape)
    # Not -1 for the count: images of another size must fail, not become more or fewer images.
    return tf.reshape(tf.cast(images, tf.float32), (tf.shape(images)[0], *image_shape))


def to_levels(images, image_range):
    """Float images in the range -> levels from 0 to 255, not rounded; arrays or tensors."""
    low, high = image_range
    return (images - low) * (UINT8_MAX / (high - low))


def to_uint8(images, image_range):
    """Float images in the range -> uint8 array from 0 to 255, rounded."""
    made = np.empty(np.shape(images), np.uint8)
    for first in range(0, len(made), _BLOCK):  # the copies of all in float32 may not fit
        rows = slice(first, first + _BLOCK)
        levels = to_levels(np.asarray(images[rows], np.float32), image_range)
        made[rows] = np.clip(np.rint(levels), 0, UINT8_MAX)
    return made


def random_subset(images, count, *, seed=0):
    """`count` images, drawn by a seed because arrays are often sorted by class; in their order."""
    if count >= len(images):
        return images
    rows = np.random.default_rng(seed).choice(len(images), count, replace=False)
    return images[np.sort(rows)]


def from_batch(data):
    """The images of a batch, which is images or (images, labels)."""
    images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    return images


def is_endless(source):
    """Whether images are a `tf.data.Dataset` that is repeated without end."""
    is_dataset = isinstance(source, tf.data.Dataset)
    return is_dataset and bool(source.cardinality() == tf.data.INFINITE_CARDINALITY)


def check_images(source, image_shape, image_range):
    """Checks the images that `fit` or `evaluate` was given, before the first step.

    Arrays are read completely, because any float image may be wrong. Of a `tf.data.Dataset` of
    float images, or of unknown shape, one batch is read, so a generator behind it is started
    once more; of a `keras.utils.PyDataset` its first batch. Anything else is left to Keras.

    Returns:
        The source; a tensor as an array.

    Raises:
        ValueError: no images; images of another shape, type or range; or values that are not
            finite.
    """
    if source is None:
        raise ValueError("There are no images: type gan.fit(images).")
    is_array_like = hasattr(source, "__array__") and not isinstance(source, np.ndarray)
    if isinstance(source, list) or is_array_like:  # a tensor of any library, a data set of h5py
        source = np.asarray(source)
    if isinstance(source, np.ma.MaskedArray):
        raise ValueError(
            "The images are a masked array, and the values behind its mask would be trained on. "
            "Fill them: images.filled(0)."
        )
    array = source.images if isinstance(source, ImageBatches) else source
    if isinstance(array, np.ndarray):
        if not len(array):
            raise ValueError(f"There are no images: the array has the shape {array.shape}.")
        _check_kind(array.shape[1:], array.dtype, image_shape)
        if array.dtype != np.uint8:
            _check_values(array, image_range)
    elif isinstance(array, tf.data.Dataset):
        _check_dataset(array, image_shape, image_range)
    elif isinstance(array, keras.utils.PyDataset):
        _check_batch(array[0], image_shape, image_range)
    return source


def _check_dataset(dataset, image_shape, image_range):
    spec = dataset.element_spec
    spec = spec[0] if isinstance(spec, tuple) else spec
    if not isinstance(spec, tf.TensorSpec):
        raise ValueError(
            f"The data set holds {type(spec).__name__}s where images or (images, labels) were "
            "expected. Pick the images: dataset.map(lambda element: element['image'])."
        )
    if spec.shape.rank is not None:
        _check_kind(tuple(spec.shape[1:]), spec.dtype.as_numpy_dtype, image_shape)
    if dataset.cardinality() == 0:
        raise ValueError(
            "The data set is empty. If it was batched with drop_remainder=True, "
            "it may hold fewer images than one batch."
        )
    if spec.dtype != tf.uint8 or not spec.shape[1:].is_fully_defined():
        first = next(iter(dataset.take(1)), None)
        if first is None:
            raise ValueError("The data set is empty: not one batch came from it.")
        _check_batch(first, image_shape, image_range)


def _check_batch(data, image_shape, image_range):
    images = np.asarray(from_batch(data))
    _check_kind(images.shape[1:], images.dtype, image_shape)
    if images.dtype != np.uint8:
        _check_values(images, image_range)


def _check_kind(given, dtype, image_shape):
    if dtype != np.uint8 and not _is_float(dtype):
        raise ValueError(
            f"The images are {np.dtype(dtype).name}; expected uint8 from 0 to 255, or floats "
            f"in the generator's range. Convert them: {_as_uint8(dtype)}."
        )
    _check_shape(given, image_shape)


def _check_shape(given, image_shape):
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
        f"players for the data: presets.modern(image_shape={shape_with_channels(given)})."
    )


def _is_float(dtype):
    # To numpy the type bfloat16, which comes from ml_dtypes, is no float.
    return np.issubdtype(dtype, np.floating) or np.dtype(dtype).name == "bfloat16"


def _as_uint8(dtype):
    return "images.astype('uint8')" + (" * 255" if np.dtype(dtype).kind == "b" else "")


def has_shape(given, expected):
    """Whether two image shapes agree; unknown sides agree, and so does a missing one channel."""
    given, expected = shape_with_channels(given), shape_with_channels(expected)
    pairs = zip(given, expected, strict=False)
    return len(given) == len(expected) and all(a in (None, b) for a, b in pairs)


def shape_with_channels(shape):
    """The shape of an image with its number of channels, which is 1 where it is left out."""
    return tuple(shape) if len(shape) != 2 else (*shape, 1)


def _check_values(images, image_range):
    low, high = image_range
    least, greatest = float(images.min()), float(images.max())
    if not np.isfinite(least) or not np.isfinite(greatest):
        raise ValueError(
            "The images hold values that are not numbers (NaN or infinite). Find them: "
            "np.argwhere(~np.isfinite(images))."
        )
    slack = _ROUNDING * (high - low)
    if least < low - slack or greatest > high + slack:
        raise ValueError(
            f"The float images lie in [{least:g}, {greatest:g}], the generator's in "
            f"[{low:g}, {high:g}]. Give uint8 images, which are scaled for you, or scale them: "
            f"{_recipe(least, greatest, low, high)}."
        )
    if low < 0 <= least < greatest:
        warnings.warn(
            f"The float images never go below 0, the generator's lie in [{low:g}, {high:g}]. "
            "If they are in [0, 1], scale them: images * 2 - 1.",
            stacklevel=5,
        )


def _recipe(least, greatest, low, high):
    if least >= 0 and greatest > 1:
        return f"images / 255 * {high - low:g} + {low:g}"
    if (low, high) == (0, 1) and least >= -1 and greatest <= 1:
        return "(images + 1) / 2"
    return f"images between {low:g} and {high:g}"
