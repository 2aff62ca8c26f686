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
import sys
import threading
import warnings
from array import array
from collections import deque

import numpy as np
from PIL import ImageColor

from gan_model.data import cache
from gan_model.data.decoding import decode, decoders, displayed_size, open_image
from gan_model.data.listing import class_of, images_in
from gan_model.data.splits import Splits, hash_of, held_out
from gan_model.storage.messages import printable
from gan_model.storage.serializable import is_integer

LONGEST = 64  # pixels of the longer side: larger images need more than some minutes of two cores
SHORTEST, STEP = 16, 4  # pixels: of a side, and what the presets' sides are multiples of
_SIZES_READ = 200  # files whose headers are read, evenly spread
_ALIKE = 0.1  # how far proportions may lie from the median, as a fraction of it
_AHEAD = 64  # images that may be decoded before they are written
_NAMED = 5  # files that are named in a notice; the rest is counted
_GREY_AS_COLOR = (
    "All images are grey, although they are stored in color. Training in grey takes less time: "
    "--channels 1, in Python channels=1."
)
_PATIENCE = 2.0  # seconds of decoding before it is mentioned


def own_size(folder, *, longest=LONGEST):
    """The size at which the images of a folder are decoded if nobody asks for another.

    The median of the files' sizes, made smaller to a longer side of at most `longest`, each side
    a multiple of 4 and 16 or more. It is square if the proportions of the files differ.

    Args:
        folder: path, as for `data.load`.
        longest: pixels.

    Returns:
        ((height, width), files): the size, and the median size of the files, (height, width).

    Raises:
        ValueError: there is no folder, or no file that can be read.
    """
    return _own_size(images_in(folder), longest)


def load_folder(folder, *, image_size=None, channels=None, pad=False, ground="white"):
    """Images of a folder: for training, and about a tenth that is held out.

    Images at the root, beside sub-folders or not, are the class ".". The order is that of classes
    and paths. See `data.load` for the arguments, and `data.splits` for what is held out.
    """
    wanted_size = None if image_size is None else _height_and_width(image_size)
    channels = _checked_channels(channels)
    as_asked = {"pad": bool(pad), "ground": _checked_ground(ground)}
    listing = images_in(folder)
    listing.refuse_splits()
    root, names = listing.root, listing.names
    shape = (*(wanted_size or _own_size(listing, LONGEST)[0]), channels)
    decoded_shape = (*shape[:2], channels or 3)
    source = [str(root), shape, *as_asked.values()]
    path = cache.entry_of([*source, [(name, *_stamp(root / name)) for name in names]])
    read = functools.partial(_decoded, root, shape=decoded_shape, **as_asked)
    entry = _readable_entry(path, read)
    if entry is None:
        with cache.locked_entry(path, len(names) * math.prod(decoded_shape)):
            entry = _readable_entry(path, read)  # another process may have written it by now
            if entry is None:
                _decode_all(listing, shape, path, read, ground)
                entry = cache.open_entry(path)
    for line in filter(None, (entry.notice, listing.closed, listing.left_out)):
        print(line, file=sys.stderr)
    return Splits(entry.splits, entry.class_names)


def class_names(folder):
    """Names of the classes of a folder of images, without a look into the files.

    A class without a readable image is among them; `load_folder` leaves it out.
    """
    listing = images_in(folder)
    listing.refuse_splits()
    return listing.classes


def _own_size(listing, longest):
    rows = np.linspace(0, len(listing.names) - 1, min(len(listing.names), _SIZES_READ)).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about files that it reads correctly
        sizes = [_size_of(listing.root / listing.names[row]) for row in rows]
    sizes = np.array([size for size in sizes if size], float)
    if not len(sizes):
        raise ValueError(f"None of the images in {listing.root} can be read.")
    median, proportions = np.median(sizes, axis=0), sizes[:, 0] / sizes[:, 1]
    middle, wanted = np.median(proportions), median
    if np.mean(np.abs(proportions - middle) <= _ALIKE * middle) < 0.9:
        wanted = np.full(2, np.median(sizes.min(axis=1)))
    if wanted.max() > longest:
        wanted = wanted * longest / wanted.max()  # in this order the longer side is exact
    height, width = (max(SHORTEST, STEP * int(side // STEP)) for side in wanted)
    return (height, width), tuple(int(side) for side in median)


def _size_of(path):
    try:
        with open_image(path) as image:
            return displayed_size(image)
    except Exception:  # a decoder may raise anything on a damaged file
        return None


def _height_and_width(image_size):
    sides = tuple(image_size) if isinstance(image_size, (tuple, list)) else (image_size,) * 2
    if len(sides) != 2 or not all(is_integer(side) and side >= 1 for side in sides):
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
    """The entry at a path; None if there is none, or if more files can be read by now."""
    entry = cache.open_entry(path)
    if entry is None or not entry.retry:
        return entry
    with _mentioned(f"Trying to read {len(entry.retry):,} images that could not be read..."):
        return None if any(not decoded.reason for decoded in read(entry.retry)) else entry


def _decode_all(listing, shape, path, read, ground):
    names, decoded_shape = listing.names, (*shape[:2], shape[2] or 3)
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
        label_of = {name: label for label, name in enumerate(dict.fromkeys(classes))}
        notices = [
            _of_skipped(skipped, len(names)),
            _of_lost_classes([name for name in listing.classes if name not in label_of]),
            _of_blank(blank, len(hashes), ground),
            _of_copies(len(hashes) - different, len(hashes)),
        ]
        if different < 2:
            raise ValueError(_too_few(listing.root, len(hashes), notices[0]))
        if shape[2] is None and looks_grey and not grey:
            notices.append(_GREY_AS_COLOR)
        labels = np.array([label_of[name] for name in classes])
        writer.finish(
            labels,
            held_out(hashes, labels),
            one_channel=shape[2] is None and grey,
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


# What is said of the images of a folder: a line each, or an empty text.


def _of_skipped(skipped, count):
    if not skipped:
        return ""
    images = "image" if len(skipped) == 1 else "images"
    return f"Skipped {len(skipped):,} unreadable {images} of {count:,}: {_named(skipped)}."


def _of_lost_classes(names):
    lost = ", ".join(map(printable, names))
    return f"Classes left out, as none of their images can be read: {lost}." if lost else ""


def _of_blank(blank, count, ground):
    if not blank:
        return ""
    images, are = ("image", "is") if len(blank) == 1 else ("images", "are")
    return (
        f"{len(blank):,} {images} of {count:,} {are} blank: {_named(blank)}. What is not "
        f"transparent has the color of the ground, {ground}. Remove them, or choose another ground."
    )


def _of_copies(copies, count):
    if not copies:
        return ""
    are = "is a copy" if copies == 1 else "are copies"
    return (
        f"{copies:,} of {count:,} images {are} of others, which so count more than once. Remove "
        "copies if that is not intended."
    )


def _too_few(root, readable, skipped):
    images = "image" if readable == 1 else "images"
    same = ", all with the same pixels" if readable > 1 else ""
    return (
        f"{root} holds {readable} readable {images}{same}, and 2 different ones are the least: "
        f"one to train on and one to hold out. {skipped}"
    )


def _named(names):
    """The first names of a list, and how many more there are."""
    rest = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + rest


def _megabytes(size):
    return f"{math.ceil(size / 1e6):,} MB"
