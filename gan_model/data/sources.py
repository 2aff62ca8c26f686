"""The name of a data set or a folder -> uint8 arrays and labels, for training and held out.

The sample is part of the package. The full data sets are first searched on this machine; only if
they are not found does Keras download them.
"""

import sys
from pathlib import Path

from gan_model.catalog import FASHION_MNIST, FULL_SETS, data_sets
from gan_model.data.folder import class_names as sub_folders
from gan_model.data.folder import load_folder
from gan_model.data.reading import has_idx_files, load_full_set, load_sample, read_idx_files
from gan_model.data.splits import Splits
from gan_model.storage.messages import did_you_mean
from gan_model.storage.paths import expanded

_GROUND = "white"


def load(name="sample", *, folder=None, image_size=None, channels=None, pad=False, ground=_GROUND):
    """Loads the images and labels of a data set by name, or from your own folder.

    Args:
        name: "sample" (12,000 images of Fashion-MNIST that are part of the package),
            "fashion_mnist", "mnist" or "cifar10"; or the path of a folder with four idx files
            like those of MNIST, or with images (see `gan_model.data.folder`).
        folder: folder with the files of a full data set. None: the folder of its Debian package,
            or else Keras's cache, into which Keras downloads the data set if necessary.
        image_size: side length in pixels, or (height, width); for a folder of images only.
            None: that of its files, at most 64; see `own_size`.
        channels: 1 (grey) or 3 (colour); for a folder of images only. None: 1 if all images are
            stored as grey, otherwise 3.
        pad: for a folder of images only: False crops images of other proportions, True shows
            them whole, with `ground` beside them.
        ground: colour behind transparent images, for a folder of images only.

    Returns:
        ((train_images, train_labels), (test_images, test_labels)), with an attribute `class_names`:
        a list of texts, in which a label is a position, or None for idx files. Images are uint8,
        (n, height, width) for the sample and idx files, otherwise (n, height, width, channels).
        Images from a folder of images are read-only memory maps. Labels are integers (n,).

    Raises:
        ValueError: if the name is unknown, or files are missing or damaged.
        OSError: if there is no space on disk for the decoded images of a folder.
    """
    if folder is not None and name not in FULL_SETS:
        raise ValueError(
            f"`folder` is for the full data sets: {', '.join(FULL_SETS)}. "
            f"Received: name={str(name)!r}, folder={str(folder)!r}. Leave folder out."
        )
    if name in data_sets():
        _refuse_choices(name, image_size, channels, pad, ground)
        if Path(name).is_dir():
            print(f"{name} is the data set. Your folder is ./{name}.", file=sys.stderr)
        splits = load_sample() if name == "sample" else load_full_set(FULL_SETS[name], folder)
        return Splits(splits, class_names(name))
    path = _existing_folder(name)
    if not has_idx_files(path):
        return load_folder(path, image_size=image_size, channels=channels, pad=pad, ground=ground)
    _refuse_choices(name, image_size, channels, pad, ground)
    return Splits(read_idx_files(path))


def licence_of(name):
    """The licence of the images of a data set, a text; None if it is unknown, as of a folder."""
    full_set = _full_set(name)
    return full_set and full_set.licence


def is_image_folder(name):
    """Whether a name is none of a data set, and its folder has no idx files but single images."""
    return name not in data_sets() and not has_idx_files(expanded(name))


def class_names(name):
    """Names of the classes of a data set or of a folder of images: a list of texts.

    A folder's classes are its sub-folders as they are now. A label of loaded images is a position
    in `load(name).class_names`, which lacks sub-folders without a readable image.

    Raises:
        ValueError: there is no such data set or folder, or the folder has idx files, which name
            no classes.
    """
    if full_set := _full_set(name):
        return list(full_set.class_names)
    path = _existing_folder(name)
    if not is_image_folder(path):
        raise ValueError(f"{path} has idx files, which do not name their classes.")
    return sub_folders(path)


def _full_set(name):
    return FASHION_MNIST if name == "sample" else FULL_SETS.get(name)


def _existing_folder(name):
    path = expanded(name)
    if path.is_dir():
        return path
    guess = did_you_mean(str(name).lower().replace("-", "_"), data_sets())
    kind = f"{str(name)!r} is a file" if path.is_file() else f"Unknown data {str(name)!r}"
    known = ", ".join(data_sets())
    raise ValueError(f"{kind}.{guess} Known: {known}; or give the path of a folder of images.")


def _refuse_choices(name, image_size, channels, pad, ground):
    given = {"image_size": image_size, "channels": channels, "pad": pad or None}
    given |= {"ground": None if ground == _GROUND else ground}
    received = [f"{choice}={value}" for choice, value in given.items() if value is not None]
    if received:
        raise ValueError(
            f"`image_size`, `channels`, `pad` and `ground` are for folders of images; "
            f"{str(name)!r} has its own shape. Received: {', '.join(received)}. Leave them out."
        )
