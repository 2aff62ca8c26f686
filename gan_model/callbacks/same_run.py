"""What a resume may not change: settings of the GAN, learning rates, images and batch size."""

import warnings
import weakref

import keras
import numpy as np

from gan_model.model.compiling import COMPILED_OBJECTS
from gan_model.model.saving import SavedAsKerasFile
from gan_model.storage.json_file import as_read_back

OF_THE_DATA = ("batch_size", "images", "labels")  # missing where `fit` was given no arrays
# Optimizer -> (folder, rate) at the end of the last `fit` that kept its run in the folder. A
# callback may have changed the rate after the newest checkpoint; that is no wish of the user.
_RATES_LEFT = weakref.WeakKeyDictionary()


_COMPILED = (*COMPILED_OBJECTS, "discriminator_steps")


def settings_of(gan):
    """Arguments of `compile`, and those that a subclass adds to `get_config`: a dict by names.

    What JSON has no form for is left out.
    """
    found = {name: getattr(gan, name) for name in _COMPILED}
    of_every_gan = SavedAsKerasFile.get_config(gan)
    found |= {name: value for name, value in gan.get_config().items() if name not in of_every_gan}
    stored = {name: _stored(value) for name, value in found.items()}
    return {name: value for name, value in stored.items() if value is not None}


def _stored(value):
    """A value as a checkpoint has it, in a list; None if two processes cannot compare it."""
    try:
        config = keras.saving.serialize_keras_object(value)
        if isinstance(config, dict) and config.get("class_name") == "__lambda__":
            return None
        return as_read_back([config])
    except (TypeError, ValueError, NotImplementedError):
        return None


def learning_rates(gan):
    """The learning rate of each network: dict from names to a number, or a schedule's config."""
    return {name: _rate(optimizer) for name, optimizer in gan.optimizers.items()}


def rate_now(optimizer):
    """The learning rate, a float; of a schedule that of the step."""
    # Not float(rate), which a variable on several devices does not have.
    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))


def leave_rates(gan, directory):
    """Remembers the rates that a run leaves, for a later `fit` of the same process."""
    for optimizer in gan.optimizers.values():
        _RATES_LEFT[optimizer] = (str(directory), _rate(optimizer))


def check_same_run(gan, arrays, about, *, data, path):
    """Refuses to continue a run with other settings, learning rates, batch size or images.

    A learning rate may be the one the run began with, the one in the checkpoint (a callback such
    as `Recover` may have changed it), or the one that the run left in this process.

    Args:
        gan: the compiled `GAN` that is to continue the run.
        arrays: dict of the variables in the checkpoint.
        about: what the checkpoint holds besides: `seed`, `settings`, `learning_rates`, and
            `OF_THE_DATA`.
        data: the same of the data now, as far as it is known.
        path: of the checkpoint.

    Raises:
        ValueError: it lists each difference, and what to type.
    """
    found = _rate_differences(gan, arrays, about["learning_rates"], str(path.parent))
    if about["seed"] != gan.seed:
        typed = "seed={} where the GAN is made"
        found.append(_difference("seed", about["seed"], gan.seed, typed))
    found += _settings_differences(about.get("settings", {}), settings_of(gan))
    found += _data_differences(about, data)
    if found:
        raise ValueError(
            f"{path} belongs to a run with other settings: {'; '.join(found)}. Type that to "
            "continue the run, or choose another folder for a new one."
        )


def _settings_differences(then, now):
    found = []
    for name in then.keys() & now.keys():
        if then[name] == now[name]:
            continue
        place = "gan.compile" if name in _COMPILED else "the call that makes the GAN"
        [before], [given] = then[name], now[name]
        found.append(_difference(name, before, given, f"{name}={{}} in {place}"))
    return sorted(found)


def _data_differences(then, now):
    found = []
    for name in OF_THE_DATA:
        before, given = then.get(name), now.get(name)
        if None in (before, given) or before == given:
            continue
        typed = f"those of the run as the {name} of gan.fit"
        if name == "batch_size":
            typed = "batch_size={} in gan.fit or data.dataset"
        found.append(_difference(name.replace("_", " "), before, given, typed))
    return found


def _rate_differences(gan, arrays, begun, directory):
    found = []
    for name, then in begun.items():
        optimizer = gan.optimizers[name]
        now = _rate(optimizer)
        allowed = [then, _rate_in(arrays, gan, optimizer)]
        if now in allowed or _RATES_LEFT.get(optimizer) == (directory, now):
            continue
        typed = f"gan.{name}_optimizer.learning_rate = {{}}"
        if isinstance(then, dict) or isinstance(now, dict):
            typed = f"gan.compile(..., {name}_optimizer=...) with learning_rate={{}}"
        found.append(_difference(f"{name} learning rate", then, now, typed))
    return found


def _rate(optimizer):
    if isinstance(optimizer.learning_rate, keras.Variable):
        return rate_now(optimizer)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns of a lambda, which is not kept here
            config = optimizer.get_config()["learning_rate"]
    except NotImplementedError:  # a schedule that cannot be saved
        return {"class_name": "schedule"}
    # The code of a function has no form that two processes can compare.
    is_function = config["class_name"] in ("function", "__lambda__")
    # As a checkpoint has it.
    return {"class_name": "function"} if is_function else as_read_back(config)


def _rate_in(arrays, gan, optimizer):
    """The value that a checkpoint holds for the rate of an optimizer; None if it has none."""
    variables = gan.state_variables
    if len(arrays) != len(variables):
        return None  # of another model
    kept = [
        float(value)
        for variable, value in zip(variables, arrays.values(), strict=True)
        if variable is optimizer.learning_rate
    ]
    return kept[0] if kept else None


def _difference(name, then, now, typed):
    then, now = _text(then), _text(now)
    return f"{name} was {then}, now {now}: type {typed.format(then)}"


def _text(value):
    if isinstance(value, float):
        return repr(float(str(np.float32(value))))  # as it was typed: 0.001, not 0.0010000000475
    if not isinstance(value, dict):
        return str(value)
    given = ", ".join(f"{name}={one}" for name, one in value.get("config", {}).items())
    return f"{value['class_name']}({given})"
