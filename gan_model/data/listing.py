"""A folder -> the paths of its images, and their classes. No file is opened."""

import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gan_model.data.decoding import READS_AVIF
from gan_model.storage.messages import printable
from gan_model.storage.paths import expanded

_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".webp", ".tif", ".tiff"),
    *(".tga", ".ppm", ".pgm", ".pbm", ".pnm", *([".avif"] if READS_AVIF else [])),
)
_OTHER_SUFFIXES = {".avif", ".heic", ".heif", ".jxl", ".jp2", ".psd", ".ico", ".svg"} - {*_SUFFIXES}
# Names of folders that are splits of a data set: train, test_images, val2017.
_END = r"([-_ ]?(set|data|split|images|imgs))?[-_ ]?\d*"
_TRAINING = re.compile(rf"train(ing)?{_END}", re.IGNORECASE)
_NOT_TRAINING = re.compile(
    rf"(test(ing)?|val(id(ation)?)?|dev|eval(uation)?|h[eo]ld[-_ ]?out){_END}", re.IGNORECASE
)


@dataclass(frozen=True)
class Listing:
    """The visible images below a folder; links to folders are followed.

    Args:
        root: absolute path of the folder.
        names: paths of the images below it, with slashes, sorted by class and path.
        closed: one line about the folders that this user may not list, or "".
        left_out: one line about images of types that are not read, or "".
    """

    root: Path
    names: list
    closed: str
    left_out: str

    @property
    def classes(self):
        """Sub-folders of the first level; names that are numbers come first, as numbers."""
        return sorted(set(map(class_of, self.names)), key=_place_of)

    def refuse_splits(self):
        """Refuses sub-folders such as `train` and `test`, which would become classes."""
        folders = {name.rpartition("/")[0] for name in self.names}
        shared = os.path.commonpath(folders)  # where the first sub-folders lie beside each other
        children = sorted({folder[len(shared) :].strip("/").split("/")[0] for folder in folders})
        training = list(filter(_TRAINING.fullmatch, children))
        others = list(filter(_NOT_TRAINING.fullmatch, children))
        if training and others:
            place, splits = self.root / shared, ", ".join(map(printable, training + others))
            raise ValueError(
                f"The sub-folders {splits} of {place} are splits of a data set, and would become "
                f"classes to train on. Give the path of one: {place / training[0]}. If they are "
                "classes, rename them."
            )


def images_in(folder):
    """The `Listing` of a folder.

    Raises:
        ValueError: there is no such folder, it has no images, or it cannot be listed.
    """
    root = expanded(folder).resolve()
    if not root.is_dir():
        raise ValueError(f"There is no folder {root}. Give the path of a folder of images.")
    files, closed = _files_in(root)
    names = [file for file in files if file.lower().endswith(_SUFFIXES)]
    closed = _closed_line(closed)
    if not names:
        reason = f"no name ends in {' '.join(_SUFFIXES)}. {closed}".strip()
        raise ValueError(f"There are no images in {root}: {reason}")
    names.sort(key=lambda name: (_place_of(class_of(name)), name))
    return Listing(root, names, closed, _left_out_line(files))


def class_of(name):
    """The sub-folder of the first level that a path is in; "." for none."""
    return name.split("/", 1)[0] if "/" in name else "."


def _place_of(class_name):
    """What a class is sorted by."""
    is_number = class_name.isdecimal()
    return not is_number, int(class_name) if is_number else 0, class_name


def _files_in(root):
    """Paths of the visible files, and of the folders that this user may not list; in any order."""
    files, closed, seen = [], [], {str(root)}

    def note_closed(error):
        if not isinstance(error, PermissionError) or Path(error.filename) == root:
            raise ValueError(f"The folder {error.filename} cannot be listed: {error.strerror}.")
        closed.append(Path(error.filename).relative_to(root).as_posix())

    for parent, folders, names in os.walk(root, onerror=note_closed, followlinks=True):
        below = Path(parent).relative_to(root)
        files += [(below / name).as_posix() for name in names if not name.startswith(".")]
        visible = [name for name in sorted(folders) if not name.startswith(".")]
        folders.clear()
        for name in visible:
            real = os.path.realpath(os.path.join(parent, name))
            if real not in seen:
                seen.add(real)
                folders.append(name)
    return files, closed


def _closed_line(closed):
    if not closed:
        return ""
    folders = "folder" if len(closed) == 1 else "folders"
    named = ", ".join(map(printable, sorted(closed)))
    return f"Skipped {len(closed):,} {folders} without permission to list: {named}."


def _left_out_line(files):
    suffixes = Counter(Path(file).suffix.lower() for file in files)
    left_out = {suffix: suffixes[suffix] for suffix in sorted(_OTHER_SUFFIXES & suffixes.keys())}
    count = sum(left_out.values())
    if not count:
        return ""
    return (
        f"Left out {count:,} {'file' if count == 1 else 'files'} of other types: "
        f"{', '.join(left_out)}. Only {', '.join(_SUFFIXES)} are read."
    )
