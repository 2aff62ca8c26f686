"""`gan-model page`: a trained GAN -> one HTML file that runs it in a browser."""

from pathlib import Path

import click

from gan_model.arguments import MODEL, OVERWRITE, PATH
from gan_model.commands.parsing import Command
from gan_model.commands.places import check_output
from gan_model.commands.screen import quiet


@click.command(cls=Command, example="page runs/modern-sample --out explorer.html")
@click.argument("run", type=MODEL)
@click.option("--out", type=PATH, default="explorer.html", help="File to write.")
@click.option("--title", help="Of the page.", show_default="the name of RUN")
@OVERWRITE
def command(run, out, title, overwrite):
    """Writes a page to walk through the codings of a GAN.

    RUN is the folder of a run, finished or not, a .keras file, or a GAN that comes trained:
    fashion, fashion_by_class. The page is one file that runs the generator in the browser; a
    double click opens it.
    """
    out = Path(out)
    if out.suffix != ".html":
        raise click.UsageError(f"--out is the name of a .html file; received {out}")
    check_output(out, overwrite=overwrite)
    with quiet():
        from gan_model import exporting, runs
    model = runs.open_model(run)
    title = title or Path(run).absolute().name.removesuffix(".keras")
    about = exporting.known_of(run)
    print(exporting.page(model, out, title=title, about=about, overwrite=overwrite))
