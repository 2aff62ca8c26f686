"""Settings that were trained again with new seeds -> which are better, and how certain that is.

Training is noisy, so the best score of a search is partly luck. The best few trials are therefore
trained again with new seeds, and the winner is chosen by those scores alone.
"""

import dataclasses
import statistics
import warnings

from gan_model.sweeps.outcome import FINISHED

RECIPE = "recipe"  # the name of the settings that the winner is compared with


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

    def __post_init__(self):
        if not self.readings:
            raise ValueError(f"{self.name} has no readings. Train it with a new seed first.")

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


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The difference between two `Confirmed`.

    Attributes:
        difference: mean of the second minus mean of the first; above 0 the first is better.
        p: probability that two equal settings differ as much, 0 to 1. The p of a winner is a
            little too small, as the winner was chosen by the same scores.
    """

    difference: float
    p: float

    @property
    def distinct(self):
        """Whether the difference is significant: p < 0.05."""
        return self.p < 0.05


def compare(first, second):
    """The `Comparison` of two `Confirmed` by Welch's t-test, which allows unequal variances.

    p is 1 if it cannot be computed: with fewer than two scores of one, or if all scores are
    equal. It is 0 if the means differ and neither has any spread.
    """
    if min(len(first.scores), len(second.scores)) < 2:
        p = 1.0
    elif first.deviation == second.deviation == 0:
        p = float(first.mean == second.mean)
    else:
        p = _welch(first.scores, second.scores)
    return Comparison(second.mean - first.mean, p)


def winner(confirmed):
    """The `Confirmed` with the lowest mean; of equal means, as `by_mean`."""
    return by_mean(confirmed)[0]


def by_mean(confirmed):
    """List of `Confirmed`, the lowest mean first; ties by the runs that finished, then by name."""
    return sorted(confirmed, key=lambda c: (c.mean, c.failed - len(c.readings), c.name))


def _welch(first, second):
    from scipy import stats

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns if there is almost no spread
        return float(stats.ttest_ind(first, second, equal_var=False).pvalue)
