"""The folder of a run -> one of the trained GANs that come with the package.

    gan-model train --preset modern --data fashion_mnist --clusters 0 --epochs 20 \\
        --run-dir FASHION
    python experiments/make_pretrained.py FASHION --name fashion

    gan-model train --preset modern_conditional --data fashion_mnist --epochs 20 \\
        --run-dir BY_CLASS
    python experiments/make_pretrained.py BY_CLASS --name fashion_by_class

`fashion` has no clusters, because those who go on from it have other images. The program rounds the
weights to float16, and measures the GAN before and after that on the test images of Fashion-MNIST
and on the held-out images of the sample. A run that has not ended gives its newest checkpoint.
"""

import hashlib
import io
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np

from gan_model.arguments import PATH, POSITIVE
from gan_model.catalog import PRETRAINED
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

OUT = Path(__file__).parent.parent / "gan_model" / "presets" / "trained"
COMPARED = ("fashion_mnist", "sample")
LICENCE = "Fashion-MNIST, copyright 2017 Zalando SE, MIT licence"


@click.command(cls=Command, help=__doc__.split("\n")[0])
@click.argument("run", type=PATH)
@click.option("--name", type=click.Choice(PRETRAINED), required=True, help="Of the trained GAN.")
@click.option("--count", type=POSITIVE, default=10_000, help="Images on each side; else 10,000.")
@click.option("--out", type=Path, default=OUT, help="Folder to write to; else the package's.")
def main(**options):
    args = SimpleNamespace(**options)
    with quiet():
        from gan_model import runs
        from gan_model.storage.json_file import write_json
    folder = runs.RunFolder(args.run)
    noted, gan = folder.read_noted(), folder.load()
    exact = measured(gan, args.count)
    content = as_npz(round_weights(gan))
    rounded = measured(gan, args.count)
    about = {
        **history(folder, noted, gan),
        "sha256": hashlib.sha256(content).hexdigest(),
        "quality": rounded,
        "fid_fashion_in_float32": {data: exact[data]["gan"]["fid_fashion"] for data in exact},
        "fid_fashion_in_float16": {data: rounded[data]["gan"]["fid_fashion"] for data in rounded},
    }
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"{args.name}.npz"
    path.write_bytes(content)
    write_json(path.with_suffix(".json"), about)
    for data in COMPARED:
        pair = [figures[data]["gan"]["fid_fashion"] for figures in (exact, rounded)]
        print(f"{data}: fid_fashion {pair[0]:.4f} in float32, {pair[1]:.4f} in float16")
    print(f"{path}: {len(content):,} bytes, {about['epochs']} epochs")


def round_weights(gan):
    """Rounds the weights of the averaged generator and of the discriminator to float16."""
    for network in (gan.sampled_generator, gan.discriminator):
        network.set_weights([one.astype(np.float16) for one in network.get_weights()])
    return gan


def as_npz(gan):
    """The bytes of `NAME.npz`; see `gan_model.presets.pretrained_models`."""
    players = {"generator": gan.sampled_generator, "discriminator": gan.discriminator}
    arrays = {
        f"{player}_{number:03d}": weight.astype(np.float16)
        for player, network in players.items()
        for number, weight in enumerate(network.get_weights())
    }
    made = io.BytesIO()
    np.savez_compressed(made, **arrays)
    return made.getvalue()


def measured(gan, count):
    """For each data set, the numbers of the GAN and of as many training images.

    A GAN with classes makes images with the labels of the held-out ones.
    """
    from gan_model import data, features, metrics
    from gan_model.data.images import random_subset

    found = {}
    for name in COMPARED:
        (train, _), (held_out, labels) = data.load(name)
        real = random_subset(held_out, count)
        labels = random_subset(labels, count) if gan.class_count else None
        reference = metrics.Reference((metrics.FeatureMetrics(features.fashion()),), real)
        found[name] = {
            "count": len(real),
            "gan": reference.compare(gan.generate(len(real), labels=labels)),
            "floor": reference.compare(random_subset(train, len(real))),
        }
    return found


def history(folder, noted, gan):
    """How the run was made: a dict that JSON can hold."""
    from gan_model.exporting.model_card import train_command

    epochs = folder.epochs_done()
    settings = noted["settings"]
    arguments = {name: settings[name] for name in ("class_count", "codings_size", "image_count")}
    known = {name: value for name, value in arguments.items() if value}
    if settings.get("clusters") is not None:
        known["clusters"] = settings["clusters"] or None
    return {
        "command": train_command(folder),
        "preset": settings["preset"],
        "arguments": known,
        "image_shape": list(gan.image_shape),
        "data": settings["data"],
        "images": settings["images"],
        "licence": LICENCE,
        "seed": settings["seed"],
        "epochs": epochs,
        "steps_per_epoch": settings["steps_per_epoch"],
        "minutes": round(folder.minutes_until(epochs), 1),
        "images_seen": int(gan.images_seen.numpy()),
        "versions": noted["versions"],
    }


if __name__ == "__main__":
    main()
