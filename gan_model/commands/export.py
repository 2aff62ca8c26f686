"""`gan-model export`: a trained GAN -> a SavedModel, LiteRT or ONNX file, checked."""

from pathlib import Path

import click

from gan_model.arguments import MODEL, OVERWRITE, PATH, POSITIVE, OneOf
from gan_model.catalog import PRETRAINED
from gan_model.commands.parsing import Command
from gan_model.commands.places import check_output
from gan_model.commands.screen import quiet
from gan_model.exporting import FORMATS


@click.command(cls=Command, example="export runs/modern-sample --format onnx")
@click.argument("run", type=MODEL)
@click.option("--format", type=OneOf(FORMATS), required=True, help="What to write.")
@click.option(
    "--out", type=PATH, show_default="RUN/gan or NAME, with .onnx, .tflite or -savedmodel"
)
@click.option(
    "--batch", type=POSITIVE, help="Images in a call.", show_default="any number, of litert 1"
)
@OVERWRITE
def command(run, format, out, batch, overwrite):
    """Writes the generator for programs without Keras.

    RUN is the folder of a run, finished or not, a .keras file, or a GAN that comes trained:
    fashion, fashion_by_class. The other program gives codings (and labels) and gets uint8 images.
    The file is run at once by the format's own runtime, and is kept only if its images are those
    of the GAN.
    """
    out = Path(out) if out else beside(Path(run), format)
    check_output(out, overwrite=overwrite, may_be_folder=not FORMATS[format].suffix)
    check_output(out.with_name(f"{out.name}.json"), overwrite=overwrite)
    with quiet():
        from gan_model import exporting, runs
        from gan_model.model.interrupts import Interrupts
    model, about = runs.open_model(run), exporting.known_of(run)
    # The converters have much to say; what they write is atomic, so Ctrl-C need not wait.
    with quiet(later=False), Interrupts().handle_sigint():
        how = {"format": format, "batch": batch, "overwrite": overwrite}
        exported = exporting.export(model, out, about=about, **how)
    print(exported)


def beside(run, format):
    """Where the export goes: into the run, beside the `.keras` file, or here."""
    holds_run = any((run / name).exists() for name in ("settings.json", "gan.keras"))
    is_name = str(run) in PRETRAINED and not holds_run  # as for `runs.open_model`
    place = run / "gan" if run.is_dir() and not is_name else run.with_suffix("")
    return place.with_name(place.name + (FORMATS[format].suffix or f"-{format}"))
