"""Runs the Python blocks of a page of documentation, one after the other, with small numbers.

run_page.py PAGE FOLDER [alone]: in FOLDER, so that what the blocks write is there. With `alone`
each block has an empty scope and a folder of its own, as if it were the whole program. Training is
on some images of each data set, for one epoch or a second, and TensorFlow runs eagerly: tracing
takes longer than so few steps.
"""

import os
import re
import sys
from pathlib import Path

_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SMALLER = [
    (re.compile(r"\bminutes=[\d.]+"), "minutes=0.01"),
    (re.compile(r"\bepochs=\d+\b(?!\*)"), "epochs=1"),
    (re.compile(r"\bepochs = \d+"), "epochs = 1"),
    (re.compile(r"\bbatch_size=\d+"), "batch_size=32"),
    (re.compile(r"\bmax_trials=\d+"), "max_trials=1"),
    (re.compile(r"\bsteps=\d+"), "steps=3"),
]
_IMAGES = 32


def blocks(page):
    """Pairs of a block's first line number and its text."""
    text = page.read_text()
    return [(text[: m.start()].count("\n") + 2, m[1]) for m in _BLOCK.finditer(text)]


def smaller(source):
    for long, short in _SMALLER:
        source = long.sub(short, source)
    return source


def few_images():
    """Some images of the sample, which then are all that a page can load."""
    import keras

    from gan_model import data

    few = tuple(tuple(part[:_IMAGES] for part in split) for split in data.load("sample"))
    data.load = lambda name, **_: few
    keras.datasets.fashion_mnist.load_data = lambda: few
    return few


def names_in_scope(few):
    """What a page may use without making it itself."""
    import keras

    import gan_model
    from gan_model import GAN, networks

    (train_images, train_labels), (test_images, _) = few
    names = {name: getattr(gan_model, name) for name in gan_model.__all__}
    generator = networks.dense.generator((28, 28), codings_size=30)
    discriminator = networks.dense.discriminator((28, 28))
    gan = GAN(generator, discriminator)
    gan.compile()
    return names | {
        "keras": keras,
        "train_images": train_images,
        "train_labels": train_labels,
        "test_images": test_images,
        "generator": generator,
        "discriminator": discriminator,
        "gan": gan,
    }


def main(page, folder, *, alone):
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    few = few_images()
    names = None if alone else names_in_scope(few)
    for line, source in blocks(page):
        place = folder / str(line) if alone else folder
        place.mkdir(exist_ok=True)
        os.chdir(place)
        # As many empty lines before it as on the page, so that a traceback has its line numbers.
        code = compile("\n" * (line - 1) + smaller(source), str(page), "exec")
        exec(code, {} if alone else names)
        print(f"{page.name}:{line} ran")


if __name__ == "__main__":
    page, folder, *alone = sys.argv[1:]
    main(Path(page).resolve(), Path(folder).resolve(), alone=bool(alone))
