"""Checks of the images that a GAN is given, before the first step."""

import inspect
import types
import warnings

import keras
import numpy as np
import tensorflow as tf

from gan_model.data.batches import ImageBatches
from gan_model.data.images import check_shape, from_batch, recipe_for_uint8

_LOOKED_AT = 1000  # uint8 images, which may be more than fit into memory
_ROUNDING = 1e-3  # fraction of the range that resizing and float32 may add at its ends


def check_images(source, image_shape, image_range):
    """Checks the images that `fit` or `evaluate` was given, before the first step.

    Float arrays are read completely, because any image may be wrong. Of a `tf.data.Dataset` of
    float images, or of unknown shape, one batch is read, so a generator behind it is started
    once more; of a `keras.utils.PyDataset` its first batch. The batches of a Python generator are
    checked as they come: the first ones before the first step, and in a later one TensorFlow's
    error has the sentence. Anything else is left to Keras.

    Returns:
        The source; a tensor as an array, a generator as one of checked batches, each a tuple.

    Raises:
        ValueError: no images; images of another shape, type or range; or values that are not
            finite.
    """
    _refuse_other_things(source)
    is_array_like = hasattr(source, "__array__") and not isinstance(source, np.ndarray)
    if isinstance(source, list) or is_array_like:  # a tensor of any library, a data set of h5py
        source = np.asarray(source)
    array = source.images if isinstance(source, ImageBatches) else source
    if isinstance(array, np.ndarray):
        _check_array(array, image_shape, image_range)
    elif isinstance(array, tf.data.Dataset):
        _check_dataset(array, image_shape, image_range)
    elif isinstance(array, keras.utils.PyDataset):
        _check_batch(array[0], image_shape, image_range)
    elif isinstance(array, types.GeneratorType):
        return _checked_batches(array, image_shape, image_range)
    return source


def _refuse_other_things(source):
    if source is None:
        raise ValueError("There are no images: type gan.fit(images).")
    if isinstance(source, dict):
        named = next((name for name in ("image", "images") if name in source), "...")
        raise ValueError(
            f"Received a dict with {', '.join(map(repr, source))} in the place of images. Pick "
            f"them: data[{named!r}]."
        )
    if isinstance(source, np.ma.MaskedArray):
        raise ValueError(
            "The images are a masked array, and the values behind its mask would be trained on. "
            "Fill them: images.filled(0)."
        )


def _check_array(images, image_shape, image_range):
    if not len(images):
        raise ValueError(f"There are no images: the array has the shape {images.shape}.")
    _check_kind_and_values(images, image_shape, image_range)
    if images.dtype == np.uint8 and _are_of_0_and_1(np.asarray(images)[:_LOOKED_AT]):
        warn("The uint8 images are all 0 or 1, nearly black: white is 255. Type images * 255.")


def _are_of_0_and_1(images):
    # The first image of usual ones ends it: they may be on a disk.
    return all(image.max() <= 1 for image in images) and images.max() == 1


def _checked_batches(batches, image_shape, image_range):
    for batch in batches:
        _check_batch(batch, image_shape, image_range)
        yield batch if isinstance(batch, tuple) else (batch,)


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
    _check_kind_and_values(np.asarray(from_batch(data)), image_shape, image_range)


def _check_kind_and_values(images, image_shape, image_range):
    _check_kind(images.shape[1:], images.dtype, image_shape, images)
    if images.dtype != np.uint8:
        _check_values(images, image_range)


def _check_kind(given, dtype, image_shape, images=None):
    if dtype != np.uint8 and not _is_float(dtype):
        raise ValueError(
            f"The images are {np.dtype(dtype).name}; expected uint8 from 0 to 255, or floats "
            f"in the generator's range. Convert them: {recipe_for_uint8(dtype, images)}."
        )
    check_shape(given, image_shape)


def _is_float(dtype):
    # To numpy the type bfloat16, which comes from ml_dtypes, is no float.
    return np.issubdtype(dtype, np.floating) or np.dtype(dtype).name == "bfloat16"


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
        warn(
            f"The float images never go below 0, the generator's lie in [{low:g}, {high:g}]. "
            "If they are in [0, 1], scale them: images * 2 - 1."
        )


def _recipe(least, greatest, low, high):
    if least >= 0 and greatest > 1:
        return f"images / 255 * {high - low:g} + {low:g}"
    if (low, high) == (0, 1) and least >= -1 and greatest <= 1:
        return "(images + 1) / 2"
    return f"images between {low:g} and {high:g}"


def warn(sentence):
    """Warns, and names the line outside this package that led here."""
    level, frame = 1, inspect.currentframe()
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("gan_model."):
        level, frame = level + 1, frame.f_back
    warnings.warn(sentence, stacklevel=level)
