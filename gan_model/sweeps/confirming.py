"""Trains the best trials of a search again with new seeds, to tell them from lucky ones."""

import time
from typing import Any, NamedTuple

import keras_tuner

from gan_model.storage.locks import is_locked
from gan_model.sweeps.comparing import RECIPE, Confirmed
from gan_model.sweeps.search_folder import SearchFolder
from gan_model.sweeps.trial_folder import TrialFolder, delete_weights_except_best

_PLACE = 2**31  # larger than the number of any trial
_INTERVAL = 0.5  # seconds between two looks at the runs of other processes


class _Run(NamedTuple):
    candidate: str  # name of the trial, or of the recipe
    values: dict
    number: int  # of its new seed
    folder: Any


def confirm(
    hypergan, outcomes, *, seeds, fit_arguments, recipe=None, progress=None, helped=lambda: False
):
    """Trains trials again, each with the same new seeds, which no trial of the search had.

    Finished runs are not trained again, so a killed confirmation continues where it stopped.

    Args:
        hypergan: `HyperGAN` of the search.
        outcomes: list of `Outcome`, the trials to confirm.
        seeds: number of seeds, 1 or more.
        fit_arguments: dict of the arguments of `fit`: `x`, `epochs`, ...
        recipe: dict of hyperparameters to compare with, or None.
        progress: `SearchProgress` that prints what is trained, or None.
        helped: function that tells whether other processes train the runs, by `help_to_confirm`.
            What they leave is trained here.

    Returns:
        List of `Confirmed`, in the order of `outcomes`, the recipe last.
    """
    found = {one.name: one.score for one in outcomes}
    readings = {}
    epochs = 1 if hypergan.minutes else fit_arguments["epochs"]  # as `SearchProgress` counts them
    for run in _runs(hypergan, outcomes, seeds, recipe):
        over = run.folder.outcome() is not None
        if progress and not over:
            progress.begin(run.folder.name, epochs=epochs)
        while helped() and run.folder.outcome() is None:
            time.sleep(_INTERVAL)
        callbacks = progress.callbacks() if progress else ()
        outcome = _trained(hypergan, run, fit_arguments, callbacks)
        if progress:
            told = progress.skip if over else progress.end
            told(outcome, epochs, again=True)
        readings.setdefault(run.candidate, []).append(outcome)
    delete_weights_except_best(SearchFolder(hypergan.folder).confirmation, keep=1)
    tried = _candidates(outcomes, recipe)
    return [Confirmed(name, tried[name], read, found.get(name)) for name, read in readings.items()]


def help_to_confirm(hypergan, outcomes, *, seeds, fit_arguments, recipe=None):
    """Trains the runs of `confirm` that no other process trains, until all are over.

    Arguments as those of `confirm`.
    """
    runs = _runs(hypergan, outcomes, seeds, recipe)
    while left := [run for run in runs if run.folder.outcome() is None]:
        for run in left:
            if not is_locked(run.folder.path):
                _trained(hypergan, run, fit_arguments)
        time.sleep(_INTERVAL)


def _runs(hypergan, outcomes, seeds, recipe):
    directory = SearchFolder(hypergan.folder).confirmation
    return [
        _Run(name, values, number, TrialFolder(directory / f"{name}-again-{number + 1}"))
        for name, values in _candidates(outcomes, recipe).items()
        for number in range(seeds)
    ]


def _candidates(outcomes, recipe):
    """The hyperparameters of each, by name."""
    tried = {one.name: one.hyperparameters for one in outcomes}
    return tried | ({RECIPE: recipe} if recipe else {})


def _trained(hypergan, run, fit_arguments, callbacks=()):
    hp = keras_tuner.HyperParameters()
    hp.values = dict(run.values)
    return hypergan.train(
        hp,
        run.folder,
        seed=hypergan.seed_of(_PLACE, run.number),
        fit_arguments={"validation_data": hypergan.validation, "verbose": 0, **fit_arguments},
        callbacks=callbacks,
    )
