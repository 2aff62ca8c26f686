"""The state of a run <-> one file, written atomically.

A checkpoint is an `.npz` file: every array of the state under its number and name, and a member
`about` with the epoch, the history and a SHA-256 digest of everything, as JSON. numpy alone opens
it. It is written beside its place, flushed to the disk and renamed, so a process killed at any
moment leaves either the old files, or the old files and a new one.
"""

import hashlib
import io
import json
import re

import ml_dtypes
import numpy as np

from gan_model.keras_internals import every_layer
from gan_model.storage.atomic import atomic_write
from gan_model.storage.file_format import FORMAT, check_format
from gan_model.storage.json_file import as_read_back, to_json
from gan_model.storage.paths import expanded

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


class DamagedCheckpoint(ValueError):
    """A checkpoint file that is truncated, altered, or no checkpoint at all."""


def write(path, arrays, about):
    """Writes a checkpoint; after an error the earlier files are unchanged.

    Args:
        path: the file, replaced if it exists.
        arrays: dict from names to numpy arrays.
        about: what else to keep, a dict that JSON can hold.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    # numpy would read bfloat16 as raw bytes without a type, so its bits are stored instead.
    bfloat16 = [name for name, array in arrays.items() if array.dtype == _BFLOAT16]
    arrays = arrays | {name: arrays[name].view(np.uint16) for name in bfloat16}
    about = as_read_back({**about, "format": FORMAT, "bfloat16": bfloat16})
    about = to_json({**about, "sha256": _digest(arrays, about)})
    with atomic_write(path) as beside, open(beside, "wb") as file:
        np.savez(file, about=np.frombuffer(about.encode(), np.uint8), **arrays)


def read(path):
    """The arrays and the `about` that `write` was given.

    Raises:
        DamagedCheckpoint: there is no such file, or its content is not what was written.
        ValueError: another version of gan-model wrote it.
        OSError, MemoryError: the machine cannot read it now. It may be undamaged.
    """
    try:
        content = io.BytesIO(expanded(path).read_bytes())
    except (FileNotFoundError, IsADirectoryError) as error:
        raise DamagedCheckpoint(f"{path} is no readable checkpoint: {error}") from error
    except OSError as error:  # an error of reading does not name the file
        raise OSError(error.errno, error.strerror, str(path)) from error
    try:
        with np.load(content, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(arrays.pop("about").tobytes())
        unchanged = about.pop("sha256") == _digest(arrays, about)
    except MemoryError:
        raise
    except Exception as error:  # zipfile, zlib, numpy and JSON raise whatever they meet
        raise DamagedCheckpoint(f"{path} is no readable checkpoint: {error}") from error
    if not unchanged:
        raise DamagedCheckpoint(f"{path} is damaged: its content does not match its checksum")
    check_format(about.pop("format", None), path)
    bits = {name: arrays[name].view(_BFLOAT16) for name in about.pop("bfloat16")}
    return arrays | bits, about


def collect(gan):
    """Every variable that the next step depends on, as a dict of numpy arrays.

    `GAN.state_variables` gives their order.
    """
    return {
        f"{number:04d}/{variable.path}": variable.numpy()
        for number, variable in enumerate(gan.state_variables)
    }


def restore(gan, arrays, path):
    """Gives the variables of a model the values that `collect` read from one like it.

    Number, shape, type and kind (kernel, velocity, ...) of the variables must agree. Names may
    differ, because Keras numbers layers from the start in each process.

    Raises:
        ValueError: the arrays belong to another model; nothing has changed then.
    """
    _check_same_model(gan, arrays, path)
    for variable, value in zip(gan.state_variables, arrays.values(), strict=True):
        variable.assign(value)
    compute_constants(gan)


def compute_constants(model):
    """Has layers such as `keras.layers.Normalization` compute with the weights that they have now.

    They compute with constants, which they make of their weights when they are adapted.
    """
    for layer in every_layer(model):
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def _check_same_model(gan, arrays, path):
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


def _kind(name, value):
    # Keras numbers variables without a name, and layers, from the start in each process.
    unnumbered = re.sub(r"(_\d+)+$", "", name)
    return re.split("[/_]", unnumbered)[-1], value.shape, value.dtype.name


def _digest(arrays, about):
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()
