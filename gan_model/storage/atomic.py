"""Files that are whole or as they were before, whatever happens while they are written."""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def atomic_write(path):
    """Gives a path to write to, beside `path`, and puts it in its place at the end.

    The content is flushed to the disk before the name changes, so that a process killed at any
    moment leaves either the old file or the new one.

    Raises:
        OSError: the disk is full, or the folder cannot be written; the old file is whole.
    """
    path = Path(path)
    beside = path.with_name(f".part-{path.name}")
    try:
        yield beside
        _flush(beside, os.O_RDWR)
        os.replace(beside, path)
        _flush(path.parent, os.O_RDONLY)
    except OSError as error:
        raise OSError(
            error.errno,
            f"{path} could not be written ({error.strerror or error}); what was there before is "
            "whole. Make room, or choose another folder, and start again to go on",
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def _flush(path, mode):
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
