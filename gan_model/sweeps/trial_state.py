"""A run of a search: its history and its last images -> state, distance, score."""

import math

import keras
import numpy as np

from gan_model.callbacks.figures import GROUPS, LOSSES
from gan_model.data.images import lazy_subset, random_subset
from gan_model.metrics.diversity import class_entropy, collapsed, diversity
from gan_model.metrics.record import Kind
from gan_model.sweeps.outcome import COLLAPSED, DIVERGED, FINISHED, OUT_OF_MEMORY

_MAX_IMAGES = 2000  # held-out images that a collapse is judged by


def worst_score(quality, held_out):
    """The score of a run that did not finish: twice the distance of images of shuffled pixels.

    Args:
        quality: the `metrics.Quality` of the search, which refers to `held_out`.
        held_out: uint8 images.

    Raises:
        ValueError: that is not above 0, so it is no upper limit for scores.
    """
    noise = quality.reference.compare_noise(lazy_subset(held_out, quality.count))
    worst = 2 * noise[quality.distance]
    if not 0 < worst < math.inf:
        raise ValueError(
            f"{quality.distance} of the held-out images with shuffled pixels is {worst / 2:g}. A "
            "search needs a distance that is above 0 there, as twice that is the worst score of a "
            "trial. Choose another measure: quality=metrics.Quality(...)."
        )
    return worst


def judged(gan, *, quality, worst, held_out):
    """The part of an `Outcome` that training decides, as a dict.

    Args:
        gan: the `GAN` after `fit`, with its history.
        quality: the `metrics.Quality` that it was measured by.
        worst: the score of a run that did not finish, and the upper limit of all scores.
        held_out: uint8 images to compare with; with labels if the GAN has classes.
    """
    history = gan.history.history
    epochs = len(history.get("generator_loss", ()))
    readings = [float(value) for value in history.get(f"val_{quality.distance}", ())]
    finite = [value for value in readings if math.isfinite(value)]
    best = readings.index(min(finite)) if finite else None
    figures = {} if best is None else _held_out(history, best)
    if reason := _diverged(history, quality):
        state = DIVERGED
    elif reason := _collapsed(_held_out(history, -1), gan, quality, held_out):
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
    """The same dict for a run that ran out of memory, whatever it had trained and measured."""
    nothing = {"distance": None, "best_epoch": None, "epochs": 0, "figures": {}}
    return {"state": OUT_OF_MEMORY, "reason": "out of memory", "score": worst, **nothing}


def _diverged(history, quality):
    """Why a run counts as diverged; "" if it does not. Figures of other callbacks are ignored."""
    own = {*GROUPS, *quality.metrics}
    history = {name: v for name, v in history.items() if name.removeprefix("val_") in own}
    # The losses come first, as they name the cause best.
    for name, values in sorted(history.items(), key=lambda item: not _is_loss(item[0])):
        for epoch, value in enumerate(values, 1):
            if not math.isfinite(value):
                return f"{name.removeprefix('val_')} became infinite or no number in epoch {epoch}"
    return ""


def _is_loss(name):
    return GROUPS.get(name.removeprefix("val_")) == LOSSES


def _collapsed(figures, gan, quality, held_out):
    """Why a generator counts as collapsed; "" if it does not.

    If the GAN has classes, only the diversity within a class counts, as the class is given.
    """
    real_images, labels, _ = keras.utils.unpack_x_y_sample_weight(held_out)
    real_images = random_subset(real_images, _MAX_IMAGES)
    labels = None if gan.class_count is None else random_subset(np.ravel(labels), _MAX_IMAGES)
    images = gan.generate(len(real_images), labels=labels)
    classes = quality.classes if labels is None else None
    recalls = quality.metrics.of_kind(Kind.RECALL)
    return collapsed(
        diversity=diversity(images, real_images, labels),
        spread=class_entropy(classes, images, real_images) if classes else None,
        recalls=[figures[name] for name in recalls if name in figures],
    )


def _held_out(history, epoch):
    """The held-out figures of an epoch, by name without "val_"."""
    return {
        name.removeprefix("val_"): float(values[epoch])
        for name, values in history.items()
        if name.startswith("val_")
    }
