"""Files and folders that are complete, or as they were before, whenever their writer dies."""

import contextlib
import os
import shutil
from pathlib import Path

from gan_model.storage.paths import expanded


@contextlib.contextmanager
def atomic_write(path):
    """Gives a path to write to, beside `path`, and renames it to `path` at the end.

    The content is flushed to the disk before the rename, so a process killed at any moment leaves
    either the old file or the new one. In the place of a symbolic link, its target is written.

    Raises:
        OSError: the disk is full, or the folder cannot be written; the old file is unchanged.
    """
    given, path = path, Path(os.path.realpath(expanded(path)))
    beside = path.with_name(f".part-{path.name}")
    try:
        yield beside
        _flush(beside, os.O_RDWR)
        os.replace(beside, path)
        _flush_folder(path.parent)
    except OSError as error:
        raise _not_written(given, error) from error
    finally:
        beside.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path):
    """Gives a folder to write to, beside `path`, and renames it to `path` at the end.

    The folder is there as a whole or not at all. An earlier one is replaced; a process killed in
    the moment between leaves it as `.old-<name>`.

    Raises:
        OSError: the disk is full, or the folder cannot be written; the earlier one is unchanged.
    """
    given, path = path, Path(os.path.realpath(expanded(path)))  # os.replace would move a link
    beside, old = (path.with_name(f"{start}{path.name}") for start in (".part-", ".old-"))
    shutil.rmtree(beside, ignore_errors=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        for file in beside.rglob("*"):
            _flush_folder(file) if file.is_dir() else _flush(file, os.O_RDWR)
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)  # of a process killed when it had replaced it
            os.replace(path, old)
        os.replace(beside, path)
        _flush_folder(path.parent)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise _not_written(given, error) from error
    finally:
        if old.exists() and not path.exists():  # after an error or Ctrl-C between the two moves
            os.replace(old, path)
        shutil.rmtree(beside, ignore_errors=True)


def _not_written(path, error):
    folder = Path(path).parent
    if not folder.exists():
        why = f"{path} could not be written: there is no folder {folder}"
        return FileNotFoundError(error.errno, why)
    return OSError(
        error.errno,
        f"{path} could not be written ({error.strerror or error}); what was there before is "
        "whole. Make room, or choose another folder, and run the same command to continue",
    )


def _flush(path, mode):
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(path):
    if os.name != "nt":  # which cannot open a folder as a file
        _flush(path, os.O_RDONLY)
