"""A folder -> the paths of its images, and their classes. No file is opened."""

import os
from collections import Counter
from pathlib import Path

_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")
_OTHER_SUFFIXES = (".tif", ".tiff", ".jfif", ".avif", ".heic", ".heif", ".jxl", ".svg")


def existing_folder(folder):
    """The absolute path of a folder.

    Raises:
        ValueError: there is none.
    """
    root = Path(os.path.expanduser(folder)).resolve()
    if not root.is_dir():
        raise ValueError(f"There is no folder {root}. Give the path of a folder of images.")
    return root


def image_names(root):
    """Paths of the images below `root`, with slashes, sorted by class and path."""
    return images_among(files_in(root), root)


def files_in(root):
    """Paths of the visible files below `root`, with slashes, in any order."""
    return [
        (Path(parent) / file).relative_to(root).as_posix()
        for parent, files in _walk(root)
        for file in files
        if not file.startswith(".")
    ]


def images_among(files, root):
    """Those of the `files_in` a folder that are images, sorted by class and path."""
    names = [file for file in files if file.lower().endswith(_SUFFIXES)]
    if not names:
        raise ValueError(f"There are no images in {root}: no name ends in {' '.join(_SUFFIXES)}.")
    return sorted(names, key=lambda name: (_place_of(class_of(name)), name))


def _walk(root):
    """(folder, file names) of the visible folders, links to folders included, each once."""
    seen = {str(root)}
    for parent, folders, files in os.walk(root, onerror=_refuse_unlisted, followlinks=True):
        yield parent, files
        visible = [name for name in sorted(folders) if not name.startswith(".")]
        folders.clear()
        for name in visible:
            real = os.path.realpath(os.path.join(parent, name))
            if real not in seen:
                seen.add(real)
                folders.append(name)


def _refuse_unlisted(error):
    raise ValueError(f"The folder {error.filename} cannot be listed: {error.strerror}.")


def classes_of(names):
    """The classes of these paths, sorted; names that are numbers come first, sorted as numbers."""
    return sorted(set(map(class_of, names)), key=_place_of)


def _place_of(class_name):
    """What a class is sorted by."""
    is_number = class_name.isdecimal()
    return not is_number, int(class_name) if is_number else 0, class_name


def class_of(name):
    """The sub-folder of the first level that a path is in; "." for none."""
    return name.split("/", 1)[0] if "/" in name else "."


def left_out(files):
    """One line about images among the `files_in` a folder that are not read, or an empty text."""
    suffixes = Counter(
        Path(file).suffix.lower() for file in files if file.lower().endswith(_OTHER_SUFFIXES)
    )
    if not suffixes:
        return ""
    noun = "file" if suffixes.total() == 1 else "files"
    return (
        f"Left out {suffixes.total():,} {noun} of other types: {', '.join(sorted(suffixes))}. "
        f"Only {', '.join(_SUFFIXES)} are read."
    )
