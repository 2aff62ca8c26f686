"""Compares images per second of one process, two devices in it, and two workers.

    python experiments/scaling.py --presets dense modern --repeats 3
    python experiments/scaling.py --presets guidelines --image-size 64

All train on the embedded sample, or on colour images of noise of the size asked for, with the same
batch for all devices together (`fixed batch`) or the same for each device (`fixed share`), in turn.
It prints the median of the repeats and their range. Seconds are those of training alone, without
the first epoch, which compiles the step. `experiments/sums.py` measures the sums of a step alone.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
from PIL import Image

from gan_model.commands.arguments import POSITIVE, Several
from gan_model.commands.parsing import Command

_BATCH, _STEPS, _EPOCHS = 64, 60, 3
_COUNT = 320  # images of noise
_LAYOUTS = {
    "one process": (_BATCH, []),
    "two devices, fixed batch": (_BATCH, ["--devices", "2"]),
    "two workers, fixed batch": (_BATCH, ["--workers", "2"]),
    "two workers, fixed share": (2 * _BATCH, ["--workers", "2"]),
}


def main(args):
    with tempfile.TemporaryDirectory() as folder:
        data = noise(folder, args.image_size) if args.image_size else []
        compare(args, data)


def noise(folder, size):
    """Writes images of noise; gives the arguments of train.py that name them."""
    images = np.random.default_rng(0).integers(0, 256, (_COUNT, size, size, 3), np.uint8)
    for number, image in enumerate(images):
        Image.fromarray(image).save(Path(folder) / f"{number}.png")
    return ["--data", folder, "--image-size", str(size), "--channels", "3"]


def compare(args, data):
    for preset in args.presets:
        speeds = {layout: [] for layout in _LAYOUTS}
        for _ in range(args.repeats):
            for layout, (batch, options) in _LAYOUTS.items():
                speeds[layout].append(images_per_second(preset, batch, [*data, *options]))
        for layout, found in speeds.items():
            middle = statistics.median(found)
            print(
                f"{preset}, {layout}: {middle:,.0f} images a second ({min(found):,.0f} to "
                f"{max(found):,.0f}), {1000 * _LAYOUTS[layout][0] / middle:.1f} ms a step",
                flush=True,
            )


def images_per_second(preset, batch, options):
    """Of the epochs after the first, in which the step is compiled."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "--preset": preset,
            "--batch-size": batch,
            "--steps-per-epoch": _STEPS,
            "--epochs": _EPOCHS,
            "--validate-every": _EPOCHS + 1,
            "--run-dir": folder,
        }
        train = [sys.executable, str(Path(__file__).with_name("train.py"))]
        given = [str(word) for pair in settings.items() for word in pair]
        subprocess.run([*train, *given, *options], check=True, stdout=subprocess.DEVNULL)
        rows = (Path(folder) / "time.csv").read_text().splitlines()[1:]
    seconds = [float(row.split(",")[1]) for row in rows]
    return (_EPOCHS - 1) * _STEPS * batch / (seconds[-1] - seconds[0])


@click.command(cls=Command, help=__doc__.split("\n")[0])
@click.option("--presets", type=Several("name..."), default=("dense", "modern"))
@click.option("--image-size", type=POSITIVE, help="Of colour images of noise; else the sample.")
@click.option("--repeats", type=POSITIVE, default=3, help="Else 3.")
def command(**options):
    main(SimpleNamespace(**options))


if __name__ == "__main__":
    command()
