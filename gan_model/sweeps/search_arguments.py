"""Arguments of a search: those of a `HyperGAN` checked, those of `search` made those of `fit`."""

import numpy as np

from gan_model.data.images import fingerprint, from_batch
from gan_model.model.fit_arguments import images_and_labels

_MAKE_A_RUN = ("epochs", "batch_size", "steps_per_epoch")


def check_search(build, held_out, *, keep):
    """Checks the arguments of a `HyperGAN`; see there.

    Raises:
        ValueError: one of them is of another type, or `keep` is below 0.
    """
    if not callable(build):
        raise ValueError(f"`build` is a function build(hp) that returns a GAN. Received: {build}")
    if not isinstance(from_batch(held_out), np.ndarray):
        raise ValueError(
            "`held_out` is a uint8 array of images, or a pair (images, labels). Received: "
            f"{type(held_out).__name__}."
        )
    if keep is None or keep < 0:
        raise ValueError(f"`keep` is 0 or more trials. Received: keep={keep}.")


def by_name(args, given, *, in_bracket=False):
    """Arguments by name.

    Args:
        args: tuple of the positional arguments, `x` and perhaps `y`.
        given: dict of the keyword arguments.
        in_bracket: whether the trial is one of Hyperband, which adds `initial_epoch`.

    Raises:
        ValueError: an argument that the search sets itself, or more than two without a name.
    """
    if len(args) > 2:
        raise ValueError(
            f"Received {len(args)} arguments without a name; expected x and y at most. Type the "
            "names of the others: tuner.search(x, y, batch_size=32)."
        )
    for name in ("validation_data", "validation_freq", "validation_split"):
        if name in given:
            raise ValueError(
                f"Trials are measured on `held_out` after every epoch; leave {name} out."
            )
    if "initial_epoch" in given and not in_bracket:
        raise ValueError("Trials begin with their first epoch; leave initial_epoch out.")
    # Hyperband's is left out: the checkpoint of the continued trial has it.
    given = {name: value for name, value in given.items() if name != "initial_epoch"}
    given = {**dict(zip(("x", "y"), args, strict=False)), **given}
    x, y = images_and_labels(given.get("x"), given.get("y"))
    return {**given, "x": x, "y": y}


def compared(fit_arguments):
    """The arguments that identify a run, as a dict for JSON.

    Args:
        fit_arguments: dict of the arguments of `fit`.
    """
    x, y = images_and_labels(fit_arguments.get("x"), fit_arguments.get("y"))
    images = fingerprint(x) if isinstance(x, np.ndarray) else type(x).__name__
    given = {name: fit_arguments[name] for name in _MAKE_A_RUN if name in fit_arguments}
    if y is not None:
        given["labels"] = fingerprint(np.asarray(y))
    return {**given, "images": images}
