"""What the commands offer by name: presets, GANs that come trained, features and data sets.

The help lists these names and the Tab key completes them, so this imports no NumPy or TensorFlow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BATCH_SIZE = 16  # images; more steps for an image are worth more than steps of more images


@dataclass(frozen=True)
class Preset:
    """What is known of a preset before it is built.

    Args:
        name: as `--preset` takes it; a function of `gan_model.presets`.
        batch_size: of the commands, unless another one is asked for.
        sides: heights and widths of the images that it makes, a range; None: any.
    """

    name: str
    batch_size: int = BATCH_SIZE
    sides: range | None = None


@dataclass(frozen=True)
class FullSet:
    """A published data set.

    Args:
        name: as in `keras.datasets`.
        folder: where its Debian package puts the files.
        files: names of the files, for messages.
        class_names: a label is a position in them.
        package: the Debian package, if there is one.
        licence: of the images; None if their authors state none.
        read: function from a folder to ((train_images, train_labels), (test_images,
            test_labels)), or None if the folder has none of the files. None: `data.reading` has it.
    """

    name: str
    folder: Path
    files: str
    class_names: tuple
    package: str | None = None
    licence: str | None = None
    read: Callable | None = None


def _by_name(*entries):
    return {entry.name: entry for entry in entries}


# In the order in which messages list them.
PRESETS = _by_name(
    Preset("dense", batch_size=32),
    Preset("dcgan", batch_size=32, sides=range(16, 129, 4)),
    Preset("guidelines", batch_size=32, sides=range(16, 129, 4)),
    Preset("modern", sides=range(16, 257, 4)),
    Preset("modern_conditional", sides=range(16, 257, 4)),
)
PRETRAINED = ("fashion", "fashion_by_class")
# As `metrics.measures` takes them; "sliced" compares without features.
FEATURES = ("fashion", "inception", "learned", "sliced")
# As `presets.objectives` makes them.
LOSSES = (
    *("non_saturating", "binary_crossentropy", "minimax", "least_squares"),
    *("hinge", "wasserstein", "relativistic", "relativistic_average"),
)
PENALTIES = ("r1", "r2", "gradient_penalty", "dragan")
AUGMENTATIONS = ("none", "diff_augment", "adaptive")

_DEBIAN = Path("/usr/share/datasets")
_IDX_FILES = (
    "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, "
    "t10k-labels-idx1-ubyte (.gz or not)"
)
_GARMENTS = "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag"
# Licences as the documentation of keras.datasets has them.
FASHION_MNIST = FullSet(
    "fashion_mnist",
    _DEBIAN / "fashion-mnist",
    f"fashion_mnist.npz or {_IDX_FILES}",
    (*_GARMENTS, "ankle boot"),
    package="dataset-fashion-mnist",
    licence="MIT, Zalando SE",
)
FULL_SETS = _by_name(
    FASHION_MNIST,
    FullSet(
        "mnist",
        _DEBIAN / "mnist",
        f"mnist.npz or {_IDX_FILES}",
        tuple("0123456789"),
        licence="CC BY-SA 3.0, Yann LeCun and Corinna Cortes",
    ),
    FullSet(
        "cifar10",
        _DEBIAN / "cifar10",
        # Not the Python version: opening a pickle runs its code. Keras verifies its own download.
        "data_batch_1.bin to data_batch_5.bin and test_batch.bin (the binary version)",
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    ),
)


def data_sets():
    """The names of all data sets, as a tuple; also of those added to `FULL_SETS` meanwhile."""
    return ("sample", *FULL_SETS)
