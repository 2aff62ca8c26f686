"""Arguments of `fit`, checked and brought into one form."""

import keras
import numpy as np


def refuse_unused(x, **given):
    """Refuses arguments for arrays where a data set has its own batches and labels."""
    for name, value in given.items():
        if value is not None and not isinstance(x, np.ndarray):
            raise ValueError(
                f"`{name}` is for arrays; the images came as {type(x).__name__}, which has its "
                f"own. Leave {name} out."
            )


def _refuse_rates_by_epoch(callbacks):
    kinds = keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau
    for callback in callbacks:
        if type(callback) in kinds:  # a class derived from them may say whose optimizer it means
            raise ValueError(
                f"{type(callback).__name__} sets the learning rate of one optimizer; a GAN has "
                "two. Give each its own schedule: keras.optimizers.Adam(keras.optimizers."
                "schedules.CosineDecay(2e-4, decay_steps=20_000))."
            )


def split(x, y, fraction):
    """(x, y) without its last part, and that part as held-out images."""
    if not isinstance(x, np.ndarray):
        raise ValueError(
            f"`validationsplit` is for arrays; the images came as {type(x).__name__}. "
            "Hold out some yourself: validation_data=..."
        )
    kept = round(len(x) * (1 - fraction))
    if not 0 < kept < len(x):
        raise ValueError(
            f"`validationsplit` is a fraction between 0 and 1 that leaves images on both sides. "
            f"Received: {fraction} for {len(x)} images."
        )
    if y is None:
        return x[:kept], None, x[kept:]
    return x[:kept], y[:kept], (x[kept:], y[kept:])


def listed(callbacks):
    """Callbacks as a list.

    Raises:
        ValueError: one of them would set the learning rate of a single optimizer.
    """
    if callbacks is None:
        return []
    if isinstance(callbacks, keras.callbacks.Callback):
        callbacks = [callbacks]
    callbacks = list(getattr(callbacks, "callbacks", callbacks))
    _refuse_rates_by_epoch(callbacks)
    return callbacks


def check_counts(**counts):
    """Refuses counts below 1; None means that none was given."""
    for name, count in counts.items():
        if count is not None and count < 1:
            raise ValueError(f"`{name}` is 1 or more. Received: {name}={count}.")
