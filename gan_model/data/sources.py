"""Images by name or from a folder -> uint8 arrays with labels, for training and held out.

Nothing here needs the network as long as the files are at hand: the sample comes with the
package, and the full data sets are looked for on this machine before Keras downloads them.
"""

import difflib
import gzip
import hashlib
import io
import math
import socket
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from gan_model.data.folder import load_folder

NAMES = ("sample", "fashion_mnist", "mnist", "cifar10")

_SAMPLE = Path(__file__).with_name("sample.npz")
# Printed by experiments/make_sample.py.
_SAMPLE_SHA256 = "efefbe05b9d7eaf04f28ae39025070e3f555b25bf705ff9319bf8a7a4784fc6b"

_SYSTEM_FOLDERS = {
    "fashion_mnist": Path("/usr/share/datasets/fashion-mnist"),
    "mnist": Path("/usr/share/datasets/mnist"),
    "cifar10": Path("/usr/share/datasets/cifar10"),
}
_IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_CIFAR_FILES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
_CIFAR_RECORD = 1 + 3 * 32 * 32  # the label, then a red, a green and a blue plane
_DAMAGE = (OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile)
# Seconds of silence after which a connection is given up. A server may have a dozen
# addresses, and on a network that swallows packets each of them costs this much.
_PATIENCE = 5


def load(name="sample", *, folder=None, image_size=None, channels=None):
    """Images and labels of a data set with a name, or of your own folder.

    Args:
        name: "sample" (12,000 images of Fashion-MNIST that come with the package),
            "fashion_mnist", "mnist" or "cifar10" in full; or the path of a folder that holds
            the four files of MNIST's form, or images (see `gan_model.data.folder`).
        folder: where the files of a full data set lie. None: where Debian's packages put
            them, else what Keras has kept or downloads.
        image_size: pixels of a side, or (height, width); for a folder of images only. None: 64.
        channels: 1 (grey) or 3 (colour); for a folder of images only. None: 1 if all are grey.

    Returns:
        ((train_images, train_labels), (test_images, test_labels)). Images are uint8,
        (n, height, width) for the sample and MNIST's form, else (n, height, width, channels);
        of a folder of images they are read-only maps of files. Labels are integers (n,).

    Raises:
        ValueError: an unknown name, or files that are missing or damaged.
        OSError: a folder of images, and no room on disk for the decoded ones.
    """
    if folder is not None and name not in NAMES[1:]:
        raise ValueError(
            f"`folder` is for the full data sets: {', '.join(NAMES[1:])}. "
            f"Received: name={str(name)!r}, folder={str(folder)!r}."
        )
    if name in NAMES:
        _refuse_shape(name, image_size, channels)
        return _sample() if name == "sample" else _full(name, folder)
    path = _existing_folder(name)
    found = _mnist_form(path)
    if found is None:
        return load_folder(path, image_size=image_size, channels=channels)
    _refuse_shape(name, image_size, channels)
    return found


