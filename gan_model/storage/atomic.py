"""Files that are complete, or as they were before, whenever the process that writes them dies."""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def atomic_write(path):
    """Gives a path to write to, beside `path`, and renames it to `path` at the end.

    The content is flushed to the disk before the rename, so a process killed at any moment leaves
    either the old file or the new one.

    Raises:
        OSError: the disk is full, or the folder cannot be written; the old file is unchanged.
    """
    path = Path(path)
    beside = path.with_name(f".part-{path.name}")
    try:
        yield beside
        _flush(beside, os.O_RDWR)
        os.replace(beside, path)
        if os.name != "nt":  # which cannot open a folder as a file
            _flush(path.parent, os.O_RDONLY)
    except OSError as error:
        raise OSError(
            error.errno,
            f"{path} could not be written ({error.strerror or error}); what was there before is "
            "whole. Make room, or choose another folder, and run the same command to continue",
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def _flush(path, mode):
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
