"""The full Fashion-MNIST -> gan_model/data/sample.npz, the part that comes with the package.

The sample has the first 1,000 images of each class in the training files and the first 200 in the
test files, in the order of the files. Nothing is random: the same files give the same arrays, and
with the same numpy and zlib the same bytes.

    python experiments/make_sample.py --source /usr/share/datasets/fashion-mnist

The source is Debian's package dataset-fashion-mnist. After a change, put the checksum that is
printed into `_SHA256` of gan_model/data/sample.py.
"""

import hashlib
from pathlib import Path

import click
import numpy as np

from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

SOURCE = Path("/usr/share/datasets/fashion-mnist")
SAMPLE = Path(__file__).parent.parent / "gan_model" / "data" / "sample.npz"


def first_of_each_class(images, labels, count):
    """The first `count` images of every label, in their order, with their labels."""
    places = [np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]
    chosen = np.sort(np.concatenate(places))
    return images[chosen], labels[chosen]


def main(source, out):
    """Write the sample of the files in folder `source` to `out`; print its sha256."""
    with quiet():
        from gan_model import data
    train, test = data.load("fashion_mnist", folder=source)
    train_images, train_labels = first_of_each_class(*train, count=1000)
    test_images, test_labels = first_of_each_class(*test, count=200)
    np.savez_compressed(
        out,
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
    )
    print(f"{out}: {hashlib.sha256(Path(out).read_bytes()).hexdigest()}")


@click.command(cls=Command, help=__doc__.split("\n")[0])
@click.option("--source", type=Path, default=SOURCE, help="Folder of the full data set.")
@click.option("--out", type=Path, default=SAMPLE, help="File to write; else the package's.")
def command(source, out):
    main(source, out)


if __name__ == "__main__":
    command()
