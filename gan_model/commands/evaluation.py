"""The steps of `gan-model evaluate`: quality, classes and signs of copying."""

import importlib.metadata
import json
from pathlib import Path

from gan_model.commands.places import check_own, refuse_unwritable, refuse_within
from gan_model.commands.run_images import are_classes_of, load_for
from gan_model.commands.screen import quiet
from gan_model.storage.atomic import atomic_write

_CLASSES, _NEIGHBOURS = "classes.png", "neighbours.png"


def evaluate(args):
    """Measures, prints and draws.

    Args:
        args: values of the options of `gan-model evaluate`.
    """
    with quiet():
        from gan_model import metrics, runs
        from gan_model.data.images import lazy_subset, subset_like
        from gan_model.metrics import report
    sampler, settings = _opened(args)
    is_run = runs.RunFolder(args.what).holds_run()
    out = folder_of_pictures(args, settings, is_run)
    train, held_out, images, labels = _compared(args, settings, sampler)
    count = min(args.count, len(held_out), len(train), len(held_out if sampler else images))
    real = lazy_subset(held_out, count)
    reference = metrics.Reference(metrics.measures(held_out, args.features, training=train), real)
    out.mkdir(parents=True, exist_ok=True)
    asked = _asked(sampler, labels[1], count)
    sets = _readings(sampler, images, count, asked, max_sets=args.seeds)
    measured = [_measured(reference, images, is_first=images is sets[0]) for images in sets]
    figures = _about(args, is_run, reference) | {
        "readings": [numbers for numbers, _, _ in measured],
        "floor": reference.compare(subset_like(train, count, labels=labels[0], wanted=asked)),
        "noise": reference.compare_noise(real),
    }
    print(report.head(figures, readings="seed" if sampler else "part"))
    bounds = {name: figures[name] for name in ("floor", "noise")}
    print(report.table(reference.metrics.values(), figures["readings"], **bounds))
    print(report.COLUMNS)
    figures |= _classes(reference.classifier, [classes for _, classes, _ in measured], real, out)
    if sampler and sampler.class_count:
        figures |= _by_class(args, settings, sampler, reference, (train, held_out), labels)
    figures |= _copies(reference.features, sets[0], measured[0][2], real, train, out)
    if args.json:
        write_figures(figures, Path(args.json))
        print(f"All figures: {args.json}")


def write_figures(figures, path):
    """Writes a dict as JSON; atomically, unless it goes to something like `/dev/stdout`."""
    text = json.dumps(figures, indent=2) + "\n"
    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.write_text(text)
        return
    with atomic_write(path) as beside:
        beside.write_text(text)


def folder_of_pictures(args, settings, is_run):
    """The folder for the pictures; not one among images that are measured or trained on.

    The folder of a run is this package's own, so pictures of an earlier version are replaced there.
    """
    out = Path(args.out or (Path(args.what) if is_run else Path()) / "evaluation")
    refuse_unwritable(out)  # features may be learned first, for minutes
    for folder in (args.data, settings["data"] if settings else args.what):
        if folder:
            refuse_within(out, folder, option="--out")
    for name in (_CLASSES, _NEIGHBOURS) if args.out or not is_run else ():
        check_own(out / name, overwrite=args.overwrite)
    return out


def _asked(sampler, labels, count):
    """The labels to generate: those of the images compared with, or None for classes in turn."""
    from gan_model.data.images import random_subset

    if sampler is None or sampler.class_count is None or labels is None:
        return None
    labels = random_subset(labels, count)
    return labels if are_classes_of(sampler, labels) else None


def _readings(sampler, images, count, labels, *, max_sets):
    """Sets of `count` images each: from the codings of other seeds, or parts of `images`."""
    from gan_model.data.image_sets import disjoint_parts

    if sampler is None:
        return disjoint_parts(images, count, max_parts=max_sets)
    return [sampler.generated(count, labels=labels, seed=seed) for seed in range(max_sets)]


