"""The sample of Fashion-MNIST that is part of the package."""

from pathlib import Path

from gan_model.storage.packaged import packaged_arrays

PATH = Path(__file__).with_name("sample.npz")
# Printed by experiments/make_sample.py.
_SHA256 = "efefbe05b9d7eaf04f28ae39025070e3f555b25bf705ff9319bf8a7a4784fc6b"


def load_sample():
    """10,000 training and 2,000 test images with their labels.

    Raises:
        ValueError: if the file is damaged.
    """
    sample = packaged_arrays(PATH, _SHA256)
    return tuple((sample[f"{part}_images"], sample[f"{part}_labels"]) for part in ("train", "test"))
