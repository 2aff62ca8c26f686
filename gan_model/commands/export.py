"""`gan-model export`: a trained GAN -> a SavedModel, LiteRT or ONNX file, checked."""

from pathlib import Path

import click

from gan_model.commands.arguments import PATH, POSITIVE, Choice
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

# gan_model.exporting.FORMATS has them too, and takes seconds to import.
_NAMES = {"savedmodel": "-savedmodel", "litert": ".tflite", "onnx": ".onnx"}


@click.command(cls=Command, example="export runs/modern-sample --format onnx")
@click.argument("run", type=PATH, required=False)
@click.option("--from", "file", type=PATH, help="Instead of a run: a .keras file.")
@click.option("--format", type=Choice(*_NAMES), required=True, help="What to write.")
@click.option("--out", type=PATH, help="Else gan.onnx, gan.tflite or gan-savedmodel in RUN.")
@click.option("--batch", type=POSITIVE, help="Images in a call; else any number, of litert 1.")
def command(run, file, format, out, batch):
    """Writes the generator for programs without Keras.

    RUN is the folder of a run, finished or not. The other program gives codings (and labels) and
    gets uint8 images. The file is run at once by the format's own runtime, and is kept only if
    its images are those of the GAN.
    """
    if (run is None) == (file is None):
        raise click.UsageError("say where the GAN is: the folder of a run, or --from FILE.keras")
    out = Path(out) if out else beside(run, file, format)
    if not out.absolute().parent.is_dir():
        raise click.UsageError(f"there is no folder {out.parent} for --out {out}")
    with quiet():
        from gan_model import exporting, runs
    model = runs.load_model(file) if file else runs.RunFolder(run).load()
    about = exporting.of_run(run) if run else None
    with quiet():  # the converters have much to say
        exported = exporting.export(model, out, format=format, batch=batch, about=about)
    print(exported)


def beside(run, file, format):
    """Where the export goes: into the run, or beside the `.keras` file."""
    place = Path(run) / "gan" if run else Path(file).with_suffix("")
    return place.with_name(place.name + _NAMES[format])
