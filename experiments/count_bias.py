"""How the distances between real images depend on their count -> docs/count-bias.png.

    python experiments/count_bias.py --data fashion_mnist

It compares two disjoint sets of n training images in `fashion` features, drawn with another seed
in each repeat. Their distance is the one that n images have by chance alone.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np

from gan_model.arguments import POSITIVE
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

COUNTS = (500, 1000, 2000, 5000, 10_000)


@click.command(cls=Command, help=__doc__.split("\n")[0])
@click.option("--data", default="fashion_mnist", help="sample, or else fashion_mnist.")
@click.option("--repeats", type=POSITIVE, default=5, help="Draws per number of images; else 5.")
@click.option("--out", type=Path, default=Path("docs/count-bias.png"), help="A .png file.")
def main(**options):
    args = SimpleNamespace(**options)
    with quiet():
        from gan_model import data, features, metrics, pictures
    (images, _), _ = data.load(args.data)
    space = metrics.FeatureMetrics(features.fashion())
    vectors = space.describe(images)
    counts = [count for count in COUNTS if 2 * count <= len(vectors)]
    read = readings(space, vectors, counts, repeats=args.repeats)
    for name, values in read.items():
        means = [
            f"{n:,}: {np.mean(v):.3g}" for n, v in zip(counts, np.transpose(values), strict=True)
        ]
        print(f"{name:15} {'  '.join(means)}")
    distance = space.metrics[0].name
    pictures.curve(
        {distance: (counts, read[distance])},
        args.out,
        x_label="images on each side",
        y_label=f"{distance} between real images",
        title=f"What chance alone reads, {args.repeats} draws",
        log_x=True,
        log_y=True,
    )
    print(f"{args.out}\n{json.dumps(read)}")


def readings(space, vectors, counts, *, repeats):
    """Distances and recall of disjoint sets of real vectors.

    Args:
        space: the `FeatureMetrics` to measure with.
        vectors: (n, size), of real images.
        counts: images in each set.
        repeats: draws of each count.

    Returns:
        Dict from names to lists (repeats, counts).
    """
    from gan_model.metrics import Kind

    shown = [one.name for one in space.metrics if one.kind in (Kind.DISTANCE, Kind.RECALL)]
    read = {name: [[] for _ in range(repeats)] for name in shown}
    for repeat in range(repeats):
        order = np.random.default_rng(repeat).permutation(len(vectors))
        for count in counts:
            one, other = (space.statistics(vectors[order[at : at + count]]) for at in (0, count))
            numbers = space.numbers(one, other)
            for name, values in read.items():
                values[repeat].append(numbers[name])
    return read


if __name__ == "__main__":
    main()
