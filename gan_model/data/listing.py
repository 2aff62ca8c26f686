"""A folder -> the paths of its images, and their classes. No file is opened."""

import os
from collections import Counter
from pathlib import Path

from gan_model.data.decoding import READS_AVIF
from gan_model.storage.names import printable

_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".webp", ".tif", ".tiff"),
    *(".tga", ".ppm", ".pgm", ".pbm", ".pnm", *([".avif"] if READS_AVIF else [])),
)
_OTHER_SUFFIXES = (".avif", ".heic", ".heif", ".jxl", ".jp2", ".psd", ".ico", ".svg")


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
    return images_among(*files_in(root), root)


def files_in(root):
    """The visible files below a folder.

    Returns:
        (files, closed): paths below `root`, with slashes, in any order; and the folders that this
        user may not list.

    Raises:
        ValueError: `root` itself cannot be listed, or a folder for another reason.
    """
    closed = []

    def note_closed(error):
        if not isinstance(error, PermissionError) or Path(error.filename) == root:
            raise ValueError(f"The folder {error.filename} cannot be listed: {error.strerror}.")
        closed.append(Path(error.filename).relative_to(root).as_posix())

    files = [
        (Path(parent) / file).relative_to(root).as_posix()
        for parent, files in _walk(root, note_closed)
        for file in files
        if not file.startswith(".")
    ]
    return files, closed


def images_among(files, closed, root):
    """Those of the `files_in` a folder that are images, sorted by class and path."""
    names = [file for file in files if file.lower().endswith(_SUFFIXES)]
    if not names:
        reason = f"no name ends in {' '.join(_SUFFIXES)}. {closed_notice(closed)}".strip()
        raise ValueError(f"There are no images in {root}: {reason}")
    return sorted(names, key=lambda name: (_place_of(class_of(name)), name))


def _walk(root, onerror):
    """(folder, file names) of the visible folders, links to folders included, each once."""
    seen = {str(root)}
    for parent, folders, files in os.walk(root, onerror=onerror, followlinks=True):
        yield parent, files
        visible = [name for name in sorted(folders) if not name.startswith(".")]
        folders.clear()
        for name in visible:
            real = os.path.realpath(os.path.join(parent, name))
            if real not in seen:
                seen.add(real)
                folders.append(name)


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


def closed_notice(closed):
    """One line about the folders that may not be listed, or an empty text."""
    if not closed:
        return ""
    folders = "folder" if len(closed) == 1 else "folders"
    named = ", ".join(map(printable, sorted(closed)))
    return f"Skipped {len(closed):,} {folders} without permission to list: {named}."


def left_out(files):
    """One line about images among the `files_in` a folder that are not read, or an empty text."""
    suffixes = Counter(Path(file).suffix.lower() for file in files)
    suffixes = Counter(
        {end: suffixes[end] for end in _OTHER_SUFFIXES if end in suffixes and end not in _SUFFIXES}
    )
    if not suffixes:
        return ""
    noun = "file" if suffixes.total() == 1 else "files"
    return (
        f"Left out {suffixes.total():,} {noun} of other types: {', '.join(sorted(suffixes))}. "
        f"Only {', '.join(_SUFFIXES)} are read."
    )
