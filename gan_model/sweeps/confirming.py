"""Trains the best trials of a search again with new seeds, and compares them.

Training is noisy, so the best score of a search is partly luck. The best few trials are therefore
trained again with new seeds, and the winner is chosen by those scores alone.
"""

import dataclasses
import statistics
import time
import warnings
from typing import NamedTuple

import keras_tuner

from gan_model.storage.locks import is_locked
from gan_model.sweeps.folders import SearchFolder, TrialFolder, delete_weights_except_best
from gan_model.sweeps.outcome import FINISHED

RECIPE = "recipe"  # the name of the settings that the winner is compared with
_SEED_OFFSET = 2**31  # larger than the number of any trial
_INTERVAL = 0.5  # seconds between two looks at the runs of other processes


@dataclasses.dataclass(frozen=True)
class Confirmed:
    """Settings that were trained again with new seeds.

    A run that did not finish counts with the worst score, so settings that fail with one seed in
    three have a bad mean.

    Attributes:
        name: of the trial in the search; "recipe" for the defaults of the preset.
        hyperparameters: dict from names to int, float, str or bool.
        readings: list of `Outcome`, one for each new seed, at least one.
        found: the score in the search; None if the search did not try these settings.
    """

    name: str
    hyperparameters: dict
    readings: list
    found: float | None = None

    @property
    def scores(self):
        """List of float, one score for each new seed."""
        return [float(reading.score) for reading in self.readings]

    @property
    def mean(self):
        """Mean of the scores."""
        return statistics.mean(self.scores)

    @property
    def spread(self):
        """Tuple of the lowest and the highest score."""
        return min(self.scores), max(self.scores)

    @property
    def deviation(self):
        """Standard deviation of the scores, with n - 1; None for one reading."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else None

    @property
    def failed(self):
        """Number of runs that did not finish."""
        return sum(reading.state != FINISHED for reading in self.readings)


def by_mean(confirmed):
    """List of `Confirmed`, the lowest mean first; ties by the runs that finished, then by name."""
    return sorted(confirmed, key=lambda c: (c.mean, c.failed - len(c.readings), c.name))


def welch_p(first, second):
    """The probability, 0 to 1, that two equal settings differ as much as two `Confirmed`.

    By Welch's t-test, which allows unequal variances. It is 1 with fewer than two scores of one,
    and where neither has any spread 1 or 0. That of a winner is a little too small, as the winner
    was chosen by the same scores.
    """
    if min(len(first.scores), len(second.scores)) < 2:
        return 1.0
    if first.deviation == second.deviation == 0:
        return float(first.mean == second.mean)
    from scipy import stats

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns if there is almost no spread
        return float(stats.ttest_ind(first.scores, second.scores, equal_var=False).pvalue)


def confirm(
    hypergan,
    outcomes,
    *,
    seeds,
    fit_arguments,
    recipe=None,
    progress=None,
    helped=lambda: False,
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
        helped: function that returns whether other processes train the runs, by
            `help_to_confirm`. What they leave is trained here.

    Returns:
        List of `Confirmed`, in the order of `outcomes`, the recipe last.
    """
    readings = {}
    epochs = 1 if hypergan.minutes else fit_arguments["epochs"]  # as `SearchProgress` counts them
    for run in _runs(hypergan, outcomes, seeds, recipe):
        was_over = run.folder.outcome() is not None
        if progress and not was_over:
            progress.begin(run.folder.name, epochs=epochs)
        while helped() and run.folder.outcome() is None:
            time.sleep(_INTERVAL)
        callbacks = progress.callbacks() if progress else ()
        outcome = _train(hypergan, run, fit_arguments, callbacks)
        if progress:
            (progress.skip if was_over else progress.end)(outcome, epochs, again=True)
        readings.setdefault(run.candidate, []).append(outcome)
    delete_weights_except_best(SearchFolder(hypergan.folder).confirmation, keep=1)
    found = {outcome.name: outcome.score for outcome in outcomes}
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
                _train(hypergan, run, fit_arguments)
        time.sleep(_INTERVAL)


class _Run(NamedTuple):
    candidate: str  # name of the trial, or of the recipe
    hyperparameters: dict
    number: int  # of its new seed
    folder: TrialFolder


def _runs(hypergan, outcomes, seeds, recipe):
    directory = SearchFolder(hypergan.folder).confirmation
    return [
        _Run(name, values, number, TrialFolder(directory / f"{name}-again-{number + 1}"))
        for name, values in _candidates(outcomes, recipe).items()
        for number in range(seeds)
    ]


def _candidates(outcomes, recipe):
    """The hyperparameters of each, by name."""
    tried = {outcome.name: outcome.hyperparameters for outcome in outcomes}
    return tried | ({RECIPE: recipe} if recipe else {})


def _train(hypergan, run, fit_arguments, callbacks=()):
    hp = keras_tuner.HyperParameters()
    hp.values = dict(run.hyperparameters)
    return hypergan.train(
        hp,
        run.folder,
        seed=hypergan.seed_of(_SEED_OFFSET, run.number),
        fit_arguments={"validation_data": hypergan.validation, "verbose": 0, **fit_arguments},
        callbacks=callbacks,
    )
