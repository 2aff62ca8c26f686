"""Outcomes of the runs of a search -> tables, files, and a verdict on the winner."""

import csv
import itertools

from gan_model.storage.atomic import atomic_write
from gan_model.sweeps.columns import cut, grid
from gan_model.sweeps.comparing import RECIPE, by_mean, compare
from gan_model.sweeps.outcome import FINISHED, OUT_OF_MEMORY, STATES
from gan_model.text import number

_ABOUT = ("name", "seed", "state", "reason", "score", "distance", "best_epoch", "epochs", "seconds")
_COLUMNS = ("rank", *_ABOUT)


def ranked(outcomes):
    """Best first: finished runs by score, then the others by state; ties by name."""
    return sorted(outcomes, key=lambda o: (STATES.index(o.state), o.score, o.name))


def finished(outcomes, *, but=None):
    """The finished runs, best first; of those with the same hyperparameters only the best.

    Hyperband trains the hyperparameters of one trial for longer in another.

    Args:
        outcomes: list of `Outcome`.
        but: hyperparameters, of which no run is wanted.
    """
    kept, known = [], [but]
    for one in ranked(outcomes):
        if one.state == FINISHED and one.hyperparameters not in known:
            kept.append(one)
            known.append(one.hyperparameters)
    return kept


def table(outcomes, *, distance, floor, recall=None, width=100):
    """Lines of text for a terminal, best first; below them the reasons of runs that failed.

    Args:
        outcomes: list of `Outcome`.
        distance: name of what was minimised, for example "fid_fashion".
        floor: the distance of as many training images; None if unknown.
        recall: name of the recall among the figures, as `Quality.recall`; None has no column.
        width: characters of the longest line.
    """
    best_first = ranked(outcomes)
    columns = [("rank", range(1, 1 + len(best_first))), ("name", [o.name for o in best_first])]
    columns += _hyperparameters(best_first, _names(o.hyperparameters for o in outcomes))
    columns += [(distance, [o.distance for o in best_first])]
    columns += [("epoch", [o.best_epoch for o in best_first])]
    if any(recall in o.figures for o in outcomes):
        columns += [(recall, [o.figures.get(recall) for o in best_first])]
    columns += [("seconds", [f"{o.seconds:,.0f}" for o in best_first])]
    columns += [("state", [o.state for o in best_first])]
    reasons = [f"{o.name} {o.state}: {o.reason}" for o in best_first if o.reason]
    below = [cut(reason, width) for reason in reasons]
    if floor is not None:
        below.append(f"as many training images read {number(floor)}")
    return "\n".join([grid(columns, width=width), *below])


def confirmation_table(confirmed, *, distance, width=100):
    """The same table for a list of `Confirmed`.

    Args:
        confirmed: list of `Confirmed`.
        distance: name of what was minimised, for example "fid_fashion".
        width: characters of the longest line.
    """
    best_first = by_mean(confirmed)
    columns = [("name", [c.name for c in best_first])]
    columns += _hyperparameters(best_first, _names(c.hyperparameters for c in confirmed))
    columns += [(f"{distance}_mean", [c.mean for c in best_first])]
    columns += [("least to greatest", [_spread(c) for c in best_first])]
    columns += [("standard deviation", [c.deviation for c in best_first])]
    columns += [("in the search", [c.found for c in best_first])]
    finished = [f"{len(c.readings) - c.failed} of {len(c.readings)}" for c in best_first]
    columns += [("seeds finished", finished)]
    lines = [grid(columns, repeated_columns=1, width=width)]
    if any(c.failed for c in best_first):
        lines.append("a run that did not finish counts with the worst score")
    return "\n".join(lines)


def verdict(confirmed, *, distance):
    """Who wins and how certain that is, one sentence a line.

    Args:
        confirmed: list of `Confirmed`.
        distance: name of what was minimised, for example "fid_fashion".
    """
    first, *others = by_mean(confirmed)
    if first.failed == len(first.readings):
        return "None is the winner: no run with a new seed finished."
    beaten = "The winner is" if first.name != RECIPE else "No trial beats the"
    count, mean = len(first.readings), number(first.mean)
    seeds = "of one new seed"
    if count > 1:
        seeds = f"on average of {count} new seeds ({_spread(first)})"
    sentences = [f"{beaten} {first.name}: {distance} {mean} {seeds}{_failures(first)}."]
    sentences += [_against("runner-up", first, other) for other in others[:1]]
    sentences += [_against("recipe", first, other) for other in others[1:] if other.name == RECIPE]
    searched = [c for c in confirmed if c.found is not None]
    if searched:
        lucky = min(searched, key=lambda c: (c.found, c.name))
        sentences += [
            f"In the search the best, {lucky.name}, read {number(lucky.found)}; with new "
            f"seeds it reads {number(lucky.mean)} on average."
        ]
    return "\n".join(sentences)


def write_csv(outcomes, path):
    """Writes one line for each outcome, best first, atomically; a missing value is empty.

    Columns: rank, the fields of `Outcome`, hyperparameters, figures. A hyperparameter with the name
    of a field, such as seed, is hp_seed. Floats are written in full.

    Args:
        outcomes: list of `Outcome`.
        path: of the CSV file.
    """
    hyperparameters = _names(o.hyperparameters for o in outcomes)
    figures = _names(o.figures for o in outcomes)
    with atomic_write(path) as beside, open(beside, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        named = [f"hp_{one}" if one in _COLUMNS else one for one in hyperparameters]
        writer.writerow([*_COLUMNS, *named, *figures])
        for rank, outcome in enumerate(ranked(outcomes), 1):
            row = [getattr(outcome, name) for name in _ABOUT]
            row += [outcome.hyperparameters.get(name) for name in hyperparameters]
            writer.writerow([rank, *row, *(outcome.figures.get(name) for name in figures)])


def _names(dicts):
    """The keys of all dicts, without duplicates, in order of appearance."""
    return list(dict.fromkeys(itertools.chain.from_iterable(dicts)))


def _hyperparameters(rows, names):
    return [(name, [row.hyperparameters.get(name) for row in rows]) for name in names]


def _spread(confirmed):
    least, greatest = confirmed.spread
    return f"{number(least)} to {number(greatest)}"


def _against(role, first, other):
    """A sentence on how far another is behind the first, and whether that is significant."""
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
    lacked_memory = any(one.state == OUT_OF_MEMORY for one in confirmed.readings)
    how = "diverged, collapsed or out of memory" if lacked_memory else "diverged or collapsed"
    return f" with {failed} of {count} runs {how}" if failed else ""