def _measured(reference, images, *, is_first):
    """Tuple of the numbers, the classes and the features of a set of images, which is read once.

    The classes are None without a classifier, and the features but for the first set.
    """
    import numpy as np

    from gan_model.data.images import chunks

    functions = [
        reference.classifier and reference.classifier.classes,
        reference.features if is_first else None,
    ]
    results = [[], []]

    def described(chunk):
        for function, result in zip(functions, results, strict=True):
            if function is not None:
                result.append(function(chunk))
        return chunk

    numbers = reference.compare_chunks(map(described, chunks(images)))
    return numbers, *(np.concatenate(result) if result else None for result in results)


def _opened(args):
    """Tuple of the `Sampler` and the settings of its run; None for each that does not exist."""
    from gan_model import runs
    from gan_model.model.sampling import Sampler

    folder = runs.RunFolder(args.what)
    if folder.holds_run():
        if args.weights == "best" and not folder.best.is_file():
            raise ValueError(f"There is no {folder.best}: leave out --weights best.")
        model = folder.load() if args.weights == "last" else runs.load_model(folder.best)
    elif args.weights == "best":
        raise ValueError(f"--weights best is for the folder of a run, and {args.what} is not one.")
    elif Path(args.what).suffix == ".keras":
        model = runs.load_model(args.what)
    elif not Path(args.what).exists():  # a folder of that name may hold images
        if not runs.is_pretrained(args.what):
            raise ValueError(f"There is no file or folder {args.what}.")
        model = runs.open_model(args.what)
    else:
        return None, None
    return Sampler.of(model), runs.trained_on(args.what)


def _compared(args, settings, sampler):
    """Tuple of training images, held-out images, the images to measure, and labels.

    All images have the same shape. The images to measure are None if a `Sampler` generates them.
    The labels are a pair, of the training images and of the held-out images.
    """
    from gan_model.data import load_images

    if not (args.data or settings):
        raise ValueError("Say what to compare with: --data NAME, or the path of a folder.")
    args.features = args.features or (settings or {}).get("features")
    # Of a file only one image, so that the others do not stay in memory.
    given = sampler.generate(1) if sampler else load_images(args.what)[:1].copy()
    splits = load_for(
        settings,
        data_set=args.data,
        folder=args.data_dir,
        image_size=given.shape[1:3],
        # Pictures of a folder become grey or coloured as those of the data are; arrays cannot.
        channels=(*given.shape, 1)[3] if sampler or not Path(args.what).is_dir() else None,
        asked={name: getattr(args, name) for name in ("pad", "ground") if getattr(args, name)},
    )
    args.data = args.data or settings["data"]
    (train, held_out), labels = zip(*splits, strict=True)
    if not sampler:
        return train, held_out, load_images(args.what, image_shape=train.shape[1:]), labels
    if given[0].size != train[0].size or given.shape[1:3] != train.shape[1:3]:
        raise ValueError(
            f"{args.what} makes images of shape {given.shape[1:]}, those of {args.data} have "
            f"{train.shape[1:]}. Say what it was trained on: --data NAME, or a folder's path."
        )
    # Grey images come with or without a channel.
    train, held_out = (part.reshape(len(part), *given.shape[1:]) for part in (train, held_out))
    return train, held_out, None, labels


def _about(args, is_run, reference):
    libraries = ("gan-model", "tensorflow", "keras", "numpy")
    return {
        "what": args.what,
        "weights": args.weights if is_run else None,
        "data": args.data,
        **reference.about,
        "versions": {name: importlib.metadata.version(name) for name in libraries},
    }


