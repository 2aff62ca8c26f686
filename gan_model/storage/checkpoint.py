"""The state of a run <-> one file, whole or not there at all.

A checkpoint is an `.npz` file: every array of the state under its number and name, and a
member `about` with the epoch, the history and a SHA-256 digest of all of it, as JSON. Numpy
alone opens it. It is written beside its place, flushed to the disk and renamed, so that a
process killed at any moment leaves either the old files or the old files and a new one.
"""

import hashlib
import json
import re

import numpy as np

from gan_model.storage.atomic import atomic_write


class DamagedCheckpoint(ValueError):
    """A checkpoint file that is truncated, altered or no checkpoint at all."""


def write(path, arrays, about):
    """Writes a checkpoint; on any error what was there before is left whole.

    Args:
        path: the file to make, replaced if it exists.
        arrays: dict from names to numpy arrays.
        about: what else to keep, a dict that JSON can hold.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    about = json.dumps({**about, "sha256": _digest(arrays, about)})
    with atomic_write(path) as beside, open(beside, "wb") as file:
        np.savez(file, about=np.frombuffer(about.encode(), np.uint8), **arrays)


def read(path):
    """The arrays and the `about` that `write` was given.

    Raises:
        DamagedCheckpoint: the file cannot be read, or its content has changed.
    """
    try:
        # Opened here, as numpy leaves open what it finds to be no archive.
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(arrays.pop("about").tobytes())
        sound = about.pop("sha256") == _digest(arrays, about)
    except Exception as error:  # zipfile, zlib, numpy and JSON raise whatever they meet
        raise DamagedCheckpoint(f"{path} is no readable checkpoint: {error}") from error
    if not sound:
        raise DamagedCheckpoint(f"{path} is damaged: its content does not match its checksum")
    return arrays, about


def collect(gan):
    """Every variable that the next step depends on, as a dict of numpy arrays.

    See `GAN.state_variables`, which gives their order.
    """
    return {
        f"{number:04d}/{variable.path}": variable.numpy()
        for number, variable in enumerate(gan.state_variables)
    }


def restore(gan, arrays, path):
    """Gives the variables of a model the values that `collect` read from one like it.

    Names may differ, as Keras numbers layers anew in each process; number, shape, type and
    kind (kernel, velocity, ...) may not.

    Raises:
        ValueError: the arrays are those of another model; nothing has changed then.
    """
    variables = gan.state_variables
    kept = [_kind(name, value) for name, value in arrays.items()]
    needed = [_kind(variable.path, variable.numpy()) for variable in variables]
    if kept != needed:
        differing = [
            f"{name} is {have}, expected {need}"
            for name, have, need in zip(arrays, kept, needed, strict=False)
            if have != need
        ]
        raise ValueError(
            f"{path} is a checkpoint of another model: it holds {len(kept)} variables, this GAN "
            f"has {len(needed)}" + "".join(f"; {line}" for line in differing[:3]) + ". "
            "Build the GAN as it was then, or choose another folder."
        )
    for variable, value in zip(variables, arrays.values(), strict=True):
        variable.assign(value)


def _kind(name, value):
    return re.split("[/_]", name)[-1], value.shape, value.dtype.name


def _digest(arrays, about):
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()
