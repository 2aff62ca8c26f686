"""The best trials of a search, trained again with new seeds, to part them from mere luck."""

import keras_tuner

from gan_model.sweeps.ranking import RECIPE, Confirmed
from gan_model.sweeps.trial_folder import TrialFolder, delete_weights_except_best

_PLACE = 2**31  # beyond all numbers of trials


def confirm(hypergan, outcomes, *, seeds, fit_arguments, recipe=None, progress=None):
    """Trains what a search found again, with seeds that no trial had, the same for all.

    Runs that are over are not trained again, so that this too goes on where it was killed.

    Args:
        hypergan: `HyperGAN` of the search.
        outcomes: of the trials to confirm.
        seeds: how many for each.
        fit_arguments: dict of what `fit` gets: `x`, `epochs`, ...
        recipe: dict of the hyperparameters to compare with, or None.
        progress: `Progress` that tells what is going on, or None.

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
