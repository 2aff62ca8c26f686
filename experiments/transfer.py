"""Training from a trained GAN against training from nothing, on 300 images of something else.

    python experiments/image_folders.py --out folders digits
    python experiments/transfer.py folders/digits --seeds 3

Distances are sliced Wasserstein distances to all other images of the folder, after a number of
training images, not of minutes: so a busy machine changes nothing. Readings that exist in the file
of `--out` are not made again.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np

from gan_model.commands.arguments import PATH, POSITIVE
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

COUNT, BATCH, STEPS = 300, 16, 250  # images; images a step; steps between two readings
SYSTEMS = (
    "from nothing",
    "from fashion",
    "from fashion, 2 layers frozen",
    "from fashion, new generator",
)


def made(system, seed):
    """The compiled GAN of one system."""
    import keras

    from gan_model import presets

    keras.utils.set_random_seed(seed)
    if system == SYSTEMS[0]:
        return presets.modern((28, 28, 1), image_count=COUNT, seed=seed)
    how = {SYSTEMS[2]: {"freeze_discriminator": 2}, SYSTEMS[3]: {"new_generator": True}}
    source = presets.pretrained("fashion")
    return presets.fine_tuned(source, **how.get(system, {}), image_count=COUNT, seed=seed)


def readings(system, seed, train, reference, rounds):
    """Distances before training and after each round, with the last images."""
    gan, found = made(system, seed), []
    for done in range(rounds + 1):
        if done:
            gan.fit(train, batch_size=BATCH, steps_per_epoch=STEPS, epochs=1, verbose=0)
        found.append(reference.compare(gan.generate(reference.count))[reference.distance])
        seen = f"{done * STEPS * BATCH:,} images"
        print(f"{system}, seed {seed}, {seen}: {found[-1]:.4g}", flush=True)
    return found, gan.generate(40)


@click.command(cls=Command, help=__doc__.split("\n")[0])
@click.argument("folder", type=PATH)
@click.option("--seeds", type=POSITIVE, default=3, help="Runs of each system; else 3.")
@click.option("--rounds", type=POSITIVE, default=5, help="Of 4,000 images; else 5.")
@click.option("--out", type=Path, default=Path("runs/transfer.json"), help="File of readings.")
def main(**options):
    args = SimpleNamespace(**options)
    args.folder = Path(args.folder)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with quiet():
        from gan_model import data, metrics, pictures
        from gan_model.storage.json_file import write_json
    (images, _), (held_out, _) = data.load(args.folder, image_size=(28, 28), channels=1)
    order = np.random.default_rng(0).permutation(len(images))
    train, others = images[order[:COUNT]], np.concatenate([images[order[COUNT:]], held_out])
    reference = metrics.Reference((metrics.SlicedWasserstein(),), others)
    kept = json.loads(args.out.read_text()) if args.out.exists() else {}
    for seed in range(args.seeds):
        for system in SYSTEMS:
            name = name_of(args, system, seed)
            if len(kept.get(name, ())) > args.rounds:
                continue
            kept[name], shown = readings(system, seed, train, reference, args.rounds)
            write_json(args.out, kept)
            place = f"{args.out.stem}-{args.folder.name}-{system}-seed {seed}.png"
            picture = args.out.with_name(place)
            pictures.save(pictures.grid(shown, columns=10), picture)
    print(table(args, kept))


def name_of(args, system, seed):
    return f"{args.folder.resolve()}, {system}, seed {seed}"


def table(args, kept):
    """Means with the lowest and the highest reading, as Markdown."""
    lines = ["| images trained | " + " | ".join(SYSTEMS) + " |", "|---" * (1 + len(SYSTEMS)) + "|"]
    for done in range(args.rounds + 1):
        cells = []
        for system in SYSTEMS:
            values = [kept[name_of(args, system, seed)][done] for seed in range(args.seeds)]
            cells.append(f"{np.mean(values):.3g} ({min(values):.3g} to {max(values):.3g})")
        lines.append(f"| {done * STEPS * BATCH:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
