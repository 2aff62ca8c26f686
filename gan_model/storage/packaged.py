"""A file of arrays that is part of the package -> its arrays, if it is as it was published."""

import hashlib
import io

import numpy as np


def packaged_arrays(path, sha256):
    """The arrays of a `.npz` file, a dict.

    Args:
        path: of the file.
        sha256: digest of its content, hexadecimal.

    Raises:
        ValueError: the file cannot be read, or its content has changed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error}. Install gan-model again.") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise damaged(path, "its checksum is wrong")
    with np.load(io.BytesIO(content)) as file:
        return {name: file[name] for name in file.files}


def damaged(path, reason):
    """The `ValueError` for a file of the package that is not as it was published."""
    return ValueError(f"{path} is damaged: {reason}. Install gan-model again.")
