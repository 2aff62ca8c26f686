"""The folders and files that a person names: their whole paths, and which are refused."""

import os
from pathlib import Path

import click

from gan_model.arguments import place_of
from gan_model.storage.own_files import is_replaceable


def name_of(data):
    """The name of a data set, or of a folder of images, for the name of a run."""
    return Path(place_of(data)).name


def check_run_dir(folder, images):
    """Refuses a folder for a run or a search that TensorFlow cannot name, or among its images."""
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise click.UsageError(
            f"TensorFlow cannot write to {folder}, as the name is no UTF-8; choose another folder: "
            "--run-dir DIR"
        ) from None
    refuse_within(folder, images)


def check_output(path, *, overwrite, option="--out", kind=None, may_be_folder=False):
    """Refuses a file that cannot be written, or that would replace one of a person's own.

    Args:
        path: `Path` of the file.
        overwrite: whether a file that gan-model did not write may be replaced.
        option: that asks for it.
        kind: suffix of what is written; None: that of the path.
        may_be_folder: whether a folder is written.
    """
    if not path.absolute().parent.is_dir():
        raise click.UsageError(f"there is no folder {path.parent} for {option} {path}")
    if not path.exists() and not os.access(path.absolute().parent, os.W_OK):
        raise click.UsageError(f"{path.parent} cannot be written; choose another {option}")
    if path.is_dir() and not may_be_folder:
        raise click.UsageError(f"{path} is a folder; {option} is the name of a file to write")
    check_own(path, overwrite=overwrite, option=option, kind=kind)


def check_own(path, *, overwrite, option="--out", kind=None):
    """Refuses to replace a file that gan-model did not write. Arguments as `check_output`."""
    if not (overwrite or is_replaceable(path, kind)):
        raise click.UsageError(
            f"{path} exists, and gan-model did not write it; move it, choose another {option}, or "
            "replace it: --overwrite"
        )


def refuse_unwritable(folder):
    """Refuses a folder that cannot be made or written."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        what = "cannot be written" if there.is_dir() else "is no folder"
        raise click.UsageError(f"{there} {what}; choose another folder: --out DIR")


def refuse_within(folder, images, *, option="--run-dir"):
    """Refuses a folder for pictures among the images of a folder: they would be trained on."""
    from gan_model import data

    inside, outside = Path(folder).resolve(), Path(place_of(images))
    if not data.is_image_folder(images) or not outside.is_dir():
        return
    if not inside.is_relative_to(outside):
        return
    hidden = any(part.startswith(".") for part in inside.relative_to(outside).parts)
    if not hidden:  # hidden folders are not searched for images
        raise ValueError(
            f"The folder {inside} lies among the images in {images}, so its pictures would be "
            f"images to train on. Choose a folder elsewhere: {option} DIR."
        )
