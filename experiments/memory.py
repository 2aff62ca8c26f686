"""Measures how much memory a process keeps after each of many GANs is trained.

    python experiments/memory.py --preset modern --count 20
    python experiments/memory.py --trials 50

Each GAN is new and gets 10,000 new random images. It trains a few steps and is measured on held-out
images. With `--trials` a random search on tiny images replaces the GANs. The program prints the
resident memory of the process after each GAN, after Python has collected its garbage, and the
growth after the third. With `--trim` the C library first returns its free memory to the system, so
the figures show the memory in use.
"""

import ctypes
import gc
import json
import tempfile
from pathlib import Path
from types import SimpleNamespace

import click

from gan_model.arguments import PATH, POSITIVE
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

_PRESETS = ("modern", "dcgan", "guidelines", "dense")
_STEPS = 5
_WARM_UP = 3  # GANs after which TensorFlow has made what it makes once


@click.command(cls=Command, help=__doc__.split("\n")[0])
@click.option("--preset", type=click.Choice(_PRESETS), default="modern", help="To train.")
@click.option("--count", type=POSITIVE, default=20, help="Number of GANs; else 20.")
@click.option("--trials", type=POSITIVE, help="Trials of a search, not GANs.")
@click.option("--trim", is_flag=True, help="Leave out free memory of malloc.")
@click.option("--json", type=PATH, help="File to write the figures to.")
def main(**options):
    args = SimpleNamespace(**options)
    with quiet():
        import gan_model  # noqa: F401

    figures = []

    def measured(*_):
        gc.collect()
        if args.trim:
            ctypes.CDLL(None).malloc_trim(0)  # of glibc, as most Linux systems have it
        figures.append(resident_memory())
        print(f"{len(figures):3} {figures[-1]:8.1f} MB", flush=True)

    if args.trials:
        search(args.trials, measured)
    else:
        for number in range(args.count):
            train(args.preset, seed=number)
            measured()
    print(growth(figures))
    if args.json:
        Path(args.json).write_text(json.dumps(figures) + "\n")


def train(preset, *, seed):
    """Trains a new GAN for a few steps on new images."""
    import keras
    import numpy as np

    from gan_model import presets

    # As each run does. It also has TensorFlow forget the operations that made earlier variables.
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (10_000, 28, 28), dtype=np.uint8)
    held_out = rng.integers(0, 256, (100, 28, 28), dtype=np.uint8)
    gan = presets.named(preset)((28, 28), seed=seed)
    gan.fit(images, steps_per_epoch=_STEPS, validation_data=held_out, verbose=0)


def search(trials, measured):
    """Searches with keras-tuner, on 64 images of 16 x 16; calls `measured` after each trial."""
    import keras_tuner
    import numpy as np

    from gan_model import presets, sweeps

    images = np.random.default_rng(0).integers(0, 256, (64, 16, 16), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        hypergan = sweeps.HyperGAN(
            lambda hp: presets.dcgan((16, 16), **sweeps.search_space(hp, presets.dcgan)),
            folder,
            held_out=images,
        )
        place = {"directory": folder, "project_name": "tuner"}
        tuner = keras_tuner.RandomSearch(
            hypergan, hypergan.objective, max_trials=trials, seed=1, **place
        )
        sweeps.Journal(Path(folder) / "journal.jsonl", on_end=measured).follow(tuner.oracle)
        tuner.search(images, epochs=1, verbose=0)


def resident_memory():
    """Memory of this process that is in RAM, MB; Linux alone tells it."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if "VmRSS" in line).split()[1]) * 1024 / 1e6


def growth(figures):
    after = figures[_WARM_UP - 1 :]
    if len(after) < 2:
        return f"Growth is counted from number {_WARM_UP} on; there are {len(figures)}."
    each = (after[-1] - after[0]) / (len(after) - 1)
    return f"{after[-1] - after[0]:+.1f} MB after number {_WARM_UP}: {each:+.2f} MB each"


if __name__ == "__main__":
    main()
