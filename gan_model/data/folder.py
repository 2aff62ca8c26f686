"""A folder of images -> uint8 arrays on disk, decoded once, however large the folder is.

The sub-folders of the first level are the classes. Files that cannot be read are skipped, and
named in one line on stderr. If it was for another reason than their content, such as a missing
permission, they are tried again at each load.

The pixels are kept as plain files in $GAN_MODEL_CACHE (else $XDG_CACHE_HOME/gan-model, else
~/.cache/gan-model) and returned as read-only memory maps, so memory holds only what is in use.
An entry is found by the names, sizes and times of the images; it may be deleted at any time.
"""

import contextlib
import functools
import math
import os
import re
import sys
import threading
import warnings
from array import array
from collections import deque

import numpy as np
from PIL import ImageColor

from gan_model.data import cache
from gan_model.data.decoding import decode, decoders
from gan_model.data.hold_out import hash_of, held_out
from gan_model.data.listing import (
    class_of,
    classes_of,
    closed_notice,
    existing_folder,
    files_in,
    image_names,
    images_among,
    left_out,
)
from gan_model.data.own_size import own_size
from gan_model.data.splits import Splits
from gan_model.storage.names import printable
from gan_model.storage.serializable import is_integer

_AHEAD = 64  # images that may be decoded before they are written
_NAMED = 5  # files that are named in a notice; the rest is counted
_GREY_AS_COLOR = (
    "All images are grey, although they are stored in color. Training in grey takes less time: "
    "--channels 1, in Python channels=1."
)
_PATIENCE = 2.0  # seconds of decoding before it is mentioned
# Names of folders that are splits of a data set: train, test_images, val2017.
_SUFFIX = r"([-_ ]?(set|data|split|images|imgs))?[-_ ]?\d*"
_TRAINING = re.compile(rf"train(ing)?{_SUFFIX}", re.IGNORECASE)
_NOT_TRAINING = re.compile(
    rf"(test(ing)?|val(id(ation)?)?|dev|eval(uation)?|h[eo]ld[-_ ]?out){_SUFFIX}", re.IGNORECASE
)


def load_folder(folder, *, image_size=None, channels=None, pad=False, ground="white"):
    """Images of a folder: for training, and about a tenth that is held out.

    Args:
        folder: path. Images at its root, beside sub-folders or not, are the class ".".
        image_size: pixels of a side, or (height, width). None: that of the files; see `own_size`.
        channels: 1 (grey) or 3 (colour). None: 1 if every readable image is stored as grey.
        pad, ground: see `gan_model.data.decoding.decode`.

    Returns:
        `Splits`: ((train_images, train_labels), (test_images, test_labels)), read-only uint8
        memmaps (n, height, width, channels), in the order of classes and paths, and int32 labels
        (n,). The classes are the sub-folders with a readable image. See
        `gan_model.data.hold_out` for the images that are held out; two images are enough.

    Raises:
        ValueError: there are no two different readable images, the sub-folders are splits of a
            data set, or arguments are out of range.
        OSError: the decoded images cannot be kept on disk.
    """
    root = existing_folder(folder)
    wanted_size = None if image_size is None else _height_and_width(image_size)
    channels = _checked_channels(channels)
    as_asked = {"pad": bool(pad), "ground": _checked_ground(ground)}
    files, closed = files_in(root)
    names = images_among(files, closed, root)
    _refuse_splits(root, names)
    height, width = wanted_size or own_size(root, names=names)[0]
    shape = (height, width, channels)
    source = [str(root), shape, *as_asked.values()]
    path = cache.entry_of([*source, [(name, *_stamp(root / name)) for name in names]])
    read = functools.partial(_decoded, root, shape=(height, width, channels or 3), **as_asked)
    entry = _readable_entry(path, read)
    if entry is None:
        with cache.locked_entry(path, len(names) * height * width * (channels or 3)):
            entry = _readable_entry(path, read)  # another process may have written it by now
            if entry is None:
                _decode_all(root, names, shape, path, read, as_asked["ground"])
                entry = cache.open_entry(path)
    for line in filter(None, (entry.notice, closed_notice(closed), left_out(files))):
        print(line, file=sys.stderr)
    return Splits(entry.splits, entry.class_names)


def class_names(folder):
    """Names of the classes of a folder of images, without a look into the files.

    A class without a readable image is among them; `load_folder` leaves it out.
    """
    root = existing_folder(folder)
    names = image_names(root)
    _refuse_splits(root, names)
    return classes_of(names)


def _refuse_splits(root, names):
    """Refuses sub-folders such as `train` and `test`, which would become classes."""
    folders = {name.rpartition("/")[0] for name in names}
    shared = os.path.commonpath(folders)  # where the first sub-folders lie beside each other
    children = sorted({folder[len(shared) :].strip("/").split("/")[0] for folder in folders})
    training = list(filter(_TRAINING.fullmatch, children))
    others = list(filter(_NOT_TRAINING.fullmatch, children))
    if training and others:
        place, found = root / shared, ", ".join(map(printable, training + others))
        raise ValueError(
            f"The sub-folders {found} of {place} are splits of a data set, and would become "
            f"classes to train on. Give the path of one: {place / training[0]}. If they are "
            "classes, rename them."
        )


def _height_and_width(image_size):
    sides = tuple(image_size) if isinstance(image_size, (tuple, list)) else (image_size,) * 2
    whole = all(isinstance(side, (int, np.integer)) and side >= 1 for side in sides)
    if len(sides) != 2 or not whole:
        raise ValueError(
            f"`image_size` is pixels of a side, or (height, width). Received: {image_size!r}."
        )
    return int(sides[0]), int(sides[1])


