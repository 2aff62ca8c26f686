"""A GAN whose hyperparameters keras-tuner searches."""

import contextlib
import time

import keras
import keras_tuner
import numpy as np

from gan_model import callbacks as watching
from gan_model import metrics
from gan_model.data.images import fingerprint, from_batch
from gan_model.model import GAN, inspection
from gan_model.model.fit_arguments import images_and_labels
from gan_model.model.run_callback import StopWhenDiverged
from gan_model.runs import load_model
from gan_model.storage.paths import expanded
from gan_model.sweeps.folders import TrialFolder, delete_weights_except_best
from gan_model.sweeps.outcome import (
    FINISHED,
    Outcome,
    failure_score,
    out_of_memory,
    trial_result,
)
from gan_model.sweeps.tuner import EPOCHS, OF_TUNER, TRIAL_ID, TunerTrial, exhausted, fatal


class HyperGAN(keras_tuner.HyperModel):
    """A GAN whose hyperparameters keras-tuner searches, with any of its tuners.

    Each trial is a run with its own folder, `trials/trial-003`, and a run on TensorBoard with its
    own row in the tab HParams. Its score is the lowest held-out distance of its epochs. A trial
    that diverges, runs out of memory or collapses gets the worst score, and the search continues;
    an error in the code ends the search. A trial that was killed continues from its last epoch,
    and a finished one is not trained again. A trial that Hyperband continues ends with the same
    bits as one trained for as many epochs without a break.

    Args:
        build: function from `keras_tuner.HyperParameters` to a compiled `GAN`. The search sets the
            seed of the GAN and that of Keras. A hyperparameter `batch_size` is passed to `fit`.
        folder: of the search; gets `trials/` and `tensorboard/`.
        held_out: uint8 images that trials are scored on; with labels for a GAN with classes.
        quality: `metrics.Quality`, what is measured. None: `fashion` features for garments, else
            `swd` and `pixels`. For features learned from the training images give
            `metrics.Quality(*metrics.measures(held_out, training=images))`.
        seed: of the search; that of trial 3 is `hypergan.seed_of(3)`.
        keep: number of best trials that keep their weights. In a search by Hyperband, which may
            continue any trial, others keep theirs too. When it is over,
            `sweeps.delete_weights_except_best("runs/search/trials", keep=3)` removes those, with
            `project_dir=tuner.project_dir` where the tuner has a folder elsewhere;
            `gan-model sweep` does it by itself.
        minutes: of training after which each trial ends; give `tuner.search` more epochs than can
            be done, `epochs=10**6`. None: the epochs end it. Not for Hyperband, which counts them.

    Attributes:
        objective: what the tuner minimizes.
        worst: the score of a trial that did not finish, and the upper limit of all scores:
            twice the distance of the held-out images with their pixels shuffled.

    Raises:
        ValueError: arguments of the wrong type, too few images, or a distance that is 0 for images
            of shuffled pixels. In `tuner.search`: the folder has trials of other settings.

    Example:

    ```python
    def build(hp):
        return presets.dcgan(**sweeps.search_space(hp, presets.dcgan))

    hypergan = sweeps.HyperGAN(build, "runs/search", held_out=test_images)
    tuner = keras_tuner.RandomSearch(hypergan, hypergan.objective, max_trials=8, seed=1)
    tuner.search(train_images, epochs=5)
    ```
    """

    def __init__(self, build, folder, *, held_out, quality=None, seed=0, keep=3, minutes=None):
        super().__init__()
        if not isinstance(from_batch(held_out), np.ndarray):
            raise ValueError(
                "`held_out` is a uint8 array of images, or a pair (images, labels). Received: "
                f"{type(held_out).__name__}."
            )
        if keep is None or keep < 0:
            raise ValueError(f"`keep` is 0 or more trials. Received: keep={keep}.")
        inspection.check_seed(seed)
        self.recipe, self.folder, self.validation = build, expanded(folder), held_out
        self.held_out, self.seed, self.keep = from_batch(held_out), seed, keep
        self.minutes = minutes
        self.quality = quality or metrics.Quality()
        if not self.quality.measures:  # chosen here, not by the training images of the first trial
            self.quality = self.quality.measuring(metrics.measures(self.held_out))
        self.quality.refer_to(self.held_out)
        self.objective = keras_tuner.Objective(f"val_{self.quality.distance}", "min")
        self.worst = failure_score(self.quality, self.held_out)
        self._measured = {
            "objective": self.objective.name,
            "held_out": fingerprint(self.held_out),
            "quality": {**self.quality.reference.about, "seed": self.quality.seed},
            "search_seed": seed,
            "minutes": minutes,
        }
        self._executions, self._order = {}, []

    def folder_of(self, name):
        """The `TrialFolder` of a run, for example "trial-003"."""
        return TrialFolder(self.folder / "trials" / name)

    def seed_of(self, *place):
        """The seed of a trial, for example `seed_of(3)`; zeros at the end make no difference."""
        return int(np.random.SeedSequence((self.seed, *place)).generate_state(1)[0])

    def name_and_values(self, trial):
        """The name of the run of a keras-tuner trial, and its hyperparameters."""
        return _name(trial.trial_id), self._values(trial.hyperparameters)

    def _values(self, hp):
        """Hyperparameters in the order of `build`, without those that Hyperband adds."""
        names = [*self._order, *(name for name in hp.values if name not in self._order)]
        return {
            name: hp.values[name]
            for name in names
            if name in hp.values and not name.startswith(OF_TUNER)
        }

    # What a tuner calls.

    def build(self, hp):
        try:
            gan = self._built(hp)
        except MemoryError:
            # keras-tuner would count it as a failure. `fit` meets the error again and gives the
            # trial the worst score.
            return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        # keras-tuner sends them to workers with the numbers before the choices.
        self._order += [name for name in hp.values if name not in self._order]
        return gan

    def _built(self, hp):
        with fatal("in build(hp)"):
            gan = self.recipe(hp)
            if not isinstance(gan, GAN) or not gan.compiled:
                raise TypeError(f"build(hp) returns a compiled gan_model.GAN. Received: {gan!r}")
        return gan

    def fit(self, hp, model, *args, callbacks=(), **fit_arguments):
        """Trains one trial if it is not over; returns its score by the name of the objective.

        Arguments are those of `tuner.search`. The GAN is built again, with the trial's seed.
        """
        asked = TunerTrial(callbacks)
        with fatal("while a trial was trained"):
            asked.check(self.objective)
            outcome = self.run(
                asked.trial,
                arguments_by_name(args, fit_arguments, in_bracket=asked.in_bracket),
                execution=self._next_execution(asked),
                callbacks=[asked.best_before(self.objective.name), *callbacks],
                weights=asked.weights,
            )
            if not asked.weights.exists():  # Hyperband may ask for them
                best = self.folder_of(outcome.name).best
                (load_model(best) if best.exists() else model).save_weights(asked.weights)
            self._delete_weights(asked)
        return {self.objective.name: outcome.score}

    def run(self, trial, fit_arguments, *, execution=0, callbacks=(), weights=None):
        """Trains the run of a keras-tuner trial; arguments as those of `train`.

        Args:
            trial: the keras-tuner trial.
            execution: how many times it was executed before.
        """
        hp, number = trial.hyperparameters, int(trial.trial_id)
        epochs = hp.values.get(EPOCHS, fit_arguments.get("epochs", 1))
        continued = hp.values.get(TRIAL_ID)
        parent, seed = None, self.seed_of(number, execution)
        if continued is not None:
            parent = self.folder_of(_name(continued, execution))
            seed = parent.seed()
        return self.train(
            hp,
            self.folder_of(_name(number, execution)),
            seed=seed,
            fit_arguments={**fit_arguments, "validation_data": self.validation, "epochs": epochs},
            callbacks=callbacks,
            parent=parent,
            weights=weights,
        )

    def train(self, hp, folder, *, seed, fit_arguments, callbacks=(), parent=None, weights=None):
        """Trains one run of the search, from its last epoch; does nothing if it is over.

        Args:
            hp: `keras_tuner.HyperParameters` of the run.
            folder: its `TrialFolder`, whose name is that of the run.
            seed: of weights, codings and the order of the images.
            fit_arguments: dict of the arguments of `fit`: `x`, `epochs`, ...
            callbacks: more callbacks for `fit`.
            parent: `TrialFolder` of a run that this one continues, or None.
            weights: file that the tuner writes; it is removed with the weights of the run.

        Returns:
            `Outcome`.
        """
        start = time.perf_counter()
        values = self._values(hp)
        settings = {"hyperparameters": values, "seed": seed, **self._measured}
        settings |= arguments_of_a_run(fit_arguments)
        may_differ = ["epochs"] if EPOCHS in hp.values else []  # as Hyperband has them
        with folder.locked():
            folder.begin(settings, may_differ=may_differ, parent=parent, weights=weights)
            if outcome := folder.outcome():
                return outcome
            board = watching.TrialBoard(
                self.folder / "tensorboard" / folder.name,
                hyperparameters=values,
                domains=_domains(hp),
            )
            callbacks = folder.callbacks([board, *callbacks], self.minutes)
            result = self._trained(hp, seed, fit_arguments, callbacks)
            board.close(
                succeeded=result["state"] == FINISHED,
                figures={"trial/score": result["score"]},
            )
            seconds = time.perf_counter() - start
            outcome = Outcome(folder.name, values, seed, seconds=seconds, **result)
            folder.end(outcome)
        return outcome

    def _trained(self, hp, seed, fit_arguments, callbacks):
        """Trains a run; returns the fields of its `Outcome` that training decides."""
        with contextlib.suppress(MemoryError), exhausted():
            keras.utils.set_random_seed(seed)
            gan = self._built(hp)
            gan.seed, gan.quality = seed, self.quality
            batch_size = {k: v for k, v in hp.values.items() if k == "batch_size"}
            # Quiet: the outcome has the reason; the advice of `fit` is for a single run.
            diverged = StopWhenDiverged(quiet=True)
            gan.fit(**fit_arguments | batch_size, callbacks=[diverged, *callbacks])
            return trial_result(
                gan, quality=self.quality, worst=self.worst, held_out=self.validation
            )
        return out_of_memory(self.worst)

    def _next_execution(self, asked):
        """How many times this trial was executed before, if the tuner repeats each trial."""
        execution = self._executions.get(asked.trial.trial_id, 0)
        self._executions[asked.trial.trial_id] = (execution + 1) % asked.tuner.executions_per_trial
        return execution

    def _delete_weights(self, asked):
        """Removes weights that are neither among the best nor needed to continue a trial."""
        trials, project_dir = self.folder / "trials", asked.tuner.project_dir
        if not asked.in_bracket:
            delete_weights_except_best(trials, keep=self.keep, project_dir=project_dir)
        elif asked.continued is not None:
            # The trial that this one continues keeps its weights: if the process dies before the
            # oracle knows that this one has ended, it is trained again.
            older = asked.tuner.oracle.get_trial(asked.continued).hyperparameters.values
            if oldest := older.get(TRIAL_ID):
                executions = range(asked.tuner.executions_per_trial)
                names = {_name(oldest, execution) for execution in executions}
                delete_weights_except_best(
                    trials, keep=self.keep, of=names, project_dir=project_dir
                )


