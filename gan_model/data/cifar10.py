"""CIFAR-10 from the six files of its binary version."""

from pathlib import Path

import numpy as np

from gan_model.data.full_set import FullSet
from gan_model.data.reading import damaged, read_bytes, refuse_missing

_FILES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
_RECORD = 1 + 3 * 32 * 32  # bytes: the label, then a red, a green and a blue plane


def six_files(folder):
    """The training and test images and labels of a folder; None if it has none of the files."""
    files = [path if (path := folder / name).is_file() else None for name in _FILES]
    if not any(files):
        return None
    refuse_missing(folder, files, _FILES)
    *train, test = map(_batch, files)
    return tuple(map(np.concatenate, zip(*train, strict=True))), test


def _batch(path):
    content = np.frombuffer(read_bytes(path), np.uint8)
    if not content.size or content.size % _RECORD:
        raise damaged(path, f"{content.size} bytes are not a multiple of the record size {_RECORD}")
    records = content.reshape(-1, _RECORD)
    if records[:, 0].max() > 9:
        raise damaged(path, f"its labels go up to {records[:, 0].max()}, expected 0 to 9")
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].copy()


def _read(folder):
    return six_files(folder) or six_files(folder / "cifar-10-batches-bin")


CIFAR10 = FullSet(
    "cifar10",
    Path("/usr/share/datasets/cifar10"),
    _read,
    # Not the Python version: opening a pickle runs its code. Keras verifies its own download.
    "data_batch_1.bin to data_batch_5.bin and test_batch.bin (the binary version)",
    class_names=tuple("airplane automobile bird cat deer dog frog horse ship truck".split()),
)
