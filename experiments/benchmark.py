"""Compares `fit` with the loop it replaces, in turn in one process.

    python experiments/benchmark.py --repeats 5
    python experiments/benchmark.py --preset modern --bfloat16

It prints, on the embedded sample:

- images per second of the reference loop (two compiled models, `train_on_batch`) and of `fit` with
  a preset's own settings and all callbacks of a run, and the ratio of each pair with its spread;
- the time of the callbacks, and of measuring the quality on 10,000 images, as a fraction of an
  epoch of 60,000 images;
- the matrix-multiply rate of the machine, which limits both;
- the peak memory of each, measured in a separate process.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import click

from gan_model.arguments import PATH, POSITIVE
from gan_model.commands.local_workers import cores
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

_SIDES = ("loop", "fit")
_PRESETS = ("dense", "dcgan", "modern")
_FIRST = 2  # of them are compared without --preset
# Of the sample, for one measurement: five to fifteen seconds.
_EPOCHS = {"dense": 10, "dcgan": 1, "modern": 1}
_CALLBACK_SECONDS = []


@click.command(cls=Command, help=__doc__.split("\n")[0])
@click.option("--preset", type=click.Choice(_PRESETS), multiple=True, help="Only this; else two.")
@click.option("--repeats", type=POSITIVE, default=5, help="Pairs of measurements; else 5.")
@click.option("--bfloat16", is_flag=True, help="Let fit, not the loop, compute in bfloat16.")
@click.option("--json", type=PATH, help="File to write the figures to.")
@click.option("--alone", type=click.Choice(_SIDES), help="Only print the peak memory of a side.")
def main(**options):
    args = SimpleNamespace(**options)
    with quiet():
        import tensorflow as tf

    if args.alone:
        print(peak_memory_of(args.alone, args.preset[0], args.bfloat16))
        return
    figures = {"machine": {"gflops": round(matmul_rate(tf), 1), "cpus": cores(), **versions()}}
    print(f"matrix-multiply rate {figures['machine']['gflops']:.0f} GFLOP/s, {cores()} CPUs")
    for preset in args.preset or _PRESETS[:_FIRST]:
        figures[preset] = compare(preset, args.repeats, args.bfloat16)
        figures[preset]["peak_memory_mib"] = {
            side: measured(side, preset, args.bfloat16) for side in _SIDES
        }
        print(line(preset, figures[preset]))
    if args.json:
        Path(args.json).write_text(json.dumps(figures, indent=2) + "\n")


def compare(preset, repeats, bfloat16):
    """Runs loop and fit in turn, `repeats` times, after a warm-up of each."""
    speeds = {side: [] for side in _SIDES}
    _CALLBACK_SECONDS.clear()
    with tempfile.TemporaryDirectory() as folder:
        runs = {side: trainer(side, preset, folder, bfloat16) for side in _SIDES}
        for run in runs.values():
            run(1)
        for _ in range(repeats):
            for side, run in runs.items():
                began = time.perf_counter()
                images = run(_EPOCHS[preset])
                speeds[side].append(images / (time.perf_counter() - began))
    ratios = [fit / loop for fit, loop in zip(speeds["fit"], speeds["loop"], strict=True)]
    ratio = {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}
    callbacks = 1000 * statistics.median(_CALLBACK_SECONDS)
    full_epoch = 1000 * 60_000 / statistics.median(speeds["fit"])
    quality = 1000 * seconds_of_quality(preset)
    return {
        "images_per_second": speeds,
        "ratio": ratio,
        "callbacks_ms_an_epoch": callbacks,
        "callbacks_share_of_60000_images": callbacks / full_epoch,
        "quality_ms": quality,
        "quality_share_of_60000_images": quality / full_epoch,
    }


def trainer(side, preset, folder, bfloat16):
    """A function that trains for some epochs and gives the number of images it trained on."""
    from gan_model import data

    (images, _), _ = data.load("sample")
    if side == "loop":
        train = reference(preset, images)
    else:
        train = ours(preset, images, folder, bfloat16)

    def run(epochs):
        train(epochs)
        return epochs * (len(images) // 32 * 32)

    return run


def seconds_of_quality(preset):
    """What an evaluation adds to measure 10,000 images, median of three; held-out ones known."""
    from gan_model import data, metrics, presets

    (images, _), _ = data.load("sample")
    gan, quality, seconds = presets.named(preset)(), metrics.Quality(), []
    quality.refer_to(images)
    for _ in range(4):
        began = time.perf_counter()
        quality.of(gan.sampler())
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])  # the first one compiles


def measured(side, preset, bfloat16):
    """Peak memory of one side, MiB, from a fresh process."""
    command = [sys.executable, __file__, "--alone", side, "--preset", preset]
    command += ["--bfloat16"] * bfloat16
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peak_memory_of(side, preset, bfloat16):
    """Trains one epoch and gives the peak memory of this process, MiB."""
    with tempfile.TemporaryDirectory() as folder:
        trainer(side, preset, folder, bfloat16)(1)
    return own_peak_memory()


def own_peak_memory():
    """Peak memory of this process, MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: `getrusage` counts the parent's memory at the fork too
        peak = next(line for line in status.read_text().splitlines() if "VmHWM" in line)
        return int(peak.split()[1]) // 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20


