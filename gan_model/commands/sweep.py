"""`gan-model sweep`: searches hyperparameters of a preset, and trains the best ones again."""

import os
from pathlib import Path
from types import SimpleNamespace

import click

from gan_model.arguments import (
    ABOVE_0,
    ALL_ABOVE_0,
    PATH,
    POSITIVE,
    POSITIVES,
    PRESET,
    SEED,
    WHOLE,
    features_option,
)
from gan_model.commands.local_workers import cores
from gan_model.commands.parsing import Command
from gan_model.commands.places import check_run_dir, name_of
from gan_model.commands.screen import quiet, use_gpus
from gan_model.run_settings import data_options

_TUNERS = ("random", "hyperband", "bayesian", "grid")


@click.command(
    cls=Command,
    example="sweep --preset modern --trials 8 --epochs 2",
    go_on="Finished trials and epochs are kept",
)
@click.option("--preset", type=PRESET, default="modern", help="dense, dcgan, ...; else modern.")
@data_options("sample")
@click.option("--tuner", type=click.Choice(_TUNERS), default="random", help="Else random.")
@click.option("--trials", type=POSITIVE, help="Else 8; for hyperband and grid all.")
@click.option("--epochs", type=POSITIVE, help="Per trial; else 2 (hyperband: up to 9).")
@click.option("--minutes", type=ABOVE_0, help="Of training, per trial, not epochs.")
@click.option(
    "--steps-per-epoch", type=POSITIVE, help="Batches per epoch; else one pass, or 100 if few."
)
@click.option(
    "--codings-sizes",
    type=POSITIVES,
    default=(16, 32, 64, 128, 256),
    help="Choices; else 16 32 64 128 256.",
)
@click.option(
    "--learning-rates",
    type=ALL_ABOVE_0,
    default=(1e-4, 3e-3),
    help="Lowest and highest; else 1e-4 3e-3.",
)
@click.option("--batch-sizes", type=POSITIVES, help="Choices; else the preset's.")
@click.option(
    "--top", type=POSITIVE, default=3, help="Best trials to keep and train again; else 3."
)
@click.option("--confirm", type=WHOLE, default=3, help="New seeds for each of them; else 3.")
@click.option("--workers", type=POSITIVE, help="Processes that share the trials.")
@click.option("--worker", type=POSITIVE, help="Run only the worker with this number.")
@click.option("--seed", type=SEED, default=0, help="Of the search; else 0.")
@features_option()
@click.option("--run-dir", type=PATH, help="Folder; else runs/sweep-PRESET-DATA.")
@click.pass_obj
def command(program, **options):
    """Searches the codings size and learning rates of a preset.

    The best trials are trained again with new seeds. A stopped search goes on.
    """
    args = SimpleNamespace(**options)
    if args.epochs and args.minutes:
        raise click.UsageError("--epochs and --minutes both end a trial; give one of them")
    if args.minutes and args.tuner == "hyperband":
        raise click.UsageError("hyperband counts epochs; give --epochs, or another --tuner")
    if args.worker:  # TensorFlow, which is not imported yet, uses a worker's share of the cores
        share = max(1, cores() // (args.workers or 1))
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(share))
    # keras-tuner looks for scikit-learn once, when it is imported.
    with quiet(needed=["sklearn"] if args.tuner == "bayesian" else []):
        from gan_model import sweeps
        from gan_model.commands.searching import Search
        from gan_model.commands.sweep_report import report
    role = sweeps.workers.role()
    if role == "worker" and args.workers and not args.worker:
        raise click.UsageError("KERASTUNER_TUNER_ID makes this one worker; leave --workers out")
    path = Path(args.run_dir or f"runs/sweep-{args.preset}-{name_of(args.data)}")
    check_run_dir(path, args.data)
    use_gpus(shared=bool(args.workers or args.worker or role))
    if args.worker or role == "worker":
        _work(args, path)
        return
    search = Search(args, path)
    with search.folder.opened(search.settings):
        commands = [
            program.started([*program.words[1:], "--worker", str(number)])
            for number in range(1, 1 + (args.workers or 0))
        ]
        leading = sweeps.chief_of(path, commands)  # before the tuner is made
        tuner, journal = search.follow()
        search.note()  # not before, as the search may be refused; the workers read it
        with leading as chief:
            search.run(tuner, journal, chief)
            confirmed = search.confirm(chief)
        report(search, confirmed, program)


def _work(args, path):
    """Trains what the chief of a search hands out."""
    from gan_model import sweeps
    from gan_model.commands.searching import Search

    with sweeps.workers.worker(path, args.worker):
        # After the chief, which keeps the features it learned. Its `top` and `confirm` count:
        # the command of this worker may have others.
        chiefs = sweeps.SearchFolder(path).read_settings()
        args.top, args.confirm = chiefs["top"], chiefs["confirm"]
        search = Search(args, path)
        if not sweeps.workers.trials_are_over(path):
            search.work()
        search.help_to_confirm()
