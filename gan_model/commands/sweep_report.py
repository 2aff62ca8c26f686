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
from gan_model.sweeps import comparing, ranking
from gan_model.sweeps.outcome import COLLAPSED, DIVERGED, FINISHED, OUT_OF_MEMORY

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
    ranking.write_csv(outcomes, folder.table)
    pictures.trials(outcomes, folder.chart, distance=distance, floor=floor)
    recall = search.hypergan.quality.recall
    table = {"distance": distance, "floor": floor, "recall": recall, "width": width}
    print("\n" + ranking.table(outcomes, **table))
    best = ranking.finished(outcomes)
    if not best:
        print(f"\nNo trial finished. {_advice(outcomes)}\nTables:       {folder.table}")
        return
    won = best[0]
    if confirmed:
        readings = [reading for one in confirmed for reading in one.readings]
        ranking.write_csv(readings, folder.confirmed_table)
        count = search.args.confirm
        print(f"\nTrained again with {count} new seed{'s' * (count > 1)}:")
        print(ranking.confirmation_table(confirmed, distance=distance, width=width))
        sentences = ranking.verdict(confirmed, distance=distance).splitlines()
        print("\n" + "\n".join(textwrap.fill(one, width) for one in sentences))
        won = ranking.ranked(comparing.winner(confirmed).readings)[0]
    side_by_side(search, best[:3])
    print(files(search, confirmed, program))
    if won.state == FINISHED:
        print(f"Train longer: {train_line(search, won, program)}")


def _advice(outcomes):
    """What to try after a search of which no trial finished, by what became of most of them."""
    states = [one.state for one in outcomes]
    return {
        COLLAPSED: "Try more epochs, or lower learning rates.",
        OUT_OF_MEMORY: "Try smaller batches: --batch-sizes.",
    }.get(max(states, key=states.count, default=DIVERGED), "Try lower learning rates.")


def side_by_side(search, outcomes):
    """Writes one picture of the grids of these trials, each of its best epoch or the nearest."""
    grids = {}
    for place, one in enumerate(outcomes, 1):
        samples, told = search.hypergan.folder_of(one.name).samples, ""
        path = _nearest(samples, one.best_epoch)
        if epoch_of(path) != one.best_epoch:
            told = f", here epoch {epoch_of(path)}"
        try:
            picture = np.asarray(read(path))
        except OSError as error:  # a trial that is over makes it no more
            print(f"{search.folder.pictures} has no {one.name}: {error}", file=sys.stderr)
        else:
            grids[f"{place}. {one.name}: {search.distance} {one.score:.4g}{told}"] = picture
    if grids:
        pictures.side_by_side([*grids.values()], [*grids], search.folder.pictures)


def _nearest(samples, epoch):
    """The path of the grid of an epoch, or of the nearest one that stayed of a long trial."""
    grids = by_epoch(samples.glob("epoch-*.png"))
    wanted = samples / f"epoch-{epoch:05d}.png"
    return min(grids, key=lambda path: abs(epoch_of(path) - epoch), default=wanted)


def files(search, confirmed, program):
    """Lines that say where the files are."""
    folder = search.folder
    tables = [folder.table, *([folder.confirmed_table] if confirmed else [])]
    return f"""
Tables:       {", ".join(map(str, tables))}
Pictures:     {folder.chart}, {folder.pictures}, {folder.trials}/*/samples
Dashboard:    {program.line("board", folder.tensorboard)}"""


def train_line(search, won, program):
    """The line to type that trains the settings of an `Outcome` longer, with the same seed."""
    args, shared = search.args, ("preset", *DATA_SETTINGS, "steps_per_epoch", "features")
    given = {name: getattr(args, name) for name in shared}
    given |= {"batch_size": args.batch_sizes[0], **won.hyperparameters, "seed": won.seed}
    if args.minutes or args.data not in data.NAMES:
        given["minutes"] = float(f"{max(MINUTES, _LONGER * (args.minutes or 0)):g}")
    else:
        given["epochs"] = _LONGER * args.epochs
    settings = RunSettings(**given, run_dir=search.folder.path / f"winner-{won.name}")
    return program.line("train", *settings.words())
