"""`gan-model sample`: a trained GAN -> images, as an array, a grid or an animation."""

from pathlib import Path

import click

from gan_model.arguments import (
    FRACTION,
    MODEL,
    OVERWRITE,
    PATH,
    POSITIVE,
    SEED,
)
from gan_model.commands.parsing import Command
from gan_model.commands.places import check_output, refuse_within
from gan_model.commands.run_images import class_of
from gan_model.commands.screen import quiet

_COUNT = 25
_STOPS, _FRAMES_A_LEG = 5, 12  # of a walk, which ends where it began


@click.command(cls=Command, example="sample runs/modern-sample --count 100 --out grid.png")
@click.argument("run", type=MODEL, required=False)
@click.option("--from", "file", type=PATH, help="Instead of a run: a .keras file.")
@click.option(
    "--count", type=POSITIVE, help="Number of images.", show_default="25, in a .png 8 of each class"
)
@click.option(
    "--of-class", metavar="NAME OR NUMBER", help="Of one class.", show_default="all in turn"
)
@click.option("--seed", type=SEED, default=0, help="Of the codings.")
@click.option("--codings", type=PATH, help="Instead of --count: a .json of codings, as of a page.")
@click.option("--truncation", type=FRACTION, default=1.0, help="Factor on codings.")
@click.option(
    "--out",
    type=PATH,
    default="samples.png",
    help=".png: a grid; .gif: a grid whose images change from coding to coding; .npz: uint8 "
    "`images` (count, height, width, channels) and `labels`.",
)
@OVERWRITE
def command(run, file, count, of_class, seed, codings, truncation, out, overwrite):
    """Generates images with a trained GAN.

    RUN is the folder of a run, finished or not, a .keras file, or a GAN that comes trained:
    fashion, fashion_by_class. With a --truncation below 1 images are less diverse.
    """
    check(run, file, of_class, truncation, Path(out))
    check_output(Path(out), overwrite=overwrite)
    if codings and (count or seed or of_class is not None or Path(out).suffix == ".gif"):
        left_out = "--count, --seed, --of-class, .gif"
        raise click.UsageError(f"--codings has its own images; leave {left_out} out")
    with quiet():
        from gan_model import runs
        from gan_model.model.sampling import Sampler
    about = runs.trained_on(file or run)
    if about and Path(out).suffix != ".npz":
        refuse_within(Path(out).parent, about["data"], option="--out")
    sampler = Sampler.of(runs.load_model(file) if file else runs.open_model(run))
    label = class_of(of_class, sampler, about)
    if codings:
        made = write_images_of(codings, sampler, Path(out), truncation)
    else:
        how = {"of_class": label, "seed": seed, "truncation": truncation}
        made = write(sampler, Path(out), count=count, **how)
    print(f"{made} images in {out}")


def check(run, file, of_class, truncation, out):
    """Raises a UsageError where values do not go together."""
    if (run is None) == (file is None):
        raise click.UsageError("say where the GAN is: the folder of a run, or --from FILE.keras")
    if of_class is not None and out.suffix == ".gif":
        raise click.UsageError("a walk is through all classes; leave --of-class out")
    if truncation < 1 and out.suffix == ".gif":
        raise click.UsageError("a walk has no truncation; leave --truncation out")
    if out.suffix not in (".npz", ".png", ".gif"):
        raise click.UsageError(f"--out ends in .npz, .png or .gif; received {out}")


def write(sampler, out, *, count, of_class, seed, truncation=1.0):
    """Writes the images of a `Sampler` to a file, by its suffix; gives their number."""
    from gan_model import pictures
    from gan_model.model.labels import of_each_class

    asked, count = count, count or _COUNT
    how = {"seed": seed, "truncation": truncation}
    if out.suffix == ".gif":
        walk = sampler.walk(count, stops=_STOPS, frames=_FRAMES_A_LEG, seed=seed)
        pictures.animate([pictures.grid(images) for images in walk], out)
    elif out.suffix == ".png":
        if of_class is None:
            images, columns = sampler.for_grid(asked, **how)
        else:
            images, columns = sampler.generate(count, labels=of_class, **how), None
        count = len(images)
        pictures.save(pictures.grid(images, columns=columns), out)
    else:
        labels = of_each_class(count, of_class, sampler.class_count)
        write_arrays(out, sampler.generate(count, labels=labels, **how), labels)
    return count


def write_images_of(file, sampler, out, truncation):
    """Writes the images of the codings in a file; gives their number."""
    from gan_model import pictures
    from gan_model.model.labels import of_each_class

    codings, labels = read_codings(file)
    images = sampler.images_of(codings, labels=labels, truncation=truncation)
    labels = of_each_class(len(images), labels, sampler.class_count)
    if out.suffix == ".png":
        pictures.save(pictures.grid(images), out)
    else:
        write_arrays(out, images, labels)
    return len(images)


def read_codings(file):
    """The codings, float32 (count, codings_size), and labels or None in a JSON file."""
    import json

    import numpy as np

    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
        codings = np.array(content["codings"], np.float32)
        labels = None if content.get("labels") is None else np.array(content["labels"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(
            f'{file} cannot be read as codings ({error}); expected {{"codings": [[0.1, ...]]}}, '
            'and "labels" where the GAN has classes.'
        ) from error
    return codings, labels


def write_arrays(out, images, labels):
    """Writes `images` (count, height, width, channels) and, if there are any, `labels`."""
    import zipfile

    import numpy as np

    from gan_model.storage.atomic import atomic_write
    from gan_model.storage.own_files import PROGRAM

    arrays = {"images": images.reshape(*images.shape[:3], -1)}
    with atomic_write(out) as beside:
        np.savez_compressed(beside, **arrays | ({} if labels is None else {"labels": labels}))
        with zipfile.ZipFile(beside, "a") as archive:
            archive.comment = PROGRAM.encode()
