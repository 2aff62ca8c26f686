"""`gan-model evaluate`: generated images, held-out images -> how good the generated ones are."""

from pathlib import Path
from types import SimpleNamespace

import click

from gan_model.commands.arguments import (
    DATA_SET,
    GROUND,
    OVERWRITE,
    PAD,
    PATH,
    POSITIVE,
    features_option,
)
from gan_model.commands.evaluation import evaluate
from gan_model.commands.parsing import Command
from gan_model.commands.places import check_output


@click.command(cls=Command, example="evaluate runs/modern-sample --json figures.json")
@click.argument("what", type=PATH)
@click.option(
    "--data", type=DATA_SET, help="To compare with, as in train.", show_default="the run's"
)
@click.option("--data-dir", type=PATH, help="Folder with the files of a named data set.")
@PAD
@GROUND
@click.option("--count", type=POSITIVE, default=10_000, help="Images at most.")
@click.option("--seeds", type=POSITIVE, default=3, help="Seeds of a GAN, or parts of given images.")
@features_option("the run's, or by the images")
@click.option(
    "--weights",
    type=click.Choice(["last", "best"]),
    default="last",
    help="Epoch of a run to measure.",
)
@click.option("--json", type=PATH, help="File to write all figures to.")
@click.option(
    "--out", type=PATH, help="Folder of pictures.", show_default="RUN/evaluation, or ./evaluation"
)
@OVERWRITE
def command(**options):
    """Measures quality, classes and copying.

    WHAT is the folder of a run, a .keras file, a GAN that comes trained (fashion,
    fashion_by_class), or images: a .npz or .npy file, or a folder of pictures.
    """
    args = SimpleNamespace(**options)
    if args.json:
        path = Path(args.json)
        check_output(path, overwrite=args.overwrite, option="--json", kind=".json")
    evaluate(args)
