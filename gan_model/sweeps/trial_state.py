"""What a run of a search came to: its history and its last images -> state, distance, score."""

import math

import keras
import numpy as np

from gan_model.metrics.diversity import collapsed, diversity
from gan_model.metrics.report import entropy
from gan_model.sweeps.outcome import COLLAPSED, DIVERGED, FINISHED, OUT_OF_MEMORY

_LOOKED_AT = 2000  # images


def judged(gan, *, distance, worst, held_out, classes=None):
    """The part of an `Outcome` that training decides, as a dict.

    Args:
        gan: as `fit` left it, with its history.
        distance: name of the distance, without "val_".
        worst: the score of a lost run, and the most of any.
        held_out: uint8 images to hold its images against; with labels, if it has classes.
        classes: function from images to their classes (n,), or None.
    """
    history = gan.history.history
    epochs = len(history.get("generator_loss", ()))
    readings = [float(value) for value in history.get(f"val_{distance}", ())]
    finite = [value for value in readings if math.isfinite(value)]
    best = readings.index(min(finite)) if finite else None
    figures = {} if best is None else _held_out(history, best)
    if lost := _lost(history):
        state, reason = DIVERGED, lost
    elif reason := _collapsed(_held_out(history, -1), gan, held_out, classes):
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
    return {"state": OUT_OF_MEMORY, "reason": "out of memory", "score": worst, **nothing}


def _lost(history):
    """Why a run is no longer one; "" where it is."""
    # The losses say it best.
    for name, values in sorted(history.items(), key=lambda item: not item[0].endswith("_loss")):
        for epoch, value in enumerate(values, 1):
            if not math.isfinite(value):
                return f"{name.removeprefix('val_')} became infinite or no number in epoch {epoch}"
    return ""


def _collapsed(figures, gan, held_out, classes):
    """Why a generator counts as collapsed; "" where it does not.

    Of a GAN with classes only how images vary within a class counts: it is told the class.
    """
    real_images, labels, _ = keras.utils.unpack_x_y_sample_weight(held_out)
    real_images = real_images[:_LOOKED_AT]
    labels = None if gan.class_count is None else np.ravel(labels[:_LOOKED_AT])
    images = gan.generate(len(real_images), labels=labels)
    return collapsed(
        diversity=diversity(images, real_images, labels),
        spread=entropy(np.bincount(classes(images))) if classes else None,
        recalls=[value for name, value in figures.items() if name.startswith("recall_")],
    )


def _held_out(history, epoch):
    return {
        name.removeprefix("val_"): float(values[epoch])
        for name, values in history.items()
        if name.startswith("val_")
    }
