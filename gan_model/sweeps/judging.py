"""What a run of a search came to: its history and its last images -> state, distance, score."""

import math

import numpy as np

from gan_model.metrics.report import entropy
from gan_model.metrics.variety import alike, variety
from gan_model.sweeps.outcome import COLLAPSED, FINISHED, LOST

_LOOKED_AT = 2000  # images


def judged(history, *, distance, worst, generate, real_images, classes=None):
    """The part of an `Outcome` that training decides, as a dict.

    Args:
        history: dict from names to lists, as `fit` gives it.
        distance: name of the distance, without "val_".
        worst: the score of a lost run, and the most of any.
        generate: function from a count to uint8 images of the generator as training left it.
        real_images: uint8 images to hold those against.
        classes: function from images to their classes (n,), or None.
    """
    epochs = len(history.get("generator_loss", ()))
    readings = [float(value) for value in history.get(f"val_{distance}", ())]
    finite = [value for value in readings if math.isfinite(value)]
    best = readings.index(min(finite)) if finite else None
    figures = {} if best is None else _held_out(history, best)
    if lost := _lost(history):
        state, reason = LOST, lost
    elif reason := _collapsed(_held_out(history, -1), generate, real_images, classes):
        state = COLLAPSED
    else:
        state = FINISHED
    return {
        "state": state,
        "reason": reason,
        "score": min([*finite, worst]) if state == FINISHED else worst,
        "distance": min(finite, default=None),
        "best_epoch": None if best is None else best + 1,
        "epochs": epochs,
        "figures": figures,
    }


def out_of_memory(worst):
    """The same part for a run that did not fit into memory."""
    nothing = {"distance": None, "best_epoch": None, "epochs": 0, "figures": {}}
    return {"state": LOST, "reason": "out of memory", "score": worst, **nothing}


def _lost(history):
    """Why a run is no longer one; "" where it is."""
    # The losses say it best.
    for name, values in sorted(history.items(), key=lambda item: not item[0].endswith("_loss")):
        for epoch, value in enumerate(values, 1):
            if not math.isfinite(value):
                return f"{name.removeprefix('val_')} became infinite or no number in epoch {epoch}"
    return ""


def _collapsed(figures, generate, real_images, classes):
    """Why a generator counts as collapsed; "" where it does not."""
    images = generate(_LOOKED_AT)
    return alike(
        variety=variety(images, real_images[:_LOOKED_AT]),
        spread=entropy(np.bincount(classes(images))) if classes else None,
        recalls=[value for name, value in figures.items() if name.startswith("recall_")],
    )


def _held_out(history, epoch):
    return {
        name.removeprefix("val_"): float(values[epoch])
        for name, values in history.items()
        if name.startswith("val_")
    }
