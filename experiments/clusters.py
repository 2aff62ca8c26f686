"""Quality of `modern` with clusters in the place of classes, after the same numbers of images.

    python experiments/clusters.py --clusters 1,10,20,50 --images 40000,100000 --seeds 1

1 stands for none. Distances are those of 10,000 images, after a number of training images and not
of minutes, so a busy machine changes nothing but the last column: images for a second of processor
time, those of setting up left out.
"""

import time
from types import SimpleNamespace

import click

from gan_model.commands.arguments import POSITIVE, POSITIVES, data_options, loaded
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

BATCH, WARM_UP = 16, 320  # images: of a batch; of the first steps, which take longer


def readings(clusters, seed, images, reference, marks):
    """Yields (mark, figures by name, images a second of processor time)."""
    import keras

    from gan_model import presets
    from gan_model.data.images import shape_with_channels

    keras.utils.set_random_seed(seed)
    clusters = None if clusters == 1 else clusters
    shape = shape_with_channels(images.shape[1:])
    gan = presets.modern(shape, image_count=len(images), clusters=clusters, seed=seed)
    done = _trained(gan, images, WARM_UP)
    for mark in marks:
        began, before = time.process_time(), done
        done += _trained(gan, images, mark - done)
        speed = (done - before) / (time.process_time() - began)
        yield mark, reference.compare(gan.generate(reference.count, seed=1)), speed


def _trained(gan, images, count):
    steps = max(1, count // BATCH)
    gan.fit(images, batch_size=BATCH, steps_per_epoch=steps, verbose=0)
    return steps * BATCH


@click.command(cls=Command, help=__doc__.split("\n")[0])
@data_options("fashion_mnist")
@click.option("--clusters", type=POSITIVES, default="1,10,20,50", help="Numbers of them; 1: none.")
@click.option("--images", type=POSITIVES, default="40000,100000", help="To train on, in all.")
@click.option("--seeds", type=POSITIVE, default=1, help="Runs of each; else 1.")
def main(**options):
    args = SimpleNamespace(**options)
    with quiet():
        from gan_model import metrics
        from gan_model.data.images import random_subset
    (train, _), (held_out, _) = loaded(args)
    held_out = random_subset(held_out, 10_000)
    reference = metrics.Reference(metrics.measures(held_out, training=train), held_out)
    names = [name for name in reference.names if name.startswith(("fid", "swd", "prec", "rec"))]
    print("| clusters | seed | images | " + " | ".join(names) + " | images/s |")
    print("|---" * (len(names) + 4) + "|", flush=True)
    for seed in range(args.seeds):
        for clusters in args.clusters:
            for mark, figures, speed in readings(clusters, seed, train, reference, args.images):
                values = " | ".join(f"{figures[name]:.3g}" for name in names)
                print(f"| {clusters} | {seed} | {mark:,} | {values} | {speed:.0f} |", flush=True)


if __name__ == "__main__":
    main()
