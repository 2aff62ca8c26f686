"""What features see: changed images, and the order of generators, beside other features.

python experiments/feature_study.py --data folders/icons
python experiments/feature_study.py --data fashion_mnist --generators runs/generators

The first table has the distance of changed training images to the held-out ones, as a multiple of
the floor, which is the distance of unchanged ones. Features that do not see a change read 1. Two
columns are learned with different seeds.

With `--generators`, four presets are trained on Fashion-MNIST, images are kept along the way, and
the table has the rank correlation of each distance with `fid_fashion` over all of them. Its spread
is that of 1,000 samples of the generators, drawn with replacement (5% to 95%).
"""

from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np

from gan_model.arguments import ABOVE_0, loaded
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet
from gan_model.run_settings import data_options

PRESETS = ("dense", "dcgan", "modern", "modern_conditional")
_MARKS = (0.03, 0.1, 0.25, 0.6, 1)  # of the minutes of each preset: when images are kept
_COUNT = 2000  # images compared


@click.command(
    cls=Command,
    help=__doc__.split("\n")[0],
    go_on="What was generated is kept: type it again to go on.",
)
@data_options("fashion_mnist")
@click.option("--generators", type=Path, help="Folder of generated images, made if new.")
@click.option("--minutes", type=ABOVE_0, default=3, help="Of training of each preset; else 3.")
def main(**options):
    args = SimpleNamespace(**options)
    with quiet():
        from gan_model import features, metrics
    (train, labels), (held_out, _) = loaded(args)
    measures = {f"learned, seed {s}": features.learned(train, seed=s) for s in (0, 1)}
    measures["pixels"] = features.pixels()
    measures = {name: metrics.FeatureMetrics(one) for name, one in measures.items()}
    measures["swd"] = metrics.SlicedWasserstein()
    measures["spectrum"] = metrics.PowerSpectrum()
    if args.data in ("sample", "fashion_mnist"):
        measures = {"fashion": metrics.FeatureMetrics(features.fashion())} | measures
    if args.generators and "fashion" not in measures:
        raise ValueError("`--generators` needs garments: --data sample, or fashion_mnist.")
    rng = np.random.default_rng(0)
    count = min(_COUNT, len(held_out), len(train) // 2)
    real = held_out[np.sort(rng.choice(len(held_out), count, replace=False))]
    rows = np.sort(rng.choice(len(train), count, replace=False))
    references = {name: metrics.Reference((one,), real) for name, one in measures.items()}
    print_changes(references, np.asarray(train[rows]), np.asarray(labels)[rows], rng)
    if args.generators:
        print_order(references, generators(args, train, labels, count))


def print_changes(references, images, labels, rng):
    floors = {name: distance(one, images) for name, one in references.items()}
    print(f"{len(images):,} images\n\n| images | {' | '.join(references)} |")
    print("|" + "---|" * (len(references) + 1))
    print(f"| floor | {' | '.join(f'{floor:.3g}' for floor in floors.values())} |")
    for what, changed in changes(images, labels, rng):
        ratios = (distance(one, changed) / floors[name] for name, one in references.items())
        print(f"| {what} | {' | '.join(f'{ratio:.3g}' for ratio in ratios)} |", flush=True)


def changes(images, labels, rng):
    """(what, changed uint8 images), one after the other."""
    from gan_model import metrics

    values = images.reshape(len(images), *images.shape[1:3], -1).astype(np.float32)
    for what, changed in changes_of_each(values, rng):
        changed = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
        yield what, changed.reshape(images.shape)
    order = np.argsort(labels, kind="stable")
    if len(np.unique(labels)) > 1:
        half = order[: len(order) // 2]
        yield "half of the classes missing", images[np.resize(half, len(images))]
    for fraction in (2, 8):
        few = rng.permutation(len(images))[: len(images) // fraction]
        yield f"each image {fraction} times", images[np.resize(few, len(images))]
    yield "pixels shuffled", metrics.shuffled_pixels(images)


def changes_of_each(values, rng):
    """(what, changed grey levels), from float32 (n, height, width, channels)."""
    from scipy import ndimage

    for sigma in (0.5, 1, 2):
        blurred = ndimage.gaussian_filter(values, (0, sigma, sigma, 0), mode="nearest")
        yield f"blurred, sigma {sigma} pixels", blurred
    for sigma in (8, 25, 60):
        yield f"noise, sigma {sigma} levels", values + rng.normal(0, sigma, values.shape)
    weave = np.indices(values.shape[1:3]).sum(axis=0)[..., None] % 2 * 2 - 1
    for levels in (2, 4, 8):
        yield f"a weave of {levels} levels", values + levels * weave
    for pixels in (1, 2, 4):
        moved = np.pad(values, ((0, 0), (pixels, 0), (pixels, 0), (0, 0)), mode="edge")
        yield f"moved by {pixels} pixels", moved[:, :-pixels, :-pixels]
    yield "a fifth darker", 0.8 * values
    if values.shape[-1] == 3:
        yield "red and blue swapped", values[..., ::-1]
        yield "tinted by 25 levels", values + np.array([25, 0, -25])


def generators(args, train, labels, count):
    """Dict from names to generated images; trains what the folder lacks."""
    args.generators.mkdir(parents=True, exist_ok=True)
    for name in PRESETS:
        if not all(path.exists() for path in files_of(args, name)):
            keep_along_the_way(args, name, train, labels, count)
    paths = [path for name in PRESETS for path in files_of(args, name)]
    return {path.stem: np.load(path) for path in paths}


def files_of(args, name):
    return [file_of(args, name, args.minutes * mark) for mark in _MARKS]


def file_of(args, name, minute):
    return args.generators / f"{name}-{Path(args.data).name}@{minute:.2f}.npy"


def keep_along_the_way(args, name, train, labels, count):
    import keras
    from meters import Stopwatch

    from gan_model import presets

    keras.utils.set_random_seed(0)
    preset = presets.named(name)
    gan = preset(train.shape[1:], seed=0, **presets.classes_for(preset, labels))

    def keep(minute, images):
        np.save(file_of(args, name, minute), gan.generate(count))

    watch = Stopwatch([args.minutes * mark for mark in _MARKS], keep)

    def look(batch, logs):
        watch.look(images=0)
        gan.stop_training = not watch.left

    gan.fit(
        train,
        labels if gan.class_count else None,
        epochs=10**6,
        callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=look)],
        verbose=0,
    )


def print_order(references, images):
    from scipy.stats import spearmanr

    read = {
        name: np.array([distance(one, made) for made in images.values()])
        for name, one in references.items()
    }
    truth, rng = read["fashion"], np.random.default_rng(0)
    print(f"\n{len(images)} generators, `fid_fashion` {truth.min():.3g} to {truth.max():.3g}\n")
    print("| distance | rank correlation with `fid_fashion` | 5% to 95% |\n|---|---|---|")
    samples = [rng.integers(len(truth), size=len(truth)) for _ in range(1000)]
    for name in references:
        drawn = [spearmanr(read[name][rows], truth[rows]).statistic for rows in samples]
        low, high = np.nanpercentile(drawn, (5, 95))
        print(
            f"| {name} | {spearmanr(read[name], truth).statistic:.3f} | {low:.3f} to {high:.3f} |"
        )


def distance(reference, images):
    return reference.compare(images)[reference.distance]


if __name__ == "__main__":
    main()