def _classes(classifier, generated_classes, real, out):
    """Prints and draws the counts of the classes, if the features come with a classifier.

    Args:
        classifier: features that also tell classes; None if there are none.
        generated_classes: arrays of the classes of each set of images.
        real: the held-out images.
        out: folder of the picture.
    """
    import numpy as np

    from gan_model import pictures
    from gan_model.data.images import chunks
    from gan_model.metrics import report

    if classifier is None:
        return {}
    names = list(classifier.class_names)
    generated, held_out = (
        np.bincount(np.concatenate(classes), minlength=len(names)).tolist()
        for classes in (generated_classes, [classifier.classes(chunk) for chunk in chunks(real)])
    )
    print(f"\nClasses, as the classifier `{classifier.name}` sees them")
    print(report.classes(names, generated, held_out))
    pictures.class_histogram(generated, names, out / _CLASSES, real_counts=held_out)
    print(f"  {out / _CLASSES}")
    return {"classes": {"names": names, "generated": generated, "held_out": held_out}}


def _by_class(args, settings, sampler, reference, images, labels):
    """Prints the distance of each class, and how many images are of the class asked for.

    Args:
        args: of the command line.
        settings: of the run, or None.
        sampler: `Sampler` of a GAN with classes.
        reference: `Reference` of all held-out images.
        images: pair of training and held-out images.
        labels: pair of their labels.
    """
    import numpy as np

    from gan_model import metrics
    from gan_model.data.images import Subset, random_subset
    from gan_model.metrics import report

    if max(each.max() for each in labels) < 0:
        print("\nBy class: the data have none of the classes of this GAN.")
        return {"by_class": []}
    rows, names = [], (settings or {}).get("class_names")
    for label in range(sampler.class_count):
        rows_of = [np.flatnonzero(each == label) for each in labels]
        count = min(args.count, *map(len, rows_of))
        if count < metrics.LEAST:
            continue  # too few to compare
        train, real = (
            Subset(each, random_subset(of, count)) for each, of in zip(images, rows_of, strict=True)
        )
        of_class = metrics.Reference(reference.measures, real)
        made = sampler.generated(count, labels=label)
        row = {"class": label, "count": count, **_named(label, names, made, args.data)}
        row |= {"readings": of_class.compare(made), "floor": of_class.compare(train)}
        rows.append(row | {"distance": of_class.distance})
    print(f"\n{report.by_class(rows)}")
    return {"by_class": rows}


def _named(label, names, made, data_set):
    """The name of a class, and how many of its images a classifier finds to be of it, if known."""
    import numpy as np

    from gan_model import features
    from gan_model.data.images import chunks

    if data_set not in ("sample", "fashion_mnist"):  # with the classifier's classes
        return {"name": names[label]} if names and names[label] != str(label) else {}
    name = names[label] if names else features.CLASSES[label]
    asked = features.CLASSES.index(name)  # by name, as the real images
    classes = np.concatenate([features.fashion().classes(chunk) for chunk in chunks(made)])
    return {"name": name, "as_asked": float((classes == asked).mean())}


def _copies(kind, fakes, fake_features, real, train, out):
    """Prints signs of copying, and draws the images that are most similar to copies.

    Args:
        kind: the `Features` to compare.
        fakes, fake_features: generated images and their features.
        real, train: held-out images and training images.
        out: folder of the picture.
    """
    import numpy as np

    from gan_model import pictures
    from gan_model.data.images import chunks
    from gan_model.metrics import report
    from gan_model.metrics.copying import WORST, copies_among

    real_features, train_features = (
        np.concatenate([kind(chunk) for chunk in chunks(images)]) for images in (real, train)
    )
    found = copies_among(fake_features, real_features, train_features)
    path = out / _NEIGHBOURS
    rows = report.rows_of_neighbours(found)
    pairs = fakes[found.shown], train[found.training]
    pictures.neighbours(*pairs, path, labels=rows, distances=found.distances)
    print(f"\n{report.copying(found, f'{kind.name}, checksum {kind.checksum}')}")
    print(f"  {path}: the {WORST} nearest ones, then {len(rows) - WORST} others")
    about = {"features": kind.name, "checksum": kind.checksum, "counts": found.counts}
    return {
        "copying": about
        | {"copying_probability": found.copying_probability, "duplicates": found.duplicates}
    }
