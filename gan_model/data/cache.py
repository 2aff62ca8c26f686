"""Decoded images on disk: written once, found again, read through maps.

An entry is a folder with train.bin and test.bin (pixels, one image after the other), train.npy
and test.npy (labels), and about.json. It is written in a folder `gan-model-unfinished-...` and
renamed when it is complete, so no reader sees half of one, and of two writers the first wins. The
writer locks its unfinished folder, so those of killed processes are known, and removed.
"""

import contextlib
import hashlib
import json
import math
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from gan_model.data.reading import DAMAGE
from gan_model.storage.locks import is_locked, locked

_FORMAT_VERSION = 4  # increase it when the meaning of pixels or files changes
_UNFINISHED = "gan-model-unfinished-"  # of no other program: the cache may hold other files
_SPLITS = ("train", "test")
_BLOCK = 3 << 20  # bytes; a multiple of 3, so that no pixel is cut


def entry_of(source):
    """The path of the entry for `source`, anything that JSON can hold; it need not exist."""
    text = json.dumps([_FORMAT_VERSION, source])
    return cache_folder() / hashlib.sha256(text.encode()).hexdigest()


def cache_folder():
    """$GAN_MODEL_CACHE, else $XDG_CACHE_HOME/gan-model, else ~/.cache/gan-model."""
    general = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    place = os.environ.get("GAN_MODEL_CACHE") or f"{general}/gan-model"
    return Path(os.path.expanduser(place)).absolute()


def open_entry(entry):
    """(((train_images, train_labels), (test_images, test_labels)), notice).

    Images are read-only uint8 memmaps (n, height, width, channels), labels int32 (n,).
    None if there is no entry, or only a part of it.
    """
    try:
        about = json.loads((entry / "about.json").read_text())
        splits = tuple(_open_split(entry / split, about["image_shape"]) for split in _SPLITS)
        return splits, about["notice"]
    except DAMAGE:
        return None


def _open_split(stem, image_shape):
    labels = np.load(stem.with_suffix(".npy"))
    pixels, shape = stem.with_suffix(".bin"), (len(labels), *image_shape)
    if pixels.stat().st_size != math.prod(shape):
        raise ValueError(f"{pixels} has another length than {shape}")
    return np.memmap(pixels, np.uint8, "r", shape=shape), labels


@contextlib.contextmanager
def new_entry(entry, image_shape, *, images):
    """An `EntryWriter` whose files become `entry` at the end, and are removed after an error.

    Args:
        entry: path, of `entry_of`.
        image_shape: (height, width, channels) of each image.
        images: number of images at most, to say how much room they need.
    """
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with _unfinished_folder(entry.parent) as folder:
            new = folder / entry.name
            new.mkdir()
            with EntryWriter(new, image_shape) as writer:
                yield writer
            _publish(new, entry)
    except OSError as error:
        megabytes = math.ceil(images * math.prod(image_shape) / 1e6)
        raise OSError(
            f"The decoded images cannot be kept in {entry.parent}: {error.strerror or error}. "
            f"Set GAN_MODEL_CACHE to a folder with {megabytes:,} MB to spare."
        ) from None


@contextlib.contextmanager
def _unfinished_folder(parent):
    """A locked folder for what is being written; those of dead processes are removed first."""
    with contextlib.ExitStack() as stack:
        with locked(parent):  # so that nobody finds the new folder before it is locked
            for leftover in parent.glob(f"{_UNFINISHED}*"):
                _remove_unless_locked(leftover)
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(
                    prefix=_UNFINISHED, dir=parent, ignore_cleanup_errors=True
                )
            )
            stack.enter_context(locked(folder))  # freed before the folder is removed
        yield Path(folder)


def _remove_unless_locked(folder):
    with contextlib.suppress(OSError):  # that of another user
        if not is_locked(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _publish(new, entry):
    with locked(entry.parent):  # so that nobody removes what another has just published
        if open_entry(entry) is None:
            shutil.rmtree(entry, ignore_errors=True)  # a damaged one
        try:
            new.rename(entry)
        except OSError:
            # Another process was first. It made the same of the same files.
            if open_entry(entry) is None:
                raise


class EntryWriter:
    """Appends images to the files of an entry; every tenth goes to the test split.

    It is the second of each ten that may be held out. So two images are enough for one in each
    split, and if images come class by class, each class gives a tenth, to within one image.
    """

    def __init__(self, folder, image_shape):
        self.folder, self.image_shape = folder, tuple(image_shape)
        self.count = self._candidates = 0
        self._labels = ([], [])
        self._open_files = contextlib.ExitStack()

    def __enter__(self):
        self._files = [
            self._open_files.enter_context(open(self.folder / f"{split}.bin", "x+b"))
            for split in _SPLITS
        ]
        return self

    def __exit__(self, *error):
        self._open_files.close()

    def add(self, pixels, label, *, may_be_held_out=True):
        """Appends an image, uint8 of `image_shape`, and its label."""
        split = int(may_be_held_out and self._candidates % 10 == 1)
        self._candidates += may_be_held_out
        self._files[split].write(pixels)
        self._labels[split].append(label)
        self.count += 1

    def hold_out_one(self):
        """Moves the last training image to the test split if that has none."""
        if self._labels[1]:
            return
        train, test = self._files
        start = train.seek(-math.prod(self.image_shape), os.SEEK_END)
        test.write(train.read())
        train.truncate(start)
        self._labels[1].append(self._labels[0].pop())

    def keep_one_channel(self):
        """Turns (height, width, 3) into (height, width, 1), if all three channels are equal."""
        *sides, _ = self.image_shape
        self.image_shape = (*sides, 1)
        for file in self._files:
            size = file.seek(0, os.SEEK_END)
            for start in range(0, size, _BLOCK):
                file.seek(start)
                block = file.read(_BLOCK)
                file.seek(start // 3)  # never past what has been read
                file.write(block[::3])
            file.truncate(size // 3)

    def finish(self, notice):
        """Writes what describes the images, and flushes everything to the disk.

        Args:
            notice: text to show each time the entry is opened.
        """
        for split, labels in zip(_SPLITS, self._labels, strict=True):
            self._files.append(self._added(f"{split}.npy"))
            np.save(self._files[-1], np.asarray(labels, np.int32))
        about = {"image_shape": self.image_shape, "notice": notice}
        self._files.append(self._added("about.json"))
        self._files[-1].write(json.dumps(about).encode())
        for file in self._files:
            file.flush()
            os.fsync(file.fileno())

    def _added(self, name):
        return self._open_files.enter_context(open(self.folder / name, "xb"))
