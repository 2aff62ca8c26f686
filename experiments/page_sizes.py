"""Sizes of the pages of all presets, and how far rounding moves their images.

python experiments/page_sizes.py
"""

import tempfile
from pathlib import Path

import click

from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

_IMAGES = 4_000  # of the embedded sample, seen once


@click.command(cls=Command, help=__doc__.split("\n")[0])
def command():
    with quiet():
        import keras

        from gan_model import data, exporting, presets
    (images, labels), _ = data.load("sample")
    images, labels = images[:_IMAGES], labels[:_IMAGES]
    for name, preset in presets.PRESETS.items():
        keras.utils.set_random_seed(0)
        classes = presets.classes_for(preset, labels)
        gan = preset((28, 28, 1), **classes)
        gan.fit(images, labels if classes else None, verbose=0)
        with tempfile.TemporaryDirectory() as folder:
            page = exporting.page(gan, Path(folder) / "page.html")
        print(
            f"{name}: {page.size:,} bytes, {page.greatest_difference:.2f} grey levels", flush=True
        )


if __name__ == "__main__":
    command()
