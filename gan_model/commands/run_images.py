"""The images that a run was trained on, to compare with them."""

import shlex
import sys

import click

from gan_model.arguments import check_data_dir, place_of


def as_read_for(settings):
    """The arguments `pad` and `ground` with which a run of these settings read a folder: a dict."""
    known = settings or {}
    return {"pad": bool(known.get("pad")), "ground": known.get("ground") or "white"}


def load_for(settings, *, data_set, folder, image_size, channels, asked=None):
    """The images and labels of a data set as a run read them; see `data.load`.

    Args:
        settings: dict with `data`, `images` (their fingerprint), `data_dir` of a named data set,
            `pad` and `ground` of a folder of images, and `class_names`; None where no run is known.
        data_set: another data set, which may have other images; None: that of the run.
        folder: with the files of a named data set; None: that of the run, if it had one.
        image_size, channels: for a folder of images.
        asked: dict of `pad` and `ground` to use in the place of the run's; only where `data_set` is
            a folder of images.

    Returns:
        The pairs of `data.load`. If the classes of the run have names, the labels are those of the
        run: of the class of the same name, or -1.
    """
    from gan_model import data
    from gan_model.data.images import fingerprint

    name, wanted = data_set or settings["data"], {}
    check_data_dir(folder, name)
    if asked and not (data_set and data.is_image_folder(data_set)):
        raise click.UsageError("--pad and --ground are for --data FOLDER; leave them out")
    if data.is_image_folder(name):
        how = as_read_for({**(settings or {}), **(asked or {})})
        wanted = {"image_size": image_size, "channels": channels, **how}
    folder = folder or (None if data_set else settings.get("data_dir"))
    splits = data.load(name, folder=folder, **wanted)
    if data_set:
        tell_of_changes(settings, name, splits[0][0])
    elif fingerprint(splits[0][0]) != settings["images"]:
        raise ValueError(
            f"The images of {name} are not those that the run was trained on. To compare with "
            f"them anyway: --data {shlex.quote(str(name))}"
        )
    names = (settings or {}).get("class_names")
    return [(images, _by_name(labels, splits.class_names, names)) for images, labels in splits]


def tell_of_changes(settings, name, train_images):
    """Says on stderr if the folder that a run was trained on has other training images now."""
    from gan_model import data
    from gan_model.data.images import fingerprint

    known = settings or {}
    is_folder_of_run = data.is_image_folder(name) and place_of(name) == known.get("data")
    if is_folder_of_run and fingerprint(train_images) != known.get("images"):
        print(
            f"The images of {name} have changed since the run was trained, or are read in another "
            "way. If files were only added, no image that it was trained on is held out. Else, or "
            "if the run is of an older version, some may be.",
            file=sys.stderr,
        )


def are_classes_of(sampler, *labels):
    """Whether all labels are those of classes of a GAN; those of other data may not be."""
    count = sampler.class_count
    return count is not None and all(0 <= each.min() and each.max() < count for each in labels)


def class_of(text, sampler, about):
    """The label that --of-class asks for, by name or by number; None if it does not ask.

    A name comes before a number: where the classes are called 1, 2, 3, the text 2 is the class of
    that name, which has the number 1. A line on stderr says which class it is where the names are
    numbers. A text that is the number of one class and, as 02, the name of another is refused.
    """
    if text is None:
        return None
    if sampler.class_count is None:
        raise click.UsageError("this GAN has no classes; leave --of-class out")
    names = (about.get("class_names") or names_of(about["data"])) if about else []
    names = names[: sampler.class_count] if len(names) >= sampler.class_count else []
    is_number = text.isdecimal() and int(text) < sampler.class_count
    if text not in names and not is_number:
        known = ", ".join(f"{number} ({name})" for number, name in enumerate(names))
        raise click.UsageError(
            f"--of-class is from 0 to {sampler.class_count - 1} for this GAN; received {text}"
            f"{known and f'. Its classes: {known}'}"
        )
    label = names.index(text) if text in names else int(text)
    numeric = {int(name): name for name in names if name.isdecimal()}
    if not (numeric and text.isdecimal()) or names[label] == str(label):
        return label
    if text not in names and int(text) in numeric:
        raise click.UsageError(
            f"--of-class {text} can be the class {numeric[int(text)]} or class number {text}, "
            f"which is {names[label]}; give one of these two names"
        )
    print(f"--of-class {text}: the class {names[label]}, number {label}", file=sys.stderr)
    return label


def names_of(data_set):
    """The names of the classes of a published data set; [] for a folder, which may have changed."""
    from gan_model import data

    return data.class_names(data_set) if data_set in data.data_sets() else []


def _by_name(labels, own_names, names):
    """Labels with `own_names` -> labels with `names`; as they are if one of the two is None."""
    import numpy as np

    if own_names is None or names is None:
        return labels
    return np.array([names.index(name) if name in names else -1 for name in own_names])[labels]
