"""The hyperparameters of every preset, as keras-tuner searches them."""

import inspect

import numpy as np

from gan_model.presets.rules import learning_rates_for

NAMES = ("codings_size", "generator_learning_rate", "discriminator_learning_rate")


def search_space(
    hp,
    preset,
    *,
    image_shape=(28, 28, 1),
    codings_sizes=(16, 32, 64, 128, 256),
    learning_rates=(1e-4, 3e-3),
):
    """The size of the codings and the learning rate of each network, as arguments of a preset.

    Args:
        hp: `keras_tuner.HyperParameters`.
        preset: a function of `gan_model.presets`, or one with the same arguments. Its own values
            are the defaults if they can be chosen.
        image_shape: (height, width, channels) of the images.
        codings_sizes: the choices, whole numbers from 1.
        learning_rates: (least, greatest), searched evenly in the logarithm; or three or more
            choices, for a grid.

    Returns:
        Dict for `preset(**search_space(hp, preset))`.

    Raises:
        ValueError: there is nothing to choose from, or the range is empty.
    """
    _check(codings_sizes, learning_rates)
    # keras-tuner and its files know Python's numbers only.
    codings_sizes = [int(size) for size in codings_sizes]
    learning_rates = [float(rate) for rate in learning_rates]
    its_own = preset_defaults(preset, image_shape)
    chosen = {"codings_size": hp.Choice("codings_size", **_among(codings_sizes, its_own, NAMES[0]))}
    for name in NAMES[1:]:
        if len(learning_rates) == 2:
            low, high = learning_rates
            default = its_own[name] if low <= its_own[name] <= high else None
            chosen[name] = hp.Float(name, low, high, sampling="log", default=default)
        else:
            chosen[name] = hp.Choice(name, **_among(learning_rates, its_own, name))
    return chosen


def preset_defaults(preset, image_shape=(28, 28, 1)):
    """The values that a preset has for images of a shape: dict from these names to numbers."""
    parameters = inspect.signature(preset).parameters
    its_own = {name: parameters[name].default for name in NAMES}
    of_size = dict(zip(NAMES[1:], learning_rates_for(image_shape), strict=True))
    return {name: of_size[name] if value is None else value for name, value in its_own.items()}


def _among(values, its_own, name):
    values = sorted(set(values))
    return {"values": values, "default": its_own[name] if its_own[name] in values else values[0]}


def _check(codings_sizes, learning_rates):
    sizes_right = len(codings_sizes) and all(
        isinstance(size, int | np.integer) and size >= 1 for size in codings_sizes
    )
    if not sizes_right:
        raise ValueError(
            "`codings_sizes` are one or more whole numbers from 1. "
            f"Received: {tuple(codings_sizes)}."
        )
    rates_right = len(learning_rates) >= 2 and all(0 < rate < np.inf for rate in learning_rates)
    if not rates_right or (len(learning_rates) == 2 and learning_rates[0] >= learning_rates[1]):
        raise ValueError(
            "`learning_rates` are a least and a greatest one, both above 0, or three or more to "
            f"choose from. Received: {tuple(learning_rates)}."
        )
