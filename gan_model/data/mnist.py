"""Data sets in the format of MNIST: four idx files, or Keras's `.npz` archive."""

import io
import math
import struct
from pathlib import Path

import numpy as np

from gan_model.data.full_set import FullSet
from gan_model.data.reading import DAMAGE, damaged, matched, read_bytes, refuse_missing

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def read_idx(path):
    """The uint8 array of one idx file, gzipped or not.

    Raises:
        ValueError: if the file is incomplete or not an idx file of bytes.
    """
    content = read_bytes(path)
    dimensions = content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    start = 4 + 4 * dimensions
    if not dimensions or len(content) < start:
        raise damaged(path, "it does not begin like an idx file of bytes")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        header = f"its header announces {math.prod(shape)} bytes of shape {shape}"
        raise damaged(path, f"{header} and it holds {len(content) - start}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def has_idx_files(folder):
    """Whether a folder has one of the four files, or more."""
    return any(_idx_file(folder, name) for name in IDX_FILES)


def four_files(folder):
    """The training and test images and labels of a folder; None if it has none of the files."""
    if not has_idx_files(folder):
        return None
    files = [_idx_file(folder, name) for name in IDX_FILES]
    refuse_missing(folder, files, IDX_FILES)
    train_images, train_labels, test_images, test_labels = map(read_idx, files)
    train = matched(files[0], train_images, train_labels)
    return train, matched(files[2], test_images, test_labels)


def _idx_file(folder, name):
    """The path of a file in one of its spellings, e.g. `train-images.idx3-ubyte.gz`, or None."""
    spellings = (name, name.replace("-idx", ".idx"))
    paths = [folder / (spelling + end) for spelling in spellings for end in ("", ".gz")]
    return next((path for path in paths if path.is_file()), None)


def keras_archive(path):
    """The training and test images and labels of Keras's `.npz` archive."""
    try:
        with np.load(io.BytesIO(read_bytes(path))) as archive:
            arrays = [archive[key] for key in ("x_train", "y_train", "x_test", "y_test")]
    except DAMAGE as error:
        raise damaged(path, error) from None
    return matched(path, *arrays[:2]), matched(path, *arrays[2:])


def _set(name, folder, package=None, **told):
    def read(folder):
        archive = folder / f"{name}.npz"
        return keras_archive(archive) if archive.is_file() else four_files(folder)

    files = f"{name}.npz or {', '.join(IDX_FILES)} (.gz or not)"
    return FullSet(name, Path("/usr/share/datasets") / folder, read, files, package, **told)


_GARMENTS = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

# Licences as the documentation of keras.datasets has them.
MNIST = _set(
    "mnist",
    "mnist",
    licence="CC BY-SA 3.0, Yann LeCun and Corinna Cortes",
    class_names=tuple("0123456789"),
)
FASHION_MNIST = _set(
    "fashion_mnist",
    "fashion-mnist",
    "dataset-fashion-mnist",
    licence="MIT, Zalando SE",
    class_names=_GARMENTS,
)
