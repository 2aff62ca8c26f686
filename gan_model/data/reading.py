"""Files of arrays -> images and labels: the sample, the forms of MNIST and CIFAR-10."""

import contextlib
import gzip
import io
import math
import socket
import struct
import tokenize
import zipfile
import zlib
from functools import partial
from pathlib import Path

import numpy as np

from gan_model.storage.packaged import packaged_arrays
from gan_model.storage.paths import expanded

SAMPLE = Path(__file__).with_name("sample.npz")
# Printed by experiments/make_sample.py.
_SHA256_OF_SAMPLE = "efefbe05b9d7eaf04f28ae39025070e3f555b25bf705ff9319bf8a7a4784fc6b"

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
CIFAR10_FILES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
_CIFAR10_RECORD = 1 + 3 * 32 * 32  # bytes: the label, then a red, a green and a blue plane

DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile),
    TypeError,  # numpy's, where a file should be an archive of arrays and is one array
    *(SyntaxError, tokenize.TokenError),  # numpy's, of the header of an array
    RuntimeError,  # zipfile's, of an archive that seems to be encrypted, or of a later version
)

# Seconds without data after which a download is given up. A server may have a dozen addresses, and
# on a network that drops packets each of them takes this long.
_TIMEOUT = 5


@contextlib.contextmanager
def short_timeout():
    """Connections that are opened meanwhile are given up after 5 seconds without data."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def load_sample():
    """10,000 training and 2,000 test images of Fashion-MNIST with their labels.

    Raises:
        ValueError: the file of the package is damaged.
    """
    arrays = packaged_arrays(SAMPLE, _SHA256_OF_SAMPLE)
    return tuple((arrays[f"{part}_images"], arrays[f"{part}_labels"]) for part in ("train", "test"))


def has_idx_files(folder):
    """Whether a folder has one of the four files of MNIST's format, or more."""
    return any(_path_of(folder, name) for name in IDX_FILES)


def read_idx_files(folder):
    """The training and test images and labels of four idx files; None if there is none of them."""
    paths = _paths_of(folder, IDX_FILES)
    if paths is None:
        return None
    train_images, train_labels, test_images, test_labels = map(read_idx, paths)
    train = _checked(paths[0], train_images, train_labels)
    return train, _checked(paths[2], test_images, test_labels)


def read_idx(path):
    """The uint8 array of one idx file, gzipped or not."""
    content = _bytes_of(path)
    dimensions = content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    start = 4 + 4 * dimensions
    if not dimensions or len(content) < start:
        raise _damaged(path, "it does not begin like an idx file of bytes")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        header = f"its header announces {math.prod(shape)} bytes of shape {shape}"
        raise _damaged(path, f"{header} and it holds {len(content) - start}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def load_full_set(full_set, folder=None):
    """The images and labels from a folder; None: from where they are found.

    Raises:
        ValueError: files are missing or damaged, or cannot be downloaded.
    """
    place = full_set.folder if folder is None else expanded(folder)
    splits = (full_set.read or _READERS[full_set.name])(place)
    if splits is None and folder is not None:
        raise ValueError(
            f"{place} does not contain {full_set.name!r}; expected {full_set.files}. Put the files "
            "there."
        )
    return splits or _from_keras(full_set)


def _from_keras(full_set):
    from keras import datasets  # takes seconds, and local files do not need it

    name, files = full_set.name, full_set.files
    try:
        with short_timeout():
            splits = getattr(datasets, name).load_data()
    except Exception as error:  # errors of network, server and disk have the same remedy
        reason = " ".join(str(error).split()) or type(error).__name__
        install = f"install the Debian package {full_set.package}, or " if full_set.package else ""
        raise ValueError(
            f"{name!r} is not in {full_set.folder} and Keras could not download it "
            f"({reason.rstrip('.')}): {install}put {files} in a folder and type "
            f"data.load({name!r}, folder=...), or the option --data-dir DIR."
        ) from None
    # The labels of CIFAR-10 have the shape (n, 1).
    return tuple((images, labels.reshape(-1)) for images, labels in splits)


def _read_mnist(folder, archive):
    """From the `.npz` archive that Keras downloads, or else from idx files."""
    path = folder / archive
    if not path.is_file():
        return read_idx_files(folder)
    try:
        with np.load(io.BytesIO(_bytes_of(path))) as content:
            arrays = [content[key] for key in ("x_train", "y_train", "x_test", "y_test")]
    except DAMAGE as error:
        raise _damaged(path, error) from None
    return _checked(path, *arrays[:2]), _checked(path, *arrays[2:])


def _read_cifar10(folder):
    """The binary version; None if the folder has none of its files."""
    binary = folder / "cifar-10-batches-bin"  # within the archive
    paths = _paths_of(folder, CIFAR10_FILES) or _paths_of(binary, CIFAR10_FILES)
    if paths is None:
        return None
    *train, test = map(_read_cifar10_batch, paths)
    return tuple(map(np.concatenate, zip(*train, strict=True))), test


def _read_cifar10_batch(path):
    content = np.frombuffer(_bytes_of(path), np.uint8)
    if not content.size or content.size % _CIFAR10_RECORD:
        raise _damaged(
            path, f"{content.size} bytes are not a multiple of the record size {_CIFAR10_RECORD}"
        )
    records = content.reshape(-1, _CIFAR10_RECORD)
    if records[:, 0].max() > 9:
        raise _damaged(path, f"its labels go up to {records[:, 0].max()}, expected 0 to 9")
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].copy()


def _path_of(folder, name):
    """The path of a file in one of its spellings, e.g. `train-images.idx3-ubyte.gz`, or None."""
    spellings = (name, name.replace("-idx", ".idx"))
    paths = [folder / (spelling + end) for spelling in spellings for end in ("", ".gz")]
    return next((path for path in paths if path.is_file()), None)


def _paths_of(folder, names):
    """The paths of files that belong together; None if there is none of them."""
    paths = [_path_of(folder, name) for name in names]
    missing = [name for name, path in zip(names, paths, strict=True) if path is None]
    if len(missing) == len(names):
        return None
    if missing:
        raise ValueError(f"{folder} lacks {', '.join(missing)}: put all {len(names)} files there.")
    return paths


def _bytes_of(path):
    """The bytes of a file, decompressed if it is gzipped, whatever its suffix."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except DAMAGE as error:
        if isinstance(error, OSError) and error.strerror:
            raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
        raise _damaged(path, error) from None


def _checked(path, images, labels):
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or not len(images):
        shapes = f"images of shape {images.shape} with labels of shape {labels.shape}"
        raise _damaged(path, f"{shapes}, expected (n, height, width) with (n,)")
    return images, labels


def _damaged(path, reason):
    return ValueError(f"{path} is damaged or has another format than its name says: {reason}.")


_READERS = {
    "fashion_mnist": partial(_read_mnist, archive="fashion_mnist.npz"),
    "mnist": partial(_read_mnist, archive="mnist.npz"),
    "cifar10": _read_cifar10,
}
