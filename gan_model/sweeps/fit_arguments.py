"""What a tuner's `search` was given -> arguments of `fit` for a trial."""

import numpy as np

from gan_model.runs import fingerprint

_MAKE_A_RUN = ("epochs", "batch_size", "steps_per_epoch")


def named(args, given):
    """Arguments by name.

    Args:
        args: those without names, `x` and perhaps `y`.
        given: those with names.

    Raises:
        ValueError: one that a search has for itself.
    """
    for name in ("validation_data", "validation_freq"):
        if name in given:
            raise ValueError(
                f"Trials are measured on `held_out` after every epoch; leave {name} out."
            )
    # Hyperband's place to begin at is left out: the checkpoint of the parent has it.
    given = {name: value for name, value in given.items() if name != "initial_epoch"}
    return {**dict(zip(("x", "y"), args, strict=False)), **given}


def compared(fit_arguments):
    """What of them makes a run another one: dict that JSON can hold."""
    x = fit_arguments.get("x")
    images = fingerprint(x) if isinstance(x, np.ndarray) else type(x).__name__
    given = {name: fit_arguments[name] for name in _MAKE_A_RUN if name in fit_arguments}
    if fit_arguments.get("y") is not None:
        given["labels"] = fingerprint(np.asarray(fit_arguments["y"]))
    return {**given, "images": images}
