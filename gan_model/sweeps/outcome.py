"""What became of a training run of a search: its state, its distance, its score, its rank."""

import dataclasses
import json
import math
from pathlib import Path

import keras
import numpy as np

from gan_model.data.images import lazy_subset, random_subset
from gan_model.metrics.diversity import class_entropy, collapsed, diversity
from gan_model.metrics.record import Kind
from gan_model.model.run_callback import diverged_figures
from gan_model.model.trackers import FIGURES
from gan_model.storage.json_file import write_json

FINISHED, COLLAPSED = "finished", "collapsed"
DIVERGED, OUT_OF_MEMORY = "diverged", "out_of_memory"
STATES = (FINISHED, COLLAPSED, DIVERGED, OUT_OF_MEMORY)
_MAX_IMAGES = 2000  # held-out images for the test of a collapse


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one training run of a search.

    Attributes:
        name: of the run, for example "trial-003".
        hyperparameters: dict from names to int, float, str or bool.
        seed: of the weights, the codings and the order of the images.
        state: "finished", "collapsed", "diverged" (a loss or another figure became infinite or
            NaN) or "out_of_memory", which has no distance, no figures and 0 epochs.
        reason: why it did not finish, a sentence without a full stop; "" if it did.
        score: what the search minimizes: the distance of a finished run, but at most the worst
            score, which all other runs get.
        distance: the least held-out distance of its epochs; None if none was measured.
        best_epoch: the epoch of that distance, from 1; None if none was measured.
        epochs: epochs trained.
        figures: the held-out figures of that epoch by name, without "val_".
        seconds: time of the process that finished it, building and measuring included.
    """

    name: str
    hyperparameters: dict
    seed: int
    state: str
    reason: str
    score: float
    distance: float | None
    best_epoch: int | None
    epochs: int
    figures: dict
    seconds: float

    def write(self, path):
        """Writes the outcome as JSON, atomically."""
        write_json(path, dataclasses.asdict(self))

    @classmethod
    def read(cls, path):
        """The outcome in a file; None if there is no file.

        Raises:
            ValueError: the file cannot be read, or is no outcome.
        """
        try:
            outcome = cls(**json.loads(Path(path).read_text()))
            if outcome.state not in STATES:
                raise ValueError(f"the state {outcome.state!r} is none of {', '.join(STATES)}")
            return outcome
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise ValueError(
                f"{path} cannot be read ({error}). Remove {Path(path).parent} to train that run "
                "again."
            ) from error


def ranked(outcomes):
    """Best first: finished runs by score, then the others by state; ties by name."""
    return sorted(outcomes, key=lambda o: (STATES.index(o.state), o.score, o.name))


def finished(outcomes, *, but=None):
    """The finished runs, best first; of those with the same hyperparameters only the best.

    Hyperband trains the hyperparameters of one trial for longer in another.

    Args:
        outcomes: list of `Outcome`.
        but: hyperparameters whose runs are left out.
    """
    best, known = [], [but]
    for outcome in ranked(outcomes):
        if outcome.state == FINISHED and outcome.hyperparameters not in known:
            best.append(outcome)
            known.append(outcome.hyperparameters)
    return best


def failure_score(quality, held_out):
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


def trial_result(gan, *, quality, worst, held_out):
    """The fields of an `Outcome` that training decides, as a dict.

    Args:
        gan: the `GAN` after `fit`, with its history.
        quality: the `metrics.Quality` that it was measured by.
        worst: the score of a run that did not finish, and the upper limit of all scores.
        held_out: uint8 images to compare with; with labels if the GAN has classes.
    """
    history = gan.history.history
    distances = [float(value) for value in history.get(f"val_{quality.distance}", ())]
    finite = [value for value in distances if math.isfinite(value)]
    best = distances.index(min(finite)) if finite else None
    state = FINISHED
    if reason := _divergence(history, quality):
        state = DIVERGED
    elif reason := _collapse(_held_out(history, -1), gan, quality, held_out):
        state = COLLAPSED
    return {
        "state": state,
        "reason": reason,
        "score": min([*finite, worst]) if state == FINISHED else worst,
        "distance": min(finite, default=None),
        "best_epoch": None if best is None else best + 1,
        "epochs": len(history.get("generator_loss", ())),
        "figures": {} if best is None else _held_out(history, best),
    }


def out_of_memory(worst):
    """The same dict for a run that ran out of memory, whatever it had trained and measured."""
    nothing = {"distance": None, "best_epoch": None, "epochs": 0, "figures": {}}
    return {"state": OUT_OF_MEMORY, "reason": "out of memory", "score": worst, **nothing}


def _divergence(history, quality):
    """Why a run counts as diverged, or ""."""
    held_out = [f"val_{name}" for name in (*FIGURES, *quality.metrics)]
    for epoch in range(max(map(len, history.values()), default=0)):
        logs = {name: values[epoch] for name, values in history.items() if epoch < len(values)}
        if names := diverged_figures(logs, held_out):
            return f"{names[0].removeprefix('val_')} became infinite or NaN in epoch {epoch + 1}"
    return ""


def _collapse(figures, gan, quality, held_out):
    """Why a generator counts as collapsed, or "".

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
