"""`gan-model invert`: an image -> the codings whose generated image is nearest to it."""

from pathlib import Path
from types import SimpleNamespace

import click

from gan_model.commands.arguments import DATA_SET, MODEL, PATH, POSITIVE, SEED, WHOLE
from gan_model.commands.inversion import compare, invert
from gan_model.commands.parsing import Command


@click.command(cls=Command, example="invert fashion --image shirt.png")
@click.argument("run", type=MODEL)
@click.option("--image", type=PATH, multiple=True, help="File of an image; may be repeated.")
@click.option("--of-class", type=WHOLE, help="Number of its class; else all are tried.")
@click.option("--starts", type=POSITIVE, default=4, help="Descents for each image; else 4.")
@click.option("--steps", type=POSITIVE, default=400, help="Steps of a descent; else 400.")
@click.option("--pixels-only", is_flag=True, help="Compare no features, though the run has some.")
@click.option("--check", type=POSITIVE, help="Instead: N training and N held-out images.")
@click.option("--data", type=DATA_SET, help="For --check, of a .keras file; else the run's.")
@click.option("--data-dir", type=PATH, help="Folder with the files of a named data set.")
@click.option("--seed", type=SEED, default=0, help="Of the codings to start from; else 0.")
@click.option(
    "--out", type=PATH, default="inverted.png", help="Picture; the codings go to OUT's .json."
)
def command(**options):
    """Looks for the codings of given images.

    RUN is the folder of a run, a .keras file, or a GAN that comes trained: fashion,
    fashion_by_class. The picture shows each image with what the generator makes of its codings.
    """
    args = SimpleNamespace(**options)
    if bool(args.image) == bool(args.check):
        raise click.UsageError("say what to look for: --image FILE, or --check N")
    if args.check and args.of_class is not None:
        raise click.UsageError("--check has the classes of its images; leave --of-class out")
    if args.image and (args.data or args.data_dir):
        raise click.UsageError("--data and --data-dir are for --check; leave them out")
    args.out = Path(args.out)
    if args.out.suffix != ".png" or not args.out.parent.is_dir():
        raise click.UsageError(f"--out is a .png in a folder that exists; received {args.out}")
    (compare if args.check else invert)(args)
