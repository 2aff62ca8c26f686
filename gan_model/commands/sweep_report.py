"""The report of `gan-model sweep`: tables, pictures, the winner, and how to train it longer."""

import shutil
import sys
import textwrap

import numpy as np

from gan_model import data, pictures
from gan_model.callbacks.checkpoints import by_epoch, epoch_of
from gan_model.commands.completing import MINUTES
from gan_model.pictures.grids import read
from gan_model.run_settings import DATA_SETTINGS, RunSettings
from gan_model.storage.messages import printable
from gan_model.sweeps import tables
from gan_model.sweeps.confirming import by_mean
from gan_model.sweeps.outcome import (
    COLLAPSED,
    DIVERGED,
    FINISHED,
    OUT_OF_MEMORY,
    finished,
    ranked,
)

_LONGER = 10  # times the epochs, or the minutes, of a trial
_WIDTH = 100  # of a table, in characters, where the terminal is not narrower


def report(search, confirmed, program):
    """Prints the tables of a `Search`, and writes its pictures and CSV files.

    Args:
        search: `Search` that is over.
        confirmed: list of `Confirmed`.
        program: `Program`.
    """
    folder, distance = search.folder, search.distance
    outcomes, floor = search.outcomes(), search.floor
    width = min(shutil.get_terminal_size((_WIDTH, 24)).columns, _WIDTH)
    tables.write_csv(outcomes, folder.table)
    pictures.trials(outcomes, folder.chart, distance=distance, floor=floor)
    recall = search.hypergan.quality.recall
    print()
    print(tables.trial_table(outcomes, distance=distance, floor=floor, recall=recall, width=width))
    best = finished(outcomes)
    if not best:
        print(f"\nNo trial finished. {_advice(outcomes)}")
        print(f"Tables:       {printable(folder.table)}")
        return
    won = best[0]
    if confirmed:
        readings = [reading for each in confirmed for reading in each.readings]
        tables.write_csv(readings, folder.confirmed_table)
        count = search.args.confirm
        print(f"\nTrained again with {count} new seed{'s' * (count > 1)}:")
        print(tables.confirmation_table(confirmed, distance=distance, width=width), end="\n\n")
        for sentence in tables.summary(confirmed, distance=distance):
            print(textwrap.fill(printable(sentence), width))
        won = ranked(by_mean(confirmed)[0].readings)[0]
    _side_by_side(search, best[:3])
    written = [folder.table, *([folder.confirmed_table] if confirmed else [])]
    drawn = [folder.chart, folder.pictures, f"{folder.trials}/*/samples"]
    print(f"\nTables:       {printable(', '.join(map(str, written)))}")
    print(f"Pictures:     {printable(', '.join(map(str, drawn)))}")
    print(f"Dashboard:    {program.line('board', folder.tensorboard)}")
    if won.state == FINISHED:
        print(f"Train longer: {train_line(search, won, program)}")


def _advice(outcomes):
    """What to try after a search of which no trial finished, by what became of most of them."""
    states = [one.state for one in outcomes]
    return {
        COLLAPSED: "Try more epochs, or lower learning rates.",
        OUT_OF_MEMORY: "Try smaller batches: --batch-sizes.",
    }.get(max(states, key=states.count, default=DIVERGED), "Try lower learning rates.")


def _side_by_side(search, outcomes):
    """Writes one picture of the grids of these trials, each of its best epoch or the nearest."""
    grids = {}
    for rank, outcome in enumerate(outcomes, 1):
        samples, note = search.hypergan.folder_of(outcome.name).samples, ""
        # Of a long trial the grids of some epochs stay.
        path = min(
            by_epoch(samples.glob("epoch-*.png")),
            key=lambda path, best=outcome.best_epoch: abs(epoch_of(path) - best),
            default=samples / f"epoch-{outcome.best_epoch:05d}.png",
        )
        if epoch_of(path) != outcome.best_epoch:
            note = f", here epoch {epoch_of(path)}"
        try:
            picture = np.asarray(read(path))
        except OSError as error:  # a finished trial cannot draw it again
            message = f"{search.folder.pictures} has no {outcome.name}: {error}"
            print(printable(message), file=sys.stderr)
        else:
            title = f"{rank}. {outcome.name}: {search.distance} {outcome.score:.4g}{note}"
            grids[title] = picture
    if grids:
        pictures.side_by_side([*grids.values()], [*grids], search.folder.pictures)


def train_line(search, won, program):
    """The line to type that trains the settings of an `Outcome` longer, with the same seed."""
    args, shared = search.args, ("preset", *DATA_SETTINGS, "steps_per_epoch", "features")
    given = {name: getattr(args, name) for name in shared}
    given |= {"batch_size": args.batch_sizes[0], **won.hyperparameters, "seed": won.seed}
    if args.minutes or args.data not in data.data_sets():
        given["minutes"] = float(f"{max(MINUTES, _LONGER * (args.minutes or 0)):g}")
    else:
        given["epochs"] = _LONGER * args.epochs
    settings = RunSettings(**given, run_dir=search.folder.path / f"winner-{won.name}")
    return program.line("train", *settings.words())