def read_idx(path):
    """The uint8 array of one file of MNIST's form, gzipped or not.

    Raises:
        ValueError: not such a file, or not all of it.
    """
    content = _content(path)
    dimensions = content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    start = 4 + 4 * dimensions
    if not dimensions or len(content) < start:
        raise _damaged(path, "it does not begin like an idx file of bytes")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        held = f"it announces {math.prod(shape)} bytes of shape {shape}"
        raise _damaged(path, f"{held} and holds {len(content) - start}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _existing_folder(name):
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    near = difflib.get_close_matches(str(name).lower().replace("-", "_"), NAMES, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    kind = f"{str(name)!r} is a file" if path.is_file() else f"Unknown data {str(name)!r}"
    known = ", ".join(NAMES)
    raise ValueError(f"{kind}.{guess} Known: {known}; or give the path of a folder of images.")


def _refuse_shape(name, image_size, channels):
    if image_size is not None or channels is not None:
        raise ValueError(
            f"`image_size` and `channels` are for folders of images; {str(name)!r} has its own: "
            f"leave them out. Received: image_size={image_size}, channels={channels}."
        )


def _sample():
    content = _content(_SAMPLE)
    if hashlib.sha256(content).hexdigest() != _SAMPLE_SHA256:
        raise _damaged(_SAMPLE, "its checksum is wrong; install gan-model again")
    sample = np.load(io.BytesIO(content))
    return tuple((sample[f"{part}_images"], sample[f"{part}_labels"]) for part in ("train", "test"))


def _full(name, folder):
    place = _SYSTEM_FOLDERS[name] if folder is None else Path(folder).expanduser()
    found = _files_in(place, name)
    if found is None and folder is not None:
        raise ValueError(f"{place} does not hold {name!r}: expected {_expected(name)} in it.")
    return found or _from_keras(name)


def _files_in(folder, name):
    """What `folder` holds of a full data set; None if it holds none of its files."""
    if name == "cifar10":
        return _cifar(folder) or _cifar(folder / "cifar-10-batches-bin")
    archive = folder / f"{name}.npz"
    return _keras_archive(archive) if archive.is_file() else _mnist_form(folder)


def _mnist_form(folder):
    files = [_idx_file(folder, name) for name in _IDX_FILES]
    if not any(files):
        return None
    _refuse_missing(folder, files, _IDX_FILES)
    train_images, train_labels, test_images, test_labels = map(read_idx, files)
    train = _matched(files[0], train_images, train_labels)
    return train, _matched(files[2], test_images, test_labels)


def _idx_file(folder, name):
    """The path under one of the names in use, e.g. `train-images.idx3-ubyte.gz`, or None."""
    spellings = (name, name.replace("-idx", ".idx"))
    paths = [folder / (spelling + end) for spelling in spellings for end in ("", ".gz")]
    return next((path for path in paths if path.is_file()), None)


def _keras_archive(path):
    try:
        with np.load(io.BytesIO(_content(path))) as archive:
            arrays = [archive[key] for key in ("x_train", "y_train", "x_test", "y_test")]
    except _DAMAGE as error:
        raise _damaged(path, error) from None
    return _matched(path, *arrays[:2]), _matched(path, *arrays[2:])


def _cifar(folder):
    files = [path if (path := folder / name).is_file() else None for name in _CIFAR_FILES]
    if not any(files):
        return None
    _refuse_missing(folder, files, _CIFAR_FILES)
    *train, test = map(_cifar_batch, files)
    return tuple(map(np.concatenate, zip(*train, strict=True))), test


def _cifar_batch(path):
    content = np.frombuffer(_content(path), np.uint8)
    if not content.size or content.size % _CIFAR_RECORD:
        raise _damaged(path, f"{content.size} bytes are no whole records of {_CIFAR_RECORD}")
    records = content.reshape(-1, _CIFAR_RECORD)
    if records[:, 0].max() > 9:
        raise _damaged(path, f"its labels go up to {records[:, 0].max()}, those of CIFAR-10 to 9")
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].copy()


def _from_keras(name):
    # Here, not above: it takes seconds, and files that are at hand do without.
    from keras import datasets

    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)
    try:
        splits = getattr(datasets, name).load_data()
    except Exception as error:  # of the network, the server, the disk: the remedy is the same
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(_unavailable(name, reason)) from None
    finally:
        socket.setdefaulttimeout(patience)
    # CIFAR-10's labels come as a column.
    return tuple((images, labels.reshape(-1)) for images, labels in splits)


def _unavailable(name, reason):
    package = "install the Debian package dataset-fashion-mnist, or "
    return (
        f"{name!r} is not in {_SYSTEM_FOLDERS[name]} and Keras could not get it "
        f"({reason.rstrip('.')}): {package if name == 'fashion_mnist' else ''}"
        f"put {_expected(name)} in a folder and type data.load({name!r}, folder=...)."
    )


def _expected(name):
    if name == "cifar10":
        # Pickles are left to Keras, which checks what it downloads: to open one is to run it.
        return "data_batch_1.bin to data_batch_5.bin and test_batch.bin (the binary version)"
    return f"{name}.npz or {', '.join(_IDX_FILES)} (.gz or not)"


def _content(path):
    """The bytes of a file, unzipped if they are gzipped, whatever its name ends in."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except _DAMAGE as error:
        raise _damaged(path, error) from None


def _matched(path, images, labels):
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or not len(images):
        shapes = f"images of shape {images.shape} with labels of shape {labels.shape}"
        raise _damaged(path, f"{shapes}, expected (n, height, width) with (n,)")
    return images, labels


def _refuse_missing(folder, files, names):
    missing = [name for name, path in zip(names, files, strict=True) if path is None]
    if missing:
        raise ValueError(f"{folder} lacks {', '.join(missing)}: put all {len(names)} files there.")


def _damaged(path, reason):
    return ValueError(f"{path} is damaged or not what its name says: {reason}.")
