"""`gan-model invert`: an image -> the codings whose generated image is nearest to it."""

from pathlib import Path
from types import SimpleNamespace

import click

from gan_model.arguments import (
    DATA_SET,
    MODEL,
    OVERWRITE,
    PATH,
    POSITIVE,
    SEED,
)
from gan_model.commands.parsing import Command
from gan_model.commands.places import check_output, refuse_within
from gan_model.commands.run_images import are_classes_of, as_read_for, class_of, load_for
from gan_model.commands.screen import quiet


@click.command(cls=Command, example="invert fashion --image shirt.png")
@click.argument("run", type=MODEL)
@click.option("--image", type=PATH, multiple=True, help="File of an image; may be repeated.")
@click.option(
    "--of-class", metavar="NAME OR NUMBER", help="Of its class.", show_default="all are tried"
)
@click.option("--starts", type=POSITIVE, default=4, help="Descents for each image.")
@click.option("--steps", type=POSITIVE, default=400, help="Steps of a descent.")
@click.option("--pixels-only", is_flag=True, help="Compare pixels only, not the run's features.")
@click.option("--check", type=POSITIVE, help="Instead: N training and N held-out images.")
@click.option(
    "--data", type=DATA_SET, help="For --check, of a .keras file.", show_default="the run's"
)
@click.option("--data-dir", type=PATH, help="Folder with the files of a named data set.")
@click.option("--seed", type=SEED, default=0, help="Of the codings to start from.")
@click.option(
    "--out",
    type=PATH,
    default="inverted.png",
    help="Picture. The codings go to OUT's .json.",
)
@OVERWRITE
def command(**options):
    """Looks for the codings of given images.

    RUN is the folder of a run, a .keras file, or a GAN that comes trained: fashion,
    fashion_by_class. The picture shows each image with what the generator makes of its codings.
    """
    args = SimpleNamespace(**options)
    if bool(args.image) == bool(args.check):
        raise click.UsageError("say what to look for: --image FILE, or --check N")
    if args.check and args.of_class is not None:
        raise click.UsageError("--check has the classes of its images; leave --of-class out")
    if args.image and (args.data or args.data_dir):
        raise click.UsageError("--data and --data-dir are for --check; leave them out")
    args.out = Path(args.out)
    if args.out.suffix != ".png":
        raise click.UsageError(f"--out is a .png file; received {args.out}")
    if args.out.resolve() in (Path(image).resolve() for image in args.image or ()):
        raise click.UsageError(f"--out {args.out} is one of the images; choose another file")
    check_output(args.out, overwrite=args.overwrite)
    if args.image:
        check_output(args.out.with_suffix(".json"), overwrite=args.overwrite)
    (compare if args.check else invert)(args)


def invert(args):
    """Finds the codings of image files; writes them, and a picture of both."""
    import gan_model
    from gan_model.storage.json_file import write_json
    from gan_model.storage.own_files import PROGRAM

    sampler, features = _opened(args)
    from gan_model import pictures, runs

    about = runs.trained_on(args.run)
    label = class_of(args.of_class, sampler, about)
    images = _decoded(args.image, sampler.generate(1).shape[1:], about)
    found = _inversion(args, sampler, features, images, label)
    pictures.save(pictures.grid(_pairs(images, found.images), columns=2), args.out)
    content = {"versions": {PROGRAM: gan_model.__version__}, "codings": found.codings.tolist()}
    if found.labels is not None:
        content["labels"] = found.labels.tolist()
    write_json(args.out.with_suffix(".json"), content)
    for path, distance in zip(args.image, found.distances, strict=True):
        print(f"{path}: {distance:.1f} grey levels from its image")
    print(f"{args.out}: the image, then the generator's\n{args.out.with_suffix('.json')}: codings")


def compare(args):
    """Compares how near the generator comes to training and to held-out images."""
    sampler, features = _opened(args)
    import numpy as np

    from gan_model import pictures

    splits, found = _splits(args, sampler.generate(1).shape[1:]), {}
    known = are_classes_of(sampler, *(labels for _, labels in splits.values()))
    for name, (images, labels) in splits.items():
        labels = labels if known else None
        found[name] = _inversion(args, sampler, features, images, labels)
    for name, inversion in found.items():
        low, median, high = np.percentile(inversion.distances, (25, 50, 75))
        print(
            f"{len(inversion.images)} {name} images: median {median:.1f} grey levels, the middle "
            f"half {low:.1f} to {high:.1f}"
        )
    training, held_out = (inversion.distances for inversion in found.values())
    nearer = np.mean(training[:, None] < held_out)
    print(
        f"A training image is nearer than a held-out one with probability {nearer:.2f}: 0.5 is no "
        "sign of copying, 1 says that the generator knows its training images by heart"
    )
    nearest = np.argsort(training)[:8]
    pairs = _pairs(splits["training"][0][nearest], found["training"].images[nearest])
    pictures.save(pictures.grid(pairs, columns=4), args.out)
    print(f"{args.out}: the training images that it comes nearest to, each before the generator's")


def _inversion(args, sampler, features, images, labels):
    from gan_model.model import invert

    how = {"starts": args.starts, "steps": args.steps, "seed": args.seed}
    return invert(sampler, images, labels=labels, features=features, **how)


def _opened(args):
    """The `Sampler`, and the features of the run; None for those if it has none."""
    with quiet():
        from gan_model import features, metrics, runs
        from gan_model.model import Sampler
    about = runs.trained_on(args.run)
    if about:
        refuse_within(args.out.parent, about["data"], option="--out")
    sampler = Sampler.of(runs.open_model(args.run))
    if args.pixels_only or about is None:
        return sampler, None
    name = about["features"]
    if name and Path(name).suffix == ".npz":
        return sampler, features.from_file(name)
    garments = name == "fashion" or (name is None and metrics.garments(sampler.generate(200)))
    return sampler, features.fashion() if garments else None


def _decoded(paths, shape, about):
    """The images of files, uint8 (n, *shape), fitted and laid on a ground as those of the run."""
    import numpy as np

    from gan_model.data.decoding import decode
    from gan_model.data.images import shape_with_channels

    height, width, channels = shape_with_channels(shape)
    how = {"image_size": (height, width), "channels": channels, **as_read_for(about)}
    read = [decode(Path(path), **how) for path in paths]
    for path, image in zip(paths, read, strict=True):
        if image.pixels is None:
            raise ValueError(f"{path} cannot be read as an image: {image.reason}.")
    return np.stack([image.pixels for image in read]).reshape(-1, *shape)


def _pairs(images, others):
    """One image of each, in turn."""
    import numpy as np

    return np.stack([images, others], axis=1).reshape(-1, *images.shape[1:])


def _splits(args, shape):
    """The same number of training and of held-out images, with labels: a dict of pairs."""
    from gan_model import runs
    from gan_model.data.images import random_subset, shape_with_channels

    about = runs.trained_on(args.run)
    if not (args.data or about):
        raise ValueError("Say what the GAN was trained on: --data NAME, or the path of a folder.")
    height, width, channels = shape_with_channels(shape)
    splits = load_for(
        about,
        data_set=args.data,
        folder=args.data_dir,
        image_size=(height, width),
        channels=channels,
    )
    count, drawn = min(args.check, *(len(images) for images, _ in splits)), {}
    for kind, (images, labels) in zip(("training", "held-out"), splits, strict=True):
        images = random_subset(images, count, seed=args.seed).reshape(-1, *shape)
        drawn[kind] = images, random_subset(labels, count, seed=args.seed)
    return drawn
