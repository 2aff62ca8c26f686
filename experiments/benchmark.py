"""Compares `fit` with the loop it replaces, alternately in one process.

    python experiments/benchmark.py --json docs/results/speed.json
    python experiments/benchmark.py --preset modern --bfloat16

It measures, on the embedded sample, in batches of 32:

- images per second of the reference loop (two compiled models, `train_on_batch`) and of `fit` with
  a preset's own settings and all callbacks of a run, and the ratio of each pair with its spread;
- the time of the callbacks, and of measuring the quality on 10,000 images, as a fraction of an
  epoch of 60,000 images;
- the matrix-multiply rate of the machine, which limits both;
- the peak memory of each, in a separate process.

`modern_conditional` has no loop to compare with. With `--json` the figures are also written to a
file, and as a page beside it: `speed.json` and `speed.md`.
"""

import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from results_origin import origin

from gan_model.arguments import PATH, POSITIVE
from gan_model.commands.local_workers import cores
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

_SIDES = ("loop", "fit")
# Epochs of the sample in one measurement: five to twenty seconds.
_EPOCHS = {"dense": 10, "dcgan": 1, "guidelines": 1, "modern": 1, "modern_conditional": 1}
_WITHOUT_LOOP = {"modern_conditional"}  # the loop takes no labels
_BATCH_SIZE = 32
_CALLBACK_SECONDS = []


@click.command(cls=Command, help=__doc__.split("\n")[0])
@click.option("--preset", type=click.Choice([*_EPOCHS]), multiple=True, help="Only this preset.")
@click.option("--repeats", type=POSITIVE, default=3, show_default=True, help="Measurements.")
@click.option("--bfloat16", is_flag=True, help="Let fit, not the loop, compute in bfloat16.")
@click.option("--json", "path", type=PATH, help="File to write the figures to.")
@click.option("--alone", type=click.Choice(_SIDES), help="Only print the peak memory of a side.")
def main(preset, repeats, bfloat16, path, alone):
    with quiet():
        import tensorflow as tf

    if alone:
        print(peak_memory_of(alone, preset[0], bfloat16))
        return
    machine = {"processor": processor(), "cpus": cores(), "gflops": round(matmul_rate(tf), 1)}
    record = {
        **origin(),
        "command": " ".join(["python", "experiments/benchmark.py", *sys.argv[1:]]),
        "versions": versions(),
        "machine": machine,
        "presets": {},
    }
    print(f"{processor()}, {cores()} CPUs, matrix-multiply rate {machine['gflops']:.0f} GFLOP/s")
    for name in preset or _EPOCHS:
        figures = record["presets"][name] = compare(name, repeats, bfloat16)
        figures["peak_memory_mib"] = {
            side: peak_memory_alone(side, name, bfloat16) for side in sides(name)
        }
        print(*row(name, figures), sep=" | ", flush=True)
    if path:
        write(record, Path(path))


def sides(preset):
    return _SIDES[1:] if preset in _WITHOUT_LOOP else _SIDES


def compare(preset, repeats, bfloat16):
    """Runs loop and fit alternately, `repeats` times, after a warm-up of each."""
    speeds = {side: [] for side in sides(preset)}
    _CALLBACK_SECONDS.clear()
    with tempfile.TemporaryDirectory() as folder:
        runs = {side: trainer(side, preset, folder, bfloat16) for side in speeds}
        for run in runs.values():
            run(1)
        for _ in range(repeats):
            for side, run in runs.items():
                began = time.perf_counter()
                images = run(_EPOCHS[preset])
                speeds[side].append(images / (time.perf_counter() - began))
    callbacks = 1000 * statistics.median(_CALLBACK_SECONDS)
    full_epoch = 1000 * 60_000 / statistics.median(speeds["fit"])
    quality = 1000 * seconds_of_quality(preset)
    return {
        "images_per_second": speeds,
        "callbacks_ms_an_epoch": callbacks,
        "callbacks_share_of_60000_images": callbacks / full_epoch,
        "quality_ms": quality,
        "quality_share_of_60000_images": quality / full_epoch,
    }


