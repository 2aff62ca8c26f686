"""Trains the best trials of a search again with new seeds, to tell them from lucky ones."""

import keras_tuner

from gan_model.sweeps.comparing import RECIPE, Confirmed
from gan_model.sweeps.trial_folder import TrialFolder, delete_weights_except_best

_PLACE = 2**31  # larger than the number of any trial


def confirm(hypergan, outcomes, *, seeds, fit_arguments, recipe=None, progress=None):
    """Trains trials again, each with the same new seeds, which no trial of the search had.

    Finished runs are not trained again, so a killed confirmation continues where it stopped.

    Args:
        hypergan: `HyperGAN` of the search.
        outcomes: list of `Outcome`, the trials to confirm.
        seeds: number of seeds, 1 or more.
        fit_arguments: dict of the arguments of `fit`: `x`, `epochs`, ...
        recipe: dict of hyperparameters to compare with, or None.
        progress: `Progress` that prints what is trained, or None.

    Returns:
        List of `Confirmed`, in the order of `outcomes`, the recipe last.
    """
    candidates = [(one.name, one.hyperparameters, one.score) for one in outcomes]
    if recipe:
        candidates.append((RECIPE, recipe, None))
    directory = hypergan.folder / "confirmation"
    arguments = {"validation_data": hypergan.held_out, "verbose": 0, **fit_arguments}
    confirmed = []
    for name, values, found in candidates:
        readings = []
        for number in range(seeds):
            hp = keras_tuner.HyperParameters()
            hp.values = dict(values)
            folder = TrialFolder(directory / f"{name}-again-{number + 1}")
            over = folder.outcome() is not None
            if progress and not over:
                progress.begin(folder.name, epochs=arguments["epochs"])
            outcome = hypergan.train(
                hp,
                folder,
                seed=hypergan.seed_of(_PLACE, number),
                fit_arguments=arguments,
                callbacks=progress.callbacks() if progress else (),
            )
            if progress:
                told = progress.skip if over else progress.end
                told(outcome, arguments["epochs"], again=True)
            readings.append(outcome)
        confirmed.append(Confirmed(name, values, readings, found))
    delete_weights_except_best(directory, keep=1)
    return confirmed
