"""`gan-model train`: trains a preset, shows it on TensorBoard, and resumes a stopped run."""

from types import SimpleNamespace

import click

from gan_model.commands import fine_tuning
from gan_model.commands.arguments import (
    ABOVE_0,
    MODEL,
    PATH,
    POSITIVE,
    PRESET_OR_SUITED,
    SEED,
    WHOLE,
    data_options,
    features_option,
)
from gan_model.commands.parsing import Command
from gan_model.commands.training import train


@click.command(
    cls=Command,
    example="train --data path/to/pictures --minutes 10",
    go_on="Finished epochs are kept",
)
@click.option(
    "--preset",
    type=PRESET_OR_SUITED,
    help="suited chooses by the images, as for a folder.",
)
@click.option("--from", "source", type=MODEL, help="Go on from a trained GAN: its run or file.")
@click.option(
    "--freeze-discriminator",
    type=WHOLE,
    default=0,
    metavar="LAYERS",
    help="With --from: first layers that do not learn; else 0.",
)
@click.option("--new-generator", is_flag=True, help="With --from: the generator begins anew.")
@data_options("sample")
@click.option("--epochs", type=POSITIVE, help="Epochs in all; else 20.")
@click.option("--minutes", type=ABOVE_0, help="Of training, not epochs; else 10 for a folder.")
@click.option("--batch-size", type=POSITIVE, help="Images, of all devices; else the preset's.")
@click.option("--devices", type=POSITIVE, help="Else all GPUs, or one CPU.")
@click.option("--workers", type=POSITIVE, help="Processes that train together.")
@click.option("--clusters", type=WHOLE, help="For modern. 0: none; else 20 if 10,000 grey or more.")
@click.option("--bfloat16", is_flag=True, help="Compute in bfloat16, which can be faster.")
@click.option("--codings-size", type=POSITIVE, help="Else the preset's.")
@click.option("--generator-learning-rate", type=ABOVE_0, help="Else the preset's.")
@click.option("--discriminator-learning-rate", type=ABOVE_0, help="Else the preset's.")
@click.option(
    "--steps-per-epoch",
    type=POSITIVE,
    help="Else a pass, 100 if few; by --minutes a minute.",
)
@features_option()
@click.option("--validate-every", type=POSITIVE, default=1, help="Epochs per measurement; else 1.")
@click.option("--seed", type=SEED, default=0, help="Of weights, codings, image order; else 0.")
@click.option("--run-dir", type=PATH, help="Folder of the run; else runs/PRESET-DATA.")
@click.option("--keep", type=POSITIVE, default=3, help="Checkpoints to keep; else 3.")
@click.pass_obj
def command(program, **options):
    """Trains a GAN, or goes on with a stopped run. Default: `modern`, `sample`."""
    args = SimpleNamespace(**options)
    if args.epochs and args.minutes:
        raise click.UsageError("--epochs and --minutes both end a run; give one of them")
    if args.workers and args.devices:
        raise click.UsageError("each worker has one device; give --workers or --devices")
    fine_tuning.check(args)
    train(args, program)
