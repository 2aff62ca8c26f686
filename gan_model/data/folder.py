"""A folder of images -> uint8 arrays on disk, decoded once, however large the folder is.

The sub-folders of the first level are the classes. Files that cannot be read are skipped, and
named in one line on stderr.

The pixels are kept as plain files in $GAN_MODEL_CACHE (else $XDG_CACHE_HOME/gan-model, else
~/.cache/gan-model) and returned as read-only memory maps, so memory holds only what is in use.
An entry is found by the names, sizes and times of the images; it may be deleted at any time.
"""

import contextlib
import functools
import hashlib
import sys
import threading
import warnings
from collections import deque

import numpy as np
from PIL import ImageColor

from gan_model.data import cache
from gan_model.data.decoding import decode, decoders
from gan_model.data.listing import (
    class_of,
    classes_of,
    classes_of_one_file,
    closed_notice,
    existing_folder,
    files_in,
    image_names,
    images_among,
    left_out,
)
from gan_model.storage.names import printable
from gan_model.storage.serializable import is_integer

_AHEAD = 64  # images that may be decoded before they are written
_NAMED = 5  # files that are named in a notice; the rest is counted
_GREY_AS_COLOR = (
    "All images are grey, although they are stored in color. Training in grey takes less time: "
    "--channels 1, in Python channels=1."
)
_PATIENCE = 2.0  # seconds of decoding before it is mentioned


def load_folder(folder, *, image_size=None, channels=None, pad=False, ground="white"):
    """Images of a folder for training, and every tenth held out.

    Args:
        folder: path. Images at its root, beside sub-folders or not, are the class ".".
        image_size: pixels of a side, or (height, width). None: 64.
        channels: 1 (grey) or 3 (colour). None: 1 if every readable image is stored as grey.
        pad, ground: see `gan_model.data.decoding.decode`.

    Returns:
        ((train_images, train_labels), (test_images, test_labels)): read-only uint8 memmaps
        (n, height, width, channels), in the order of classes and paths, and int32 labels (n,),
        positions in `class_names(folder)`. The second of each ten images goes to the test
        split, so each class gives it a tenth, to within one image, and two images are enough.
        The only file of a class is trained on, unless no class has more.

    Raises:
        ValueError: fewer than two readable images, or arguments out of range.
        OSError: the decoded images cannot be kept on disk.
    """
    root = existing_folder(folder)
    shape = (*_height_and_width(image_size), _checked_channels(channels))
    files, closed = files_in(root)
    names = images_among(files, closed, root)
    as_asked = {"pad": bool(pad), "ground": _checked_ground(ground)}
    source = [str(root), shape, *as_asked.values()]
    entry = cache.entry_of([*source, [(name, *_stamp(root / name)) for name in names]])
    if cache.open_entry(entry) is None:
        _decode_all(root, names, shape, entry, as_asked)
    splits, notice = cache.open_entry(entry)
    for line in filter(None, (notice, closed_notice(closed), left_out(files))):
        print(line, file=sys.stderr)
    return splits


def class_names(folder):
    """Names of the classes of a folder of images; a label is a position in this list."""
    return classes_of(image_names(existing_folder(folder)))


def _height_and_width(image_size):
    sides = 64 if image_size is None else image_size
    sides = tuple(sides) if isinstance(sides, (tuple, list)) else (sides, sides)
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


def _decode_all(root, names, shape, entry, as_asked):
    *image_size, channels = shape
    decoded_shape = (*image_size, channels or 3)
    label_of = {name: label for label, name in enumerate(classes_of(names))}
    alone = classes_of_one_file(names)
    skipped, blank, grey, looks_grey, seen = [], [], True, True, set()
    with (
        _mentioned(f"Decoding {len(names):,} images into {entry.parent} (once)..."),
        cache.new_entry(entry, decoded_shape, images=len(names)) as writer,
    ):
        for name, decoded in zip(
            names, _decoded(root, names, decoded_shape, as_asked), strict=True
        ):
            if decoded.reason:
                skipped.append(f"{printable(name)} ({decoded.reason})")
                continue
            its_class = class_of(name)
            may_be_held_out = its_class not in alone
            writer.add(decoded.pixels, label_of[its_class], may_be_held_out=may_be_held_out)
            grey = grey and decoded.grey
            looks_grey = looks_grey and (decoded.pixels == decoded.pixels[..., :1]).all()
            if decoded.blank:
                blank.append(printable(name))
            seen.add(hashlib.sha256(decoded.pixels).digest())
        _refuse_too_few(root, writer.count, skipped)
        writer.hold_out_one()
        if channels is None and grey:
            writer.keep_one_channel()
        notices = [
            _notice(skipped, len(names)),
            _of_blank(blank, writer.count, as_asked["ground"]),
            _of_copies(writer.count, writer.count - len(seen)),
        ]
        if channels is None and looks_grey and not grey:
            notices.append(_GREY_AS_COLOR)
        writer.finish("\n".join(filter(None, notices)))


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


def _decoded(root, names, shape, as_asked):
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


def _refuse_too_few(root, readable, skipped):
    if readable < 2:
        raise ValueError(
            f"{root} holds {readable} readable image{'s' * (readable != 1)}, and 2 are the least: "
            f"one to train on and one to hold out. {_notice(skipped, readable + len(skipped))}"
        )


def _of_copies(count, copies):
    """One line about images that are there more than once, or an empty text."""
    if not copies:
        return ""
    are = "is a copy" if copies == 1 else "are copies"
    return (
        f"{copies:,} of {count:,} images {are} of others: what is held out may be trained on too, "
        "and then looks less far away than it is. Remove copies."
    )


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