def _checked_channels(channels):
    if channels is None:
        return None
    if not is_integer(channels) or channels not in (1, 3):
        raise ValueError(f"`channels` is 1 (grey) or 3 (colour). Received: {channels!r}.")
    return int(channels)  # a record in JSON takes no integers of numpy


def _checked_ground(ground):
    try:
        return ImageColor.getcolor(ground, "RGB") and ground
    except (ValueError, AttributeError, TypeError):
        raise ValueError(
            f"`ground` is a colour, such as 'white', 'black' or '#ff8800'. Received: {ground!r}."
        ) from None


def _stamp(path):
    try:
        status = path.stat()
        return status.st_size, status.st_mtime_ns
    except OSError:  # such as a dangling link; decoding will name it
        return -1, -1


def _readable_entry(path, read):
    """The entry at a path; None if there is none, or if more files can be read by now.

    Args:
        path: of `cache.entry_of`.
        read: function from names of files to a `Decoded` each.
    """
    entry = cache.open_entry(path)
    if entry is None or not entry.retry:
        return entry
    with _mentioned(f"Trying to read {len(entry.retry):,} images that could not be read..."):
        return None if any(not decoded.reason for decoded in read(entry.retry)) else entry


def _decode_all(root, names, shape, path, read, ground):
    *image_size, channels = shape
    decoded_shape = (*image_size, channels or 3)
    size = len(names) * math.prod(decoded_shape)
    total = cache.make_room(path, size)
    line = (
        f"Decoding {len(names):,} images into {path.parent} (once). They take up to "
        f"{_megabytes(size)}, and the whole cache {_megabytes(total)}..."
    )
    classes, hashes, skipped, retry, blank = [], array("Q"), [], [], []
    grey = looks_grey = True
    with _mentioned(line), cache.new_entry(path, decoded_shape) as writer:
        for name, decoded in zip(names, read(names), strict=True):
            if decoded.reason:
                skipped.append(f"{printable(name)} ({decoded.reason})")
                retry += [name] * decoded.retry
                continue
            writer.add(decoded.pixels)
            classes.append(class_of(name))
            hashes.append(hash_of(decoded.pixels))
            grey = grey and decoded.grey
            looks_grey = looks_grey and (decoded.pixels == decoded.pixels[..., :1]).all()
            if decoded.blank:
                blank.append(printable(name))
        different = len(set(hashes))
        _refuse_too_few(root, len(hashes), different, skipped)
        label_of = {name: label for label, name in enumerate(dict.fromkeys(classes))}
        labels = np.array([label_of[name] for name in classes])
        notices = [
            _notice(skipped, len(names)),
            _of_lost_classes(set(classes_of(names)) - set(label_of)),
            _of_blank(blank, len(hashes), ground),
            _of_copies(len(hashes), len(hashes) - different),
        ]
        if channels is None and looks_grey and not grey:
            notices.append(_GREY_AS_COLOR)
        writer.finish(
            labels,
            held_out(hashes, labels),
            one_channel=channels is None and grey,
            class_names=list(label_of),
            notice="\n".join(filter(None, notices)),
            retry=retry,
        )


@contextlib.contextmanager
def _mentioned(line):
    """Prints `line` if the block takes long, and hides Pillow's warnings."""
    timer = threading.Timer(_PATIENCE, print, [line], {"file": sys.stderr, "flush": True})
    timer.start()
    # Around all threads, because the switch belongs to the process.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            timer.cancel()


def _decoded(root, names, *, shape, **as_asked):
    """Decodes files in a few threads, at most `_AHEAD` ahead; gives a `Decoded` each, in order."""
    *image_size, channels = shape
    job = functools.partial(decode, image_size=tuple(image_size), channels=channels, **as_asked)
    with decoders() as pool:
        waiting = deque()
        for name in names:
            waiting.append(pool.submit(job, root / name))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _refuse_too_few(root, readable, different, skipped):
    if different >= 2:
        return
    holds = f"{readable} readable image{'s' * (readable != 1)}"
    same = ", all with the same pixels" if readable > 1 else ""
    raise ValueError(
        f"{root} holds {holds}{same}, and 2 different ones are the least: one to train on and one "
        f"to hold out. {_notice(skipped, readable + len(skipped))}"
    )


def _of_lost_classes(names):
    """One line about classes without a readable image, or an empty text."""
    if not names:
        return ""
    lost = ", ".join(map(printable, sorted(names)))
    return f"Classes left out, as none of their images can be read: {lost}."


def _of_copies(count, copies):
    """One line about images that are there more than once, or an empty text."""
    if not copies:
        return ""
    are = "is a copy" if copies == 1 else "are copies"
    return (
        f"{copies:,} of {count:,} images {are} of others, which so count more than once. Remove "
        "copies if that is not intended."
    )


def _megabytes(size):
    return f"{math.ceil(size / 1e6):,} MB"


def _notice(skipped, count):
    """One line about the skipped files, or an empty text."""
    if not skipped:
        return ""
    images = "image" if len(skipped) == 1 else "images"
    return f"Skipped {len(skipped):,} unreadable {images} of {count:,}: {_named(skipped)}."


def _of_blank(blank, count, ground):
    """One line about images that show nothing but the ground, or an empty text."""
    if not blank:
        return ""
    images, are = ("image", "is") if len(blank) == 1 else ("images", "are")
    return (
        f"{len(blank):,} {images} of {count:,} {are} blank: {_named(blank)}. What is not "
        f"transparent has the color of the ground, {ground}. Remove them, or choose another ground."
    )


def _named(names):
    """The first names of a list, and how many more there are."""
    rest = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + rest
