"""`gan-model evaluate`: generated images, held-out images -> how good the generated ones are."""

import importlib.metadata
import json
from pathlib import Path
from types import SimpleNamespace

import click

from gan_model.arguments import (
    DATA_SET,
    OVERWRITE,
    PATH,
    POSITIVE,
    features_option,
)
from gan_model.commands.parsing import Command
from gan_model.commands.places import check_output, check_own, refuse_unwritable, refuse_within
from gan_model.commands.screen import quiet
from gan_model.run_settings import run_options

_CLASSES, _NEIGHBOURS = "classes.png", "neighbours.png"
_LIBRARIES = ("gan-model", "tensorflow", "keras", "numpy")


@click.command(cls=Command, example="evaluate runs/modern-sample --json figures.json")
@click.argument("what", type=PATH)
@click.option(
    "--data", type=DATA_SET, help="To compare with, as in train.", show_default="the run's"
)
@click.option("--data-dir", type=PATH, help="Folder with the files of a named data set.")
@run_options("pad", "ground")
@click.option("--count", type=POSITIVE, default=10_000, help="Images at most.")
@click.option("--seeds", type=POSITIVE, default=3, help="Seeds of a GAN, or parts of given images.")
@features_option("the run's, or by the images")
@click.option(
    "--weights",
    type=click.Choice(["last", "best"]),
    default="last",
    help="Epoch of a run to measure.",
)
@click.option("--json", type=PATH, help="File to write all figures to.")
@click.option(
    "--out", type=PATH, help="Folder of pictures.", show_default="RUN/evaluation, or ./evaluation"
)
@OVERWRITE
def command(**options):
    """Measures quality, classes and copying.

    WHAT is the folder of a run, a .keras file, a GAN that comes trained (fashion,
    fashion_by_class), or images: a .npz or .npy file, or a folder of pictures.
    """
    args = SimpleNamespace(**options)
    if args.json:
        check_output(Path(args.json), overwrite=args.overwrite, option="--json", kind=".json")
    with quiet():
        from gan_model import pictures
        from gan_model.commands.evaluation import Evaluation, load_compared, open_subject
        from gan_model.metrics import copying, report
    subject = open_subject(args.what, args.weights)
    out = folder_of_pictures(args, subject.settings.get("data"), is_run=subject.is_run)
    images = load_compared(subject, args)
    evaluation = Evaluation(subject, images, count=args.count, features=args.features)
    out.mkdir(parents=True, exist_ok=True)

    reference, readings = evaluation.reference, evaluation.readings(args.seeds)
    bounds = evaluation.bounds()
    figures = {
        "what": args.what,
        "weights": args.weights if subject.is_run else None,
        "data": images.data,
        **reference.about,
        "versions": {name: importlib.metadata.version(name) for name in _LIBRARIES},
        "readings": [reading.numbers for reading in readings],
        **bounds,
    }
    print(report.head(figures, readings="seed" if subject.sampler else "part"))
    print(report.table(reference.metrics.values(), figures["readings"], **bounds))
    print(report.COLUMNS)

    if classes := evaluation.classes(readings):
        figures["classes"] = classes
        names, generated, held_out = classes["names"], classes["generated"], classes["held_out"]
        print(f"\nClasses, as the classifier `{reference.classifier.name}` sees them")
        print(report.classes(names, generated, held_out))
        pictures.class_histogram(generated, names, out / _CLASSES, real_counts=held_out)
        print(f"  {out / _CLASSES}")
    if subject.sampler and subject.sampler.class_count:
        rows = evaluation.by_class()
        figures["by_class"] = rows or []
        none = "By class: the data have none of the classes of this GAN."
        print(f"\n{none if rows is None else report.by_class(rows)}")

    kind, copies = reference.features, evaluation.copies(readings[0])
    figures["copying"] = {
        "features": kind.name,
        "checksum": kind.checksum,
        "counts": copies.counts,
        "copying_probability": copies.copying_probability,
        "duplicates": copies.duplicates,
    }
    print(f"\n{report.copying(copies, f'{kind.name}, checksum {kind.checksum}')}")
    labels = report.rows_of_neighbours(copies)
    shown = readings[0].images[copies.shown], images.train[copies.training]
    pictures.neighbours(*shown, out / _NEIGHBOURS, labels=labels, distances=copies.distances)
    worst, others = copying.WORST, len(labels) - copying.WORST
    print(f"  {out / _NEIGHBOURS}: the {worst} nearest ones, then {others} others")
    if args.json:
        write_figures(figures, Path(args.json))
        print(f"All figures: {args.json}")


def folder_of_pictures(args, trained_on, *, is_run):
    """The folder for the pictures; not one among images that are measured or trained on.

    The folder of a run is this package's own, so pictures of an earlier version are replaced there.
    `trained_on` is the data set or folder that the GAN was trained on; None if that is unknown.
    """
    out = Path(args.out or (Path(args.what) if is_run else Path()) / "evaluation")
    refuse_unwritable(out)  # features may be learned first, for minutes
    for folder in filter(None, (args.data, trained_on or args.what)):
        refuse_within(out, folder, option="--out")
    for name in (_CLASSES, _NEIGHBOURS) if args.out or not is_run else ():
        check_own(out / name, overwrite=args.overwrite)
    return out


def write_figures(figures, path):
    """Writes a dict as JSON; atomically, unless it goes to something like `/dev/stdout`."""
    from gan_model.storage.atomic import atomic_write

    text = json.dumps(figures, indent=2) + "\n"
    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.write_text(text)
        return
    with atomic_write(path) as tmp_path:
        tmp_path.write_text(text)