def reference(preset, images):
    """A function that trains for some epochs with the reference loop."""
    import reference_loop

    from gan_model import presets

    gan = presets.PRESETS[preset]()
    generator, discriminator = gan.generator, gan.discriminator
    models = reference_loop.compiled(generator, discriminator)
    dataset = reference_loop.batches(gan, images)

    def run(epochs):
        reference_loop.train(generator, *models, dataset, gan.codings_size, epochs=epochs)

    return run


def ours(preset, images, folder, bfloat16):
    """A function that trains for some epochs with `fit` and the callbacks of a run."""
    from gan_model import callbacks, presets
    from gan_model.networks.layers import dtype_policy

    with dtype_policy("mixed_bfloat16" if bfloat16 else None):
        gan = presets.PRESETS[preset]()
    epochs_done = 0

    def run(epochs):
        nonlocal epochs_done
        epochs_done += epochs
        watched = between(callbacks.watch(Path(folder) / preset))
        gan.fit(images, epochs=epochs_done, callbacks=watched, verbose=0)

    return run


def between(callbacks):
    """The callbacks, and around them two that note what they take at the end of an epoch."""
    from keras.callbacks import LambdaCallback

    begun = LambdaCallback(on_epoch_end=lambda *_: _CALLBACK_SECONDS.append(-time.perf_counter()))

    def note(*_):
        _CALLBACK_SECONDS[-1] += time.perf_counter()

    return [begun, *callbacks, LambdaCallback(on_epoch_end=note)]


def matmul_rate(tf):
    """GFLOP/s of the best of six products of float32 matrices of 2,000 x 2,000."""
    size, best = 2000, float("inf")
    a, b = tf.random.normal((size, size)), tf.random.normal((size, size))
    for _ in range(6):
        began = time.perf_counter()
        float(tf.matmul(a, b)[0, 0])
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best / 1e9


def line(preset, figures):
    loop, fit = (statistics.median(figures["images_per_second"][side]) for side in _SIDES)
    ratio, memory = figures["ratio"], figures["peak_memory_mib"]
    return (
        f"{preset:6} loop {loop:7,.0f} images/s   fit {fit:7,.0f} images/s   "
        f"ratio {ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})   "
        f"peak memory: loop {memory['loop']} MiB, fit {memory['fit']} MiB   "
        f"callbacks {figures['callbacks_ms_an_epoch']:.0f} ms an epoch, "
        f"{figures['callbacks_share_of_60000_images']:.2%} of one of 60,000 images; quality "
        f"{figures['quality_ms']:,.0f} ms, {figures['quality_share_of_60000_images']:.1%}"
    )


def versions():
    import keras
    import tensorflow as tf

    return {"tensorflow": tf.__version__, "keras": keras.__version__}


if __name__ == "__main__":
    main()
