"""Measures images per second of each exported format beside `gan.generate`.

    python experiments/export_speed.py --preset modern --image-size 28 --channels 1

The networks have random weights: speed does not depend on training. Each format is exported for
any number of images (LiteRT: for 1 and for 64) and run by its own runtime on the CPU, with 1 and
with 64 codings in a call. All are measured in turn in one process. The program prints the speed of
the median call, and of the fastest one, which other programs on the machine disturb least.
"""

import statistics
import tempfile
import time
from pathlib import Path

import click

from gan_model.arguments import POSITIVE, PRESET, SIZE
from gan_model.commands.local_workers import cores
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

_BATCHES = (1, 64)  # `generate` always makes 64 at a time
_SECONDS = 0.5  # of one measurement


@click.command(cls=Command)
@click.option("--preset", type=PRESET, default="modern", help="Else modern.")
@click.option("--image-size", type=SIZE, default=28, help="Side, or HEIGHTxWIDTH; else 28.")
@click.option("--channels", type=POSITIVE, default=1, help="Else 1.")
@click.option("--repeats", type=POSITIVE, default=10, help="Rounds; else 10.")
def main(preset, image_size, channels, repeats):
    """Measures images per second of each exported format."""
    with quiet():
        from gan_model import presets

        sides = (image_size, image_size) if isinstance(image_size, int) else image_size
        gan = presets.named(preset)((*sides, channels))
        calls = {("generate", _BATCHES[-1]): lambda: gan.generate(_BATCHES[-1])}
        with tempfile.TemporaryDirectory() as folder:
            calls |= runtimes(gan, Path(folder))
            speeds = measured(calls, repeats)
    print(f"{preset}, images of {(*sides, channels)}, {cores()} CPUs, {repeats} rounds")
    print(table(speeds))


def runtimes(gan, folder):
    """Functions that make images, by (format, number of images)."""
    from gan_model.exporting import FORMATS, export
    from gan_model.model.labels import of_each_class
    from gan_model.model.random import numbered

    calls = {}
    for name, kind in FORMATS.items():
        for batch in _BATCHES:
            fixed = batch if kind.default_batch else None
            path = folder / f"{name}-{batch}{kind.suffix}"
            run = kind.load(export(gan, path, format=name, batch=fixed).path)
            inputs = {"codings": numbered(0, batch, gan.codings_size, seed=0).numpy()}
            labels = of_each_class(batch, None, gan.class_count)
            inputs |= {} if labels is None else {"labels": labels}
            calls[name, batch] = lambda run=run, inputs=inputs: run(inputs)
    return calls


def measured(calls, repeats):
    """Images per second of each call, by (format, number of images)."""
    speeds = {key: [] for key in calls}
    for call in calls.values():
        call()  # the first one is slower
    for key in list(calls) * repeats:
        end = time.perf_counter() + _SECONDS
        while (began := time.perf_counter()) < end:
            calls[key]()
            speeds[key].append(key[1] / (time.perf_counter() - began))
    return speeds


def table(speeds):
    """A table as Markdown has it."""
    lines = ["| | " + " | ".join(f"{n} in a call" for n in _BATCHES) + " |", "|---|---|---|"]
    for name in dict.fromkeys(name for name, _ in speeds):
        cells = [cell(speeds.get((name, batch))) for batch in _BATCHES]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(values):
    if values is None:
        return ""
    return f"{statistics.median(values):,.0f}, fastest {max(values):,.0f}"


if __name__ == "__main__":
    main()