def arguments_by_name(args, given, *, in_bracket=False):
    """The arguments of `tuner.search`, as a dict for `fit`; refuses those that the search sets.

    Args:
        args: tuple of the positional arguments, `x` and perhaps `y`.
        given: dict of the keyword arguments.
        in_bracket: whether the trial is one of Hyperband, which adds `initial_epoch`.
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
    given = {**dict(zip(("x", "y"), args, strict=False)), **given}
    # Hyperband's has no effect: the checkpoint of the continued trial has it.
    if given.pop("initial_epoch", None) is not None and not in_bracket:
        raise ValueError("Trials begin with their first epoch; leave initial_epoch out.")
    x, y = images_and_labels(given.get("x"), given.get("y"))
    return {**given, "x": x, "y": y}


def arguments_of_a_run(fit_arguments):
    """The arguments of `fit` that identify a run, as a dict for JSON."""
    x, y = images_and_labels(fit_arguments.get("x"), fit_arguments.get("y"))
    names = ("epochs", "batch_size", "steps_per_epoch")
    given = {name: fit_arguments[name] for name in names if name in fit_arguments}
    if y is not None:
        given["labels"] = fingerprint(np.asarray(y))
    return {**given, "images": fingerprint(x) if isinstance(x, np.ndarray) else type(x).__name__}


def _domains(hp):
    """The values of each hyperparameter that is not a number: dict from names to lists.

    Numbers have no domain, as TensorBoard hides trials with other values, and a search may be
    compared with a recipe whose numbers it never tries.
    """
    return {
        each.name: list(each.values)
        for each in hp.space
        if not isinstance(each.default, int | float) or isinstance(each.default, bool)
    }


def _name(trial_id, execution=0):
    return f"trial-{int(trial_id):03}" + (f"-{execution}" if execution else "")
