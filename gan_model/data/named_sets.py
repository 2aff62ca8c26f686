"""The data sets that have a name. Imports neither NumPy nor TensorFlow before one is loaded.

The sample is part of the package. The others are read from files: of a folder that is given, else
of the folder of a Debian package. If there are none, Keras reads its own or downloads them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gan_model.storage.paths import expanded


@dataclass(frozen=True)
class FullSet:
    """A published data set.

    Args:
        name: as in `keras.datasets`.
        folder: where its Debian package puts the files.
        read: function from a folder to ((train_images, train_labels), (test_images,
            test_labels)), or None if the folder has none of the files.
        files: names of the files, for messages.
        class_names: a label is a position in them.
        package: the Debian package, if there is one.
        licence: of the images; None if their authors state none.
    """

    name: str
    folder: Path
    read: Callable
    files: str
    class_names: tuple
    package: str | None = None
    licence: str | None = None

    def load(self, folder=None):
        """The images and labels from a folder; None: from where they are found.

        Raises:
            ValueError: files are missing or damaged, or cannot be downloaded.
        """
        place = self.folder if folder is None else expanded(folder)
        splits = self.read(place)
        if splits is None and folder is not None:
            raise ValueError(
                f"{place} does not contain {self.name!r}; expected {self.files}. Put the files "
                "there."
            )
        return splits or self._from_keras()

    def _from_keras(self):
        from keras import datasets  # takes seconds, and local files do not need it

        from gan_model.data.reading import short_timeout

        try:
            with short_timeout():
                splits = getattr(datasets, self.name).load_data()
        except Exception as error:  # errors of network, server and disk have the same remedy
            reason = " ".join(str(error).split()) or type(error).__name__
            install = f"install the Debian package {self.package}, or " if self.package else ""
            raise ValueError(
                f"{self.name!r} is not in {self.folder} and Keras could not download it "
                f"({reason.rstrip('.')}): {install}put {self.files} in a folder and type "
                f"data.load({self.name!r}, folder=...), or the option --data-dir DIR."
            ) from None
        # The labels of CIFAR-10 have the shape (n, 1).
        return tuple((images, labels.reshape(-1)) for images, labels in splits)


_DATA_SETS = Path("/usr/share/datasets")  # of Debian
_IDX_FILES = (
    "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, "
    "t10k-labels-idx1-ubyte (.gz or not)"
)


def _read_fashion_mnist(folder):
    from gan_model.data import reading

    return reading.read_mnist(folder, "fashion_mnist.npz")


def _read_mnist(folder):
    from gan_model.data import reading

    return reading.read_mnist(folder, "mnist.npz")


def _read_cifar10(folder):
    from gan_model.data import reading

    return reading.read_cifar10(folder)


# Licences as the documentation of keras.datasets has them.
FASHION_MNIST = FullSet(
    "fashion_mnist",
    _DATA_SETS / "fashion-mnist",
    _read_fashion_mnist,
    f"fashion_mnist.npz or {_IDX_FILES}",
    (
        *("T-shirt", "trouser", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
    ),
    package="dataset-fashion-mnist",
    licence="MIT, Zalando SE",
)
MNIST = FullSet(
    "mnist",
    _DATA_SETS / "mnist",
    _read_mnist,
    f"mnist.npz or {_IDX_FILES}",
    tuple("0123456789"),
    licence="CC BY-SA 3.0, Yann LeCun and Corinna Cortes",
)
CIFAR10 = FullSet(
    "cifar10",
    _DATA_SETS / "cifar10",
    _read_cifar10,
    # Not the Python version: opening a pickle runs its code. Keras verifies its own download.
    "data_batch_1.bin to data_batch_5.bin and test_batch.bin (the binary version)",
    ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
)
FULL_SETS = {full_set.name: full_set for full_set in (FASHION_MNIST, MNIST, CIFAR10)}


def names():
    """The names of all data sets."""
    return ("sample", *FULL_SETS)
