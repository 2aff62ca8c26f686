"""What became of the runs of a search -> which is the best, and how sure that is.

Training is noisy, so the best reading of a search is partly luck: the best few are trained again
with new seeds, and the winner is named by those readings alone.
"""

import csv
import dataclasses
import itertools
import statistics
import warnings

from gan_model.metrics.report import number
from gan_model.storage.atomic import atomic_write
from gan_model.sweeps.columns import cut, grid
from gan_model.sweeps.outcome import FINISHED, STATES

RECIPE = "recipe"  # the name of the settings that the winner is compared with
_ABOUT = ("name", "seed", "state", "reason", "score", "distance", "best_epoch", "epochs", "seconds")


def ranked(outcomes):
    """Best first: the finished by their scores, then the others by state; ties by name."""
    return sorted(outcomes, key=lambda o: (STATES.index(o.state), o.score, o.name))


@dataclasses.dataclass(frozen=True)
class Confirmed:
    """Settings that were trained again with new seeds.

    A lost or collapsed run counts with its score, the worst: settings that fail with one seed
    in three are no better than that.

    Attributes:
        name: of the trial in the search; "recipe" for the recipe's own settings.
        hyperparameters: dict from names to int, float, str or bool.
        readings: list of `Outcome`, one for each new seed, at least one.
        found: the score it had in the search; None where it was not in it.
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
        """One for each new seed."""
        return [float(reading.score) for reading in self.readings]

    @property
    def mean(self):
        """Of the scores."""
        return statistics.mean(self.scores)

    @property
    def spread(self):
        """(least, greatest) of the scores."""
        return min(self.scores), max(self.scores)

    @property
    def deviation(self):
        """Standard deviation of the scores, with n - 1; None for one reading."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else None

    @property
    def failed(self):
        """How many of the runs did not finish."""
        return sum(reading.state != FINISHED for reading in self.readings)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two `Confirmed` beside each other.

    Attributes:
        difference: mean of the second less that of the first; above 0 the first is better.
        p: how often two equal settings would differ as much, 0 to 1. A winner was chosen by the
            same readings, so its p is a little too small.
    """

    difference: float
    p: float

    @property
    def distinct(self):
        """Whether the difference is more than the noise: p < 0.05."""
        return self.p < 0.05


def compare(first, second):
    """The `Comparison` of two `Confirmed` by Welch's t-test, which takes unequal variances.

    p is 1 where it cannot be told: with fewer than two readings of one, or for readings that
    are all equal. It is 0 for two different numbers without any spread.
    """
    if min(len(first.scores), len(second.scores)) < 2:
        p = 1.0
    elif first.deviation == second.deviation == 0:
        p = float(first.mean == second.mean)
    else:
        p = _welch(first.scores, second.scores)
    return Comparison(second.mean - first.mean, p)


def winner(confirmed):
    """The `Confirmed` with the least mean; of equal ones the first by name."""
    return _by_mean(confirmed)[0]


def table(outcomes, *, distance, floor, width=100):
    """Lines of text for a terminal, best first; why runs were lost stands below.

    Args:
        outcomes: list of `Outcome`.
        distance: name of what was minimised, for example "fid_fashion".
        floor: what as many training images read; None: not known.
        width: characters of the longest line.
    """
    best_first = ranked(outcomes)
    columns = [("rank", range(1, 1 + len(best_first))), ("name", [o.name for o in best_first])]
    columns += _hyperparameters(best_first, _names(o.hyperparameters for o in outcomes))
    columns += [(distance, [o.distance for o in best_first])]
    columns += [("epoch", [o.best_epoch for o in best_first])]
    recalls = [n for n in _names(o.figures for o in outcomes) if n.startswith("recall_")]
    columns += [(name, [o.figures.get(name) for o in best_first]) for name in recalls[:1]]
    columns += [("seconds", [f"{o.seconds:,.0f}" for o in best_first])]
    columns += [("state", [o.state for o in best_first])]
    reasons = [f"{o.name} {o.state}: {o.reason}" for o in best_first if o.reason]
    below = [cut(reason, width) for reason in reasons]
    if floor is not None:
        below.append(f"as many training images read {number(floor)}")
    return "\n".join([grid(columns, width=width), *below])


def confirmation_table(confirmed, *, distance, width=100):
    """The same for a list of `Confirmed`, whose `readings` have new seeds."""
    best_first = _by_mean(confirmed)
    columns = [("name", [c.name for c in best_first])]
    columns += _hyperparameters(best_first, _names(c.hyperparameters for c in confirmed))
    columns += [(f"{distance}_mean", [c.mean for c in best_first])]
    columns += [("least to greatest", [_spread(c) for c in best_first])]
    columns += [("standard deviation", [c.deviation for c in best_first])]
    columns += [("in the search", [c.found for c in best_first])]
    finished = [f"{len(c.readings) - c.failed} of {len(c.readings)}" for c in best_first]
    lines = [grid([*columns, ("seeds finished", finished)], again=1, width=width)]
    if any(c.failed for c in best_first):
        lines.append("a run that did not finish, lost or collapsed, counts with the worst score")
    return "\n".join(lines)


def verdict(confirmed, *, distance):
    """Who wins and how sure that is, a sentence a line: runner-up, recipe, luck of the search."""
    first, *others = _by_mean(confirmed)
    if first.failed == len(first.readings):
        return "None is the winner: no run with a new seed finished."
    beaten = "The winner is" if first.name != RECIPE else "No trial beats the"
    count, mean = len(first.readings), number(first.mean)
    seeds = "of one new seed"
    if count > 1:
        seeds = f"on average of {count} new seeds ({_spread(first)})"
    told = [f"{beaten} {first.name}: {distance} {mean} {seeds}{_failures(first)}."]
    told += [_against("runner-up", first, other) for other in others[:1]]
    told += [_against("recipe", first, other) for other in others[1:] if other.name == RECIPE]
    searched = [c for c in confirmed if c.found is not None]
    if searched:
        lucky = min(searched, key=lambda c: (c.found, c.name))
        told += [
            f"In the search the best, {lucky.name}, read {number(lucky.found)}; with new seeds "
            f"it reads {number(lucky.mean)} on average."
        ]
    return "\n".join(told)


def write_csv(outcomes, path):
    """Writes a line an outcome, best first, whole or not at all; "" where there is no value.

    Columns: rank, what `Outcome` has, hyperparameters, figures. Floats are written in full.
    """
    hyperparameters = _names(o.hyperparameters for o in outcomes)
    figures = _names(o.figures for o in outcomes)
    with atomic_write(path) as beside, open(beside, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["rank", *_ABOUT, *hyperparameters, *figures])
        for rank, outcome in enumerate(ranked(outcomes), 1):
            row = [getattr(outcome, name) for name in _ABOUT]
            row += [outcome.hyperparameters.get(name) for name in hyperparameters]
            writer.writerow([rank, *row, *(outcome.figures.get(name) for name in figures)])


def _by_mean(confirmed):
    return sorted(confirmed, key=lambda c: (c.mean, c.name))


def _welch(first, second):
    from scipy import stats

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is next to no spread
        return float(stats.ttest_ind(first, second, equal_var=False).pvalue)


def _names(dicts):
    """Keys of all, each once, in the order in which they first appear."""
    return list(dict.fromkeys(itertools.chain.from_iterable(dicts)))


def _hyperparameters(rows, names):
    return [(name, [row.hyperparameters.get(name) for row in rows]) for name in names]


def _spread(confirmed):
    least, greatest = confirmed.spread
    return f"{number(least)} to {number(greatest)}"


def _against(role, first, other):
    """How far another is behind the first, and whether the new seeds can tell."""
    found = compare(first, other)
    who = f"The {role}, {other.name}," if other.name != role else f"The {role}"
    behind = f", {number(found.difference)} more"
    if other.name == RECIPE and other.mean > 0:
        behind = f"; the winner is {found.difference / other.mean:.1%} below it"
    p = f"p = {found.p:.3g}" if found.p >= 0.001 else "p < 0.001"
    if min(len(first.scores), len(other.scores)) < 2:
        noise = "and with a single seed nobody can tell whether that is more than the noise"
    elif found.distinct:
        noise = f"which is more than the noise ({p})"
    else:
        noise = f"which is not more than the noise ({p}): the two cannot be told apart"
    return f"{who} reads {number(other.mean)}{_failures(other)}{behind}, {noise}."


def _failures(confirmed):
    failed, count = confirmed.failed, len(confirmed.readings)
    return f" with {failed} of {count} runs lost or collapsed" if failed else ""
