"""The files that gan-model wrote itself. Others are a person's own, and are not written over.

Every format has a place for the name of the program that wrote a file:

.png            the text `Software`
.gif            the comment
.html           `<meta name="generator">`
.onnx           `producer_name`
.npz, .tflite   the comment at the end of the zip archive
.json           `versions`, which names this package
SavedModel      such a JSON file in the folder: `assets.extra/about.json`
"""

import json
from pathlib import Path

from gan_model.storage.paths import expanded

PROGRAM = "gan-model"
ABOUT = Path("assets.extra", "about.json")  # TensorFlow leaves this folder to others

_NAME = PROGRAM.encode()
_LENGTH = bytes([len(_NAME)])
_HEAD_BYTES = 4096
_AT_START = {
    ".png": b"Software\0" + _NAME,
    ".gif": b"!\xfe" + _LENGTH + _NAME,
    ".html": b'<meta name="generator" content="' + _NAME,
    ".onnx": b"\x12" + _LENGTH + _NAME,  # the second field of a `ModelProto`
}
_AT_END = (".npz", ".tflite")


def is_replaceable(path, kind=None):
    """Whether writing over a path loses nothing of a person's own.

    So it is where nothing is there yet, where the file or folder is empty, where gan-model wrote
    it, and of a device or pipe.

    Args:
        path: of a file to write, or of the folder of a SavedModel.
        kind: suffix of what is to be written. None: that of the path.
    """
    path = expanded(path)
    if path.is_dir():
        return not any(path.iterdir()) or _is_own_json(path / ABOUT)
    if not path.is_file() or not path.stat().st_size:
        return True
    try:
        return _is_own(path, kind or path.suffix)
    except OSError:  # it cannot be read
        return False


def check_replaceable(*paths, overwrite=False):
    """Refuses to write over files that gan-model did not write.

    Args:
        paths: of files to write.
        overwrite: whether all of them may be written over.

    Raises:
        ValueError: one of them may not be; it says what to do.
    """
    for path in paths:
        if not (overwrite or is_replaceable(path)):
            raise ValueError(
                f"{path} exists, and gan-model did not write it. Move it, choose another name, or "
                "replace it: overwrite=True."
            )


def _is_own(path, kind):
    if kind == ".json":
        return _is_own_json(path)
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
        if kind in _AT_START:
            return _AT_START[kind] in head
        file.seek(max(0, path.stat().st_size - len(_NAME)))
        return kind in _AT_END and file.read() == _NAME


def _is_own_json(path):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return PROGRAM in content["versions"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return False
