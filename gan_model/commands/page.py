"""`gan-model page`: a trained GAN -> one HTML file that runs it in a browser."""

from pathlib import Path

import click

from gan_model.commands.arguments import MODEL, PATH
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet


@click.command(cls=Command, example="page runs/modern-sample --out explorer.html")
@click.argument("run", type=MODEL)
@click.option("--out", type=PATH, default="explorer.html", help="Else explorer.html.")
@click.option("--title", help="Of the page; else the name of RUN.")
def command(run, out, title):
    """Writes a page to walk through the codings of a GAN.

    RUN is the folder of a run, finished or not, a .keras file, or a GAN that comes trained:
    fashion, fashion_by_class. The page is one file that runs the generator in the browser; a
    double click opens it.
    """
    out = Path(out)
    if out.suffix != ".html" or not out.absolute().parent.is_dir():
        raise click.UsageError(f"--out is a .html in a folder that exists; received {out}")
    with quiet():
        from gan_model import exporting, runs
    model = runs.open_model(run)
    title = title or Path(run).absolute().name.removesuffix(".keras")
    print(exporting.page(model, out, title=title, about=known(run)))


def known(run):
    """What is known of a model, for the foot of its page; {} of a `.keras` file."""
    from gan_model import exporting, presets, runs

    if Path(run).is_file():
        return {}
    folder = runs.RunFolder(run)
    if folder.settings.exists():
        about = exporting.of_run(run)
        trained = {**about["trained"], "minutes": folder.minutes_done()}
        return {**about, "trained": trained, "command": exporting.train_command(folder)}
    if run in presets.PRETRAINED:
        return of_trained(presets.about_pretrained(run))
    return {}


def of_trained(made):
    """What `exporting.page` shows of a GAN that comes trained."""
    trained = {"epoch": made["epochs"], "minutes": made["minutes"]}
    measured = made["quality"][made["data"]]
    known = {name: made[name] for name in ("command", "preset", "data", "seed")}
    return {
        **known,
        "data_licence": made["licence"],
        "trained": trained,
        "quality": {
            "held_out_images": measured["count"],
            "figures": measured["gan"],
            "floor": measured["floor"],
        },
        "trained_with": made["versions"],
    }
