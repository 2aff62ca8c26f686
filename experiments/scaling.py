"""Compares images per second of one process, several devices in it, and several workers.

    python experiments/scaling.py --workers 1 2
    python experiments/scaling.py --workers 1 2 --presets guidelines --image-size 64

All train on the embedded sample, or on colour images of noise of the size asked for, with the same
batch for all devices together (`fixed batch`) or the same for each device (`fixed share`), in turn.
It prints the median of the repeats and their range. Seconds are those of training alone, without
the first epoch, which compiles the step. Last it prints the time of the sums of a step alone
(`experiments/sums.py`).
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

from gan_model.arguments import POSITIVE, POSITIVES, Several
from gan_model.commands.parsing import Command

_BATCH, _EPOCHS = 64, 3
_COUNT = 320  # images of noise


@click.command(cls=Command, help=__doc__.split("\n")[0])
@click.option("--presets", type=Several(str), default=("dense", "modern"), help="To train.")
@click.option("--image-size", type=POSITIVE, help="Of colour images of noise; else the sample.")
@click.option("--workers", type=POSITIVES, default=(1, 2), help="Of each layout; else 1 2.")
@click.option("--steps", type=POSITIVE, default=60, help="Of an epoch; else 60. There are three.")
@click.option("--repeats", type=POSITIVE, default=3, help="Else 3.")
def main(**options):
    args = SimpleNamespace(**options)
    with tempfile.TemporaryDirectory() as folder:
        data = noise(folder, args.image_size) if args.image_size else []
        for preset in args.presets:
            compare(preset, layouts(args.workers), args, data)
            for count in filter(lambda count: count > 1, args.workers):
                sums_alone(preset, count, args.image_size)


def layouts(counts):
    """Batch size and options of train.py of each layout to compare, by name."""
    found = {}
    for count in counts:
        if count == 1:
            found["one process"] = _BATCH, ["--devices", "1"]  # not all GPUs
            continue
        for kind in ("devices", "workers"):
            for batch, name in ((_BATCH, "batch"), (count * _BATCH, "share")):
                found[f"{count} {kind}, fixed {name}"] = batch, [f"--{kind}", str(count)]
    return found


def noise(folder, size):
    """Writes images of noise; gives the arguments of train.py that name them."""
    images = np.random.default_rng(0).integers(0, 256, (_COUNT, size, size, 3), np.uint8)
    for number, image in enumerate(images):
        Image.fromarray(image).save(Path(folder) / f"{number}.png")
    return ["--data", folder, "--image-size", str(size), "--channels", "3"]


def compare(preset, layouts, args, data):
    speeds = {layout: [] for layout in layouts}
    for _ in range(args.repeats):
        for layout, (batch, options) in layouts.items():
            speed = images_per_second(preset, batch, args.steps, [*data, *options])
            speeds[layout].append(speed)
    for layout, found in speeds.items():
        middle = statistics.median(found)
        print(
            f"{preset}, {layout}: {middle:,.0f} images a second ({min(found):,.0f} to "
            f"{max(found):,.0f}), {1000 * layouts[layout][0] / middle:.1f} ms a step",
            flush=True,
        )


def sums_alone(preset, workers, image_size):
    shape = ["--image-size", str(image_size), "--channels", "3"] if image_size else []
    sums = [sys.executable, str(Path(__file__).with_name("sums.py")), "--preset", preset]
    print(f"{workers} workers, sums alone, ", end="", flush=True)
    subprocess.run([*sums, "--workers", str(workers), *shape], check=True)


def images_per_second(preset, batch, steps, options):
    """Of the epochs after the first, in which the step is compiled."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "--preset": preset,
            "--batch-size": batch,
            "--steps-per-epoch": steps,
            "--epochs": _EPOCHS,
            "--validate-every": _EPOCHS + 1,
            "--features": "sliced",  # others would be learned first
            "--run-dir": folder,
        }
        train = [sys.executable, str(Path(__file__).with_name("train.py"))]
        given = [str(word) for pair in settings.items() for word in pair]
        subprocess.run([*train, *given, *options], check=True, stdout=subprocess.DEVNULL)
        rows = (Path(folder) / "time.csv").read_text().splitlines()[1:]
    seconds = [float(row.split(",")[1]) for row in rows]
    return (_EPOCHS - 1) * steps * batch / (seconds[-1] - seconds[0])


if __name__ == "__main__":
    main()
