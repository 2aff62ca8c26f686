"""Outcomes of a search -> tables for a terminal, CSV files, and a summary of who won."""

import csv
import itertools

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gan_model.storage.atomic import atomic_write
from gan_model.storage.messages import printable
from gan_model.sweeps.confirming import RECIPE, by_mean, welch_p
from gan_model.sweeps.outcome import OUT_OF_MEMORY, ranked
from gan_model.text import number

_ABOUT = ("name", "seed", "state", "reason", "score", "distance", "best_epoch", "epochs", "seconds")
_COLUMNS = ("rank", *_ABOUT)
_MAX_CELL = 24  # characters


def trial_table(outcomes, *, distance, floor, recall=None, width=100):
    """Lines of text for a terminal, best first; below them the reasons of runs that failed.

    Args:
        outcomes: list of `Outcome`.
        distance: name of what was minimized, for example "fid_fashion".
        floor: the distance of as many training images; None if unknown.
        recall: name of the recall among the figures, as `Quality.recall`; None has no column.
        width: characters of the longest line.
    """
    best_first = ranked(outcomes)
    columns = [("rank", range(1, 1 + len(best_first))), ("name", [o.name for o in best_first])]
    columns += _hyperparameters(best_first, outcomes)
    columns += [(distance, [o.distance for o in best_first])]
    columns += [("epoch", [o.best_epoch for o in best_first])]
    if any(recall in o.figures for o in outcomes):
        columns += [(recall, [o.figures.get(recall) for o in best_first])]
    columns += [("seconds", [f"{o.seconds:,.0f}" for o in best_first])]
    columns += [("state", [o.state for o in best_first])]
    reasons = [printable(f"{o.name} {o.state}: {o.reason}") for o in best_first if o.reason]
    below = [_cut(reason, width) for reason in reasons]
    if floor is not None:
        below.append(f"as many training images read {number(floor)}")
    return "\n".join([_grid(columns, width, repeated=2), *below])


def confirmation_table(confirmed, *, distance, width=100):
    """The same for a list of `Confirmed`, the lowest mean first."""
    best_first = by_mean(confirmed)
    columns = [("name", [c.name for c in best_first])]
    columns += _hyperparameters(best_first, confirmed)
    columns += [(f"{distance}_mean", [c.mean for c in best_first])]
    columns += [("least to greatest", [_spread(c) for c in best_first])]
    columns += [("standard deviation", [c.deviation for c in best_first])]
    columns += [("in the search", [c.found for c in best_first])]
    finished = [f"{len(c.readings) - c.failed} of {len(c.readings)}" for c in best_first]
    columns += [("seeds finished", finished)]
    lines = [_grid(columns, width, repeated=1)]
    if any(c.failed for c in best_first):
        lines.append("a run that did not finish counts with the worst score")
    return "\n".join(lines)


def summary(confirmed, *, distance):
    """Who wins and how certain that is, a list of sentences.

    Args:
        confirmed: list of `Confirmed`.
        distance: name of what was minimized, for example "fid_fashion".
    """
    first, *others = by_mean(confirmed)
    if first.failed == len(first.readings):
        return ["None is the winner: no run with a new seed finished."]
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
    return sentences


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


def _hyperparameters(rows, in_order):
    """A column for each hyperparameter; `in_order` has the same rows in the order of trials."""
    names = _names(row.hyperparameters for row in in_order)
    return [(name, [row.hyperparameters.get(name) for row in rows]) for name in names]


def _grid(columns, width, *, repeated):
    """Columns of values next to each other, as text.

    Columns that do not fit into `width` characters go into a block below, which begins with the
    first columns again.
    """
    blocks = [columns[:repeated]]
    for column in columns[repeated:]:
        if max(map(len, _lines([*blocks[-1], column]))) > width:
            blocks.append(columns[:repeated])
        blocks[-1].append(column)
    return "\n\n".join("\n".join(_lines(block)) for block in blocks)


def _lines(columns):
    table = Table(box=None, pad_edge=False)
    for title, _ in columns:
        # A word a line, so that a title is about as wide as its numbers.
        head = Text(printable(title).replace("_", " ").replace(" ", "\n"))
        side = "left" if title in ("name", "state") else "right"
        table.add_column(head, justify=side, vertical="bottom")
    for row in zip(*(values for _, values in columns), strict=True):
        table.add_row(*map(_cell, row))
    console = Console(width=10_000, color_system=None)
    with console.capture() as text:
        console.print(table)
    return [line.rstrip() for line in text.get().splitlines()]


def _cell(value):
    if value is None:
        return Text("-")
    return Text(number(value) if isinstance(value, float) else _cut(printable(value), _MAX_CELL))


def _cut(text, width):
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."


def _spread(confirmed):
    least, greatest = confirmed.spread
    return f"{number(least)} to {number(greatest)}"


def _against(role, first, other):
    """A sentence on how far another is behind the first, and whether that is significant."""
    difference, p = other.mean - first.mean, welch_p(first, other)
    who = f"The {role}, {other.name}," if other.name != role else f"The {role}"
    behind = f", {number(difference)} more"
    if other.name == RECIPE and other.mean > 0:
        behind = f"; the winner is {difference / other.mean:.1%} below it"
    shown = f"p = {p:.3g}" if p >= 0.001 else "p < 0.001"
    if min(len(first.scores), len(other.scores)) < 2:
        noise = "and with a single seed nobody can tell whether that is more than the noise"
    elif p < 0.05:
        noise = f"which is more than the noise ({shown})"
    else:
        noise = f"which is not more than the noise ({shown}): the two cannot be told apart"
    return f"{who} reads {number(other.mean)}{_failures(other)}{behind}, {noise}."


def _failures(confirmed):
    failed, count = confirmed.failed, len(confirmed.readings)
    lacked_memory = any(one.state == OUT_OF_MEMORY for one in confirmed.readings)
    how = "diverged, collapsed or out of memory" if lacked_memory else "diverged or collapsed"
    return f" with {failed} of {count} runs {how}" if failed else ""
