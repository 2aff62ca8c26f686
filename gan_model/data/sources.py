"""The name of a data set or a folder -> uint8 arrays and labels, for training and held out.

The sample is part of the package. The full data sets are first searched on this machine; only if
they are not found does Keras download them.
"""

import difflib
import hashlib
import io
import socket
from pathlib import Path

import numpy as np

from gan_model.data import cifar10, mnist
from gan_model.data.folder import load_folder
from gan_model.data.reading import damaged, read_bytes

NAMES = ("sample", "fashion_mnist", "mnist", "cifar10")

_SAMPLE = Path(__file__).with_name("sample.npz")
# Printed by experiments/make_sample.py.
_SAMPLE_SHA256 = "efefbe05b9d7eaf04f28ae39025070e3f555b25bf705ff9319bf8a7a4784fc6b"

_SYSTEM_FOLDERS = {
    "fashion_mnist": Path("/usr/share/datasets/fashion-mnist"),
    "mnist": Path("/usr/share/datasets/mnist"),
    "cifar10": Path("/usr/share/datasets/cifar10"),
}
# Timeout of a connection in seconds. A server may have a dozen addresses, and on a network that
# drops packets each of them takes this long.
_TIMEOUT = 5


def load(name="sample", *, folder=None, image_size=None, channels=None):
    """Loads the images and labels of a data set by name, or from your own folder.

    Args:
        name: "sample" (12,000 images of Fashion-MNIST that are part of the package),
            "fashion_mnist", "mnist" or "cifar10"; or the path of a folder with four idx files
            like those of MNIST, or with images (see `gan_model.data.folder`).
        folder: folder with the files of a full data set. None: the folder of its Debian package,
            or else Keras's cache, into which Keras downloads the data set if necessary.
        image_size: side length in pixels, or (height, width); for a folder of images only.
            None: 64.
        channels: 1 (grey) or 3 (colour); for a folder of images only. None: 1 if all images are
            grey, otherwise 3.

    Returns:
        ((train_images, train_labels), (test_images, test_labels)). Images are uint8,
        (n, height, width) for the sample and idx files, otherwise (n, height, width, channels).
        Images from a folder of images are read-only memory maps. Labels are integers (n,).

    Raises:
        ValueError: if the name is unknown, or files are missing or damaged.
        OSError: if there is no space on disk for the decoded images of a folder.
    """
    if folder is not None and name not in NAMES[1:]:
        raise ValueError(
            f"`folder` is for the full data sets: {', '.join(NAMES[1:])}. "
            f"Received: name={str(name)!r}, folder={str(folder)!r}. Leave folder out."
        )
    if name in NAMES:
        _refuse_shape(name, image_size, channels)
        return _sample() if name == "sample" else _full(name, folder)
    path = _existing_folder(name)
    found = mnist.four_files(path)
    if found is None:
        return load_folder(path, image_size=image_size, channels=channels)
    _refuse_shape(name, image_size, channels)
    return found


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
            f"`image_size` and `channels` are for folders of images; {str(name)!r} has its own. "
            f"Received: image_size={image_size}, channels={channels}. Leave them out."
        )


def _sample():
    content = read_bytes(_SAMPLE)
    if hashlib.sha256(content).hexdigest() != _SAMPLE_SHA256:
        raise damaged(_SAMPLE, "its checksum is wrong; install gan-model again")
    sample = np.load(io.BytesIO(content))
    return tuple((sample[f"{part}_images"], sample[f"{part}_labels"]) for part in ("train", "test"))


def _full(name, folder):
    place = _SYSTEM_FOLDERS[name] if folder is None else Path(folder).expanduser()
    found = _files_in(place, name)
    if found is None and folder is not None:
        raise ValueError(
            f"{place} does not contain {name!r}; expected {_expected(name)}. Put the files there."
        )
    return found or _from_keras(name)


def _files_in(folder, name):
    """The images of a full data set in a folder; None if it has none of the files."""
    if name == "cifar10":
        return cifar10.six_files(folder) or cifar10.six_files(folder / "cifar-10-batches-bin")
    archive = folder / f"{name}.npz"
    return mnist.keras_archive(archive) if archive.is_file() else mnist.four_files(folder)


def _from_keras(name):
    # Imported here because it takes seconds and local files do not need it.
    from keras import datasets

    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT)
    try:
        splits = getattr(datasets, name).load_data()
    except Exception as error:  # errors of network, server and disk have the same remedy
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(_unavailable(name, reason)) from None
    finally:
        socket.setdefaulttimeout(timeout)
    # The labels of CIFAR-10 have the shape (n, 1).
    return tuple((images, labels.reshape(-1)) for images, labels in splits)


def _unavailable(name, reason):
    package = "install the Debian package dataset-fashion-mnist, or "
    return (
        f"{name!r} is not in {_SYSTEM_FOLDERS[name]} and Keras could not download it "
        f"({reason.rstrip('.')}): {package if name == 'fashion_mnist' else ''}"
        f"put {_expected(name)} in a folder and type data.load({name!r}, folder=...)."
    )


def _expected(name):
    if name == "cifar10":
        # Not the Python version: opening a pickle runs its code. Keras verifies its own download.
        return "data_batch_1.bin to data_batch_5.bin and test_batch.bin (the binary version)"
    return f"{name}.npz or {', '.join(mnist.IDX_FILES)} (.gz or not)"
