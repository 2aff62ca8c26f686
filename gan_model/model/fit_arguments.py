"""Checks and conversions of the arguments of `fit`."""

import contextlib

import keras
import numpy as np

from gan_model.data.images import has_shape, is_endless
from gan_model.storage import serializable

_WEIGHTED = (
    "has no effect: all images of a batch count equally. To show some images more often, repeat "
    "them in the data."
)


def images_and_labels(x, y=None):
    """The two that `fit` or `evaluate` was given.

    Args:
        x: images, or batches of them, or the pair (images, labels).
        y: labels; None if there are none, or if they are in `x`.

    Raises:
        ValueError: labels in both places, or a weight for each image.
    """
    if isinstance(x, tuple):
        if x and isinstance(x[0], tuple):
            raise ValueError(
                "Received ((images, labels), held_out), as data.load gives it. Type (images, "
                "labels), held_out = data.load(...), and give fit the parts: images, labels, "
                "validation_data=held_out."
            )
        if y is not None:
            raise ValueError("Received labels twice: in (images, labels) and in `y`. Leave y out.")
        x, y, weights = keras.utils.unpack_x_y_sample_weight(x)
        refuse_weights(weights)
    parts = getattr(x, "element_spec", None)
    weights = parts[2] if isinstance(parts, tuple) and len(parts) > 2 else None
    refuse_weights(weights, instead="images.map(lambda x, y, weights: (x, y))")
    return x, y


def unpack(given, image_shape, y=None):
    """The images and labels of `images_and_labels`; a list is images, or the pair, too."""
    if isinstance(given, list) and given:
        shape = np.shape(given[0])  # () of a data set
        is_pair = len(given) == 2 and (not shape or has_shape(shape[1:], image_shape))
        given = tuple(given) if is_pair else np.asarray(given)
    return images_and_labels(given, y)


def refuse_weights(weights, *, instead="(images, labels)"):
    """Refuses weights of images, unless they are None; `instead` is what to type."""
    if weights is not None:
        raise ValueError(f"The third part, a weight for each image, {_WEIGHTED} Type {instead}.")


def refuse_unused(x, others, **given):
    """Refuses arguments that would have no effect.

    Args:
        x: images as `fit` takes them.
        others: dict of the arguments of Keras's `fit` that a GAN does not have itself.
        given: arguments that only apply to arrays.
    """
    for name in ("class_weight", "sample_weight"):
        if others.get(name) is not None:
            raise ValueError(f"`{name}` {_WEIGHTED} Leave {name} out.")
    for name, value in given.items():
        if value is not None and not isinstance(x, np.ndarray):
            raise ValueError(
                f"`{name}` is for arrays; received images as {type(x).__name__}, which has its "
                f"own. Leave {name} out."
            )


def _refuse_averages(callbacks):
    if any(isinstance(callback, keras.callbacks.SwapEMAWeights) for callback in callbacks):
        raise ValueError(
            "SwapEMAWeights swaps the averages of an optimizer with use_ema=True, which a GAN does "
            "not have. Leave it out and type compile(average=gan_model.averaging."
            "ExponentialMovingAverage()): images are then of the averaged generator."
        )


def _refuse_rates_by_epoch(callbacks):
    kinds = keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau
    for callback in callbacks:
        if type(callback) in kinds:  # a subclass may choose one of the two optimizers
            raise ValueError(
                f"{type(callback).__name__} sets the learning rate of one optimizer; a GAN has "
                "two. Type a schedule for each of them: keras.optimizers.Adam(keras.optimizers."
                "schedules.CosineDecay(2e-4, decay_steps=20_000))."
            )


def refuse_endless(batches, steps, name):
    """Refuses a data set that is repeated without end, unless the steps of that name end it."""
    if steps is None and is_endless(batches):
        raise ValueError(
            f"The data set is repeated without end, so no epoch would end. Type {name}=1000, or "
            "leave out repeat()."
        )


def split(x, y, fraction):
    """Splits arrays into training and held-out images, as `validation_split` of `fit`.

    Args:
        x: array of images.
        y: array of labels, or None.
        fraction: fraction of the images to hold out, from the end.

    Returns:
        (x, y, validation_data): the arrays without the held-out part, and that part: images, or
        (images, labels).
    """
    if not isinstance(x, np.ndarray):
        raise ValueError(
            f"`validation_split` is for arrays; received images as {type(x).__name__}. "
            "Split the data yourself and type validation_data=held_out."
        )
    kept = round(len(x) * (1 - fraction))
    if not 0 < kept < len(x):
        raise ValueError(
            "`validation_split` is a fraction between 0 and 1 that leaves images on both sides. "
            f"Received: validation_split={fraction} for {len(x)} images."
        )
    if y is None:
        return x[:kept], None, x[kept:]
    return x[:kept], y[:kept], (x[kept:], y[kept:])


def flatten_callbacks(callbacks):
    """The callbacks of `fit` as a list, without lists in it.

    A `History` of the user comes last, because the others expect one without the present epoch.

    Raises:
        ValueError: if one of them would set the learning rate of a single optimizer, or swap
            the averages that no optimizer of a GAN has.
    """
    callbacks = keras.tree.flatten(getattr(callbacks, "callbacks", callbacks or []))
    callbacks.sort(key=lambda one: isinstance(one, keras.callbacks.History))
    _refuse_rates_by_epoch(callbacks)
    _refuse_averages(callbacks)
    return callbacks


def check_counts(initial_epoch, epochs, steps_per_epoch, batch_size):
    """Refuses counts that are no integers of 1 or more, or None; the initial epoch may be 0."""
    if not serializable.is_integer(initial_epoch) or initial_epoch < 0:
        raise ValueError(f"`initial_epoch` is an integer of 0 or more. Received: {initial_epoch=}.")
    counts = dict(epochs=epochs, steps_per_epoch=steps_per_epoch, batch_size=batch_size)
    serializable.check_counts(**{name: one for name, one in counts.items() if one is not None})


@contextlib.contextmanager
def prefix_error(argument):
    """Puts the name of an argument before the message of a ValueError."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"`{argument}`: {error}") from error