def trainer(side, preset, folder, bfloat16):
    """A function that trains for some epochs and gives the number of images it trained on."""
    from gan_model import data

    (images, labels), _ = data.load("sample")
    if side == "loop":
        train = reference(preset, images)
    else:
        train = ours(preset, images, labels, folder, bfloat16)

    def run(epochs):
        train(epochs)
        return epochs * (len(images) // _BATCH_SIZE * _BATCH_SIZE)

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


def peak_memory_alone(side, preset, bfloat16):
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


def ours(preset, images, labels, folder, bfloat16):
    """A function that trains for some epochs with `fit` and the callbacks of a run."""
    from gan_model import callbacks, presets
    from gan_model.networks.layers import dtype_policy

    make = presets.named(preset)
    with dtype_policy("mixed_bfloat16" if bfloat16 else None):
        gan = make(**presets.image_count_for(make, images), **presets.classes_for(make, labels))
    epochs_done = 0

    def run(epochs):
        nonlocal epochs_done
        epochs_done += epochs
        watched = between(callbacks.watch(Path(folder) / preset))
        # A GAN without classes leaves the labels alone.
        gan.fit(
            images,
            labels,
            batch_size=_BATCH_SIZE,
            epochs=epochs_done,
            callbacks=watched,
            verbose=0,
        )

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


def row(preset, figures):
    """The cells of a preset in the table: name, loop, fit, ratio, memory, callbacks, quality."""
    speeds, memory = figures["images_per_second"], figures["peak_memory_mib"]
    ratios = [fit / loop for fit, loop in zip(speeds["fit"], speeds.get("loop", ()), strict=False)]
    callbacks = figures["callbacks_ms_an_epoch"]
    return (
        f"`{preset}`",
        _speed(speeds.get("loop")),
        _speed(speeds["fit"]),
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        if ratios
        else "",
        " / ".join(f"{memory[side]:,}" if side in memory else "-" for side in _SIDES) + " MiB",
        f"{callbacks:.0f} ms, {figures['callbacks_share_of_60000_images']:.2%}",
        f"{figures['quality_ms'] / 1000:.1f} s, {figures['quality_share_of_60000_images']:.1%}",
    )


def _speed(speeds):
    if not speeds:
        return ""
    return f"{statistics.median(speeds):,.0f} ({min(speeds):,.0f} to {max(speeds):,.0f})"


_PAGE = """# Speed

Images per second of the hand-written [reference loop](../glossary.md#reference-loop) and of `fit`,
which has the preset's own settings and all callbacks of a run. Both train on the embedded sample in
batches of {batch_size}, alternately in one process. Cells show the median (lowest to highest).
Callbacks and quality show what an epoch takes in addition, also as a share of an epoch of 60,000
images. Nothing else was running.

`{command}`, {date}, checksum of the package {code}, {versions}, on {processor}, {cpus} CPUs that
multiply matrices at {gflops:.0f} GFLOP/s. [All figures]({json}).

| preset | loop, images/s | `fit`, images/s | ratio | memory, loop / `fit` | callbacks | quality |
|---|---|---|---|---|---|---|
{rows}
"""


def write(record, path):
    """Writes the record as JSON, and as a Markdown page beside it."""
    path.write_text(json.dumps(record, indent=2) + "\n")
    rows = (row(name, figures) for name, figures in record["presets"].items())
    page = _PAGE.format(
        **{key: record[key] for key in ("command", "date", "code")},
        **record["machine"],
        versions=", ".join(f"{name} {version}" for name, version in record["versions"].items()),
        batch_size=_BATCH_SIZE,
        json=path.name,
        rows="\n".join(f"| {' | '.join(cells)} |" for cells in rows),
    )
    path.with_suffix(".md").write_text(page)


def processor():
    """The model of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else ()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def versions():
    import keras
    import tensorflow as tf

    python = platform.python_version()
    return {"Python": python, "TensorFlow": tf.__version__, "Keras": keras.__version__}


if __name__ == "__main__":
    main()
