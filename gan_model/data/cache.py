"""Decoded images on disk: written once, found again, read through maps.

An entry is a folder. In its folder `images` are train.bin and test.bin (pixels, one image after the
other), train.npy and test.npy (labels), and about.json. They are written in `unfinished`, which is
renamed when it is complete, so no reader sees half of them. A process that writes has locked the
entry: others that need the same images wait for it, and what killed processes left is removed.

The cache is bounded: before an entry is written, those that were opened least recently are removed.
Programs on this machine can go on reading a removed entry, as its files are mapped into memory. On
a network disk other machines cannot, so what was opened during the last day stays.
"""

import contextlib
import errno
import hashlib
import json
import math
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_model.data.reading import DAMAGE
from gan_model.storage.locks import locked
from gan_model.storage.paths import expanded

_FORMAT_VERSION = 4  # increase it when the meaning of pixels or files changes
_MOST_BYTES = 20e9
_STAYS = 24 * 3600  # seconds after an entry was opened
_ENTRY_NAME = re.compile("[0-9a-f]{64}")
_IMAGES, _UNFINISHED = "images", "unfinished"
_SPLITS = ("train", "test")
_BLOCK = 3 << 20  # bytes
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True)
class Entry:
    """The decoded images of a folder."""

    splits: tuple  # ((train_images, train_labels), (test_images, test_labels)); images are memmaps
    class_names: list
    notice: str  # shown each time the images are loaded
    retry: list  # names of the files that could not be read for a reason that may pass


def entry_of(source):
    """The path of the entry for `source`, anything that JSON can hold; it need not exist."""
    text = json.dumps([_FORMAT_VERSION, source])
    return cache_folder() / hashlib.sha256(text.encode()).hexdigest()


def cache_folder():
    """$GAN_MODEL_CACHE, else $XDG_CACHE_HOME/gan-model, else ~/.cache/gan-model."""
    general = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    place = os.environ.get("GAN_MODEL_CACHE") or f"{general}/gan-model"
    return expanded(place).absolute()


def open_entry(path):
    """The `Entry` at a path; None if there is none, or only a part of it."""
    folder = path / _IMAGES
    try:
        about = json.loads((folder / "about.json").read_text())
        splits = tuple(_open_split(folder / split, about["image_shape"]) for split in _SPLITS)
        entry = Entry(splits, about["class_names"], about["notice"], about["retry"])
    except DAMAGE:
        return None
    with contextlib.suppress(OSError):  # of a cache that this user may only read
        os.utime(path)
    return entry


def _open_split(stem, image_shape):
    labels = np.load(stem.with_suffix(".npy"))
    pixels, shape = stem.with_suffix(".bin"), (len(labels), *image_shape)
    if pixels.stat().st_size != math.prod(shape):
        raise ValueError(f"{pixels} has another length than {shape}")
    return np.memmap(pixels, np.uint8, "r", shape=shape), labels


@contextlib.contextmanager
def locked_entry(path, size):
    """Locks an entry to write up to `size` bytes; other processes wait."""
    try:
        with locked(path, waiting="Another process is decoding these images. Waiting for it."):
            try:
                yield
            finally:
                if not (path / _IMAGES).exists():
                    shutil.rmtree(path, ignore_errors=True)
    except OSError as error:
        reason, folder = error.strerror or error, path.parent
        if error.errno in _NOT_ALLOWED:
            raise OSError(
                f"The cache {folder} cannot be written by this user: {reason}. Set GAN_MODEL_CACHE "
                "to a folder that can, or ask the owner to let you write."
            ) from None
        raise OSError(
            f"The decoded images cannot be kept in {folder}: {reason}. Set GAN_MODEL_CACHE to a "
            f"folder with {math.ceil(size / 1e6):,} MB to spare."
        ) from None


def make_room(path, size):
    """Removes entries until one more of `size` bytes fits; returns the bytes of all, with it."""
    others = [other for other in path.parent.iterdir() if _ENTRY_NAME.fullmatch(other.name)]
    others.remove(path)
    for other in others:
        if (other / _UNFINISHED).exists():
            _remove(other, other / _UNFINISHED if (other / _IMAGES).exists() else other)
    sizes = {other: _size_of(other) for other in others}
    for opened, other in sorted((_status(other, "st_mtime"), other) for other in others):
        if size + sum(sizes.values()) <= _MOST_BYTES or opened > time.time() - _STAYS:
            break
        _remove(other, other)
        sizes[other] = _size_of(other)
    return size + sum(sizes.values())


def _remove(entry, folder):
    """Removes an entry or a folder in it, unless another process writes it or another user did."""
    with contextlib.suppress(OSError, ValueError), locked(entry, busy=""):
        shutil.rmtree(folder, ignore_errors=True)


def _size_of(entry):
    # Not `rglob`, which raises an error if another process removes the folder meanwhile.
    return sum(
        _status(Path(folder) / file, "st_size")
        for folder, _, files in os.walk(entry)
        for file in files
    )


def _status(path, field):
    try:
        return getattr(path.stat(), field)
    except OSError:  # another process has removed it
        return 0


@contextlib.contextmanager
def new_entry(path, image_shape):
    """An `EntryWriter` for a locked entry, whose images replace the earlier ones at the end."""
    unfinished = path / _UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)  # of a killed process
    unfinished.mkdir()
    try:
        with open(unfinished / "train.bin", "w+b") as pixels:
            yield EntryWriter(unfinished, pixels, tuple(image_shape))
        shutil.rmtree(path / _IMAGES, ignore_errors=True)
        unfinished.rename(path / _IMAGES)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


class EntryWriter:
    """Appends images to a file, and in the end moves those that are held out to another one.

    Only then is it known which these are, and whether all images are grey. The file is no map in
    memory: on a full disk, writing to a map would end the process without an error.
    """

    def __init__(self, folder, pixels, image_shape):
        self._folder, self._pixels, self._image_shape = folder, pixels, image_shape

    def add(self, pixels):
        """Appends an image, uint8 of the shape of all."""
        self._pixels.write(pixels)

    def finish(self, labels, held_out, *, one_channel=False, **about):
        """Separates the held-out images, writes the labels and the other fields of `Entry`."""
        channels = 1 if one_channel else self._image_shape[-1]
        with self._written("test.bin") as test:
            self._separate(test, held_out, channels)
        _flush(self._pixels)
        for split, rows in zip(_SPLITS, (~held_out, held_out), strict=True):
            with self._written(f"{split}.npy") as file:
                np.save(file, np.asarray(labels, np.int32)[rows])
        about["image_shape"] = (*self._image_shape[:-1], channels)
        with self._written("about.json") as file:
            file.write(json.dumps(about).encode())

    def _separate(self, test, held_out, channels):
        """Moves the held-out images to `test`, and the others together, a block at a time."""
        size, end = math.prod(self._image_shape), 0
        count = max(1, _BLOCK // size)
        for start in range(0, len(held_out), count):
            self._pixels.seek(start * size)
            block = np.frombuffer(self._pixels.read(count * size), np.uint8)
            block = block.reshape(-1, *self._image_shape)[..., :channels]
            rows = held_out[start : start + count]
            test.write(block[rows].tobytes())
            self._pixels.seek(end)  # never past what has been read
            end += self._pixels.write(block[~rows].tobytes())
        self._pixels.truncate(end)

    @contextlib.contextmanager
    def _written(self, name):
        with open(self._folder / name, "wb") as file:
            yield file
            _flush(file)


def _flush(file):
    file.flush()
    os.fsync(file.fileno())
