"""Files and folders that are complete, or as they were before, whenever their writer dies."""

import contextlib
import errno
import glob
import os
import shutil
import tempfile
import time
from pathlib import Path

from gan_model.storage.locks import locked
from gan_model.storage.paths import expanded

_PREFIX = ".part-"
_SECONDS_TO_LOCK = 5  # after which a temporary folder is locked, or its writer is dead


@contextlib.contextmanager
def atomic_write(path):
    """Gives a path to write to, and renames what was written to `path` at the end.

    The content is flushed to the disk before the rename, so a process killed at any moment leaves
    either the old file or the new one. Of several writers at once, the last one wins. In the place
    of a symbolic link, its target is written.

    Raises:
        OSError: the disk is full, or the folder cannot be written; the old file is unchanged.
    """
    given, path = path, Path(os.path.realpath(expanded(path)))
    try:
        with _temporary_folder(path) as folder:
            new = folder / f"new-{path.name}"
            yield new
            _flush(new, os.O_RDWR)
            os.replace(new, path)
            _flush_folder(path.parent)
    except OSError as error:
        raise _not_written(given, error) from error


@contextlib.contextmanager
def atomic_folder(path):
    """Gives a path to make a folder at, and renames that folder to `path` at the end.

    The folder is there as a whole or not at all. An earlier one is replaced. If the process is
    killed in the moment between, the next `atomic_folder` for this path brings it back.

    Raises:
        OSError: the disk is full, or the folder cannot be written; the earlier one is unchanged.
    """
    given, path = path, Path(os.path.realpath(expanded(path)))  # os.replace would move a link
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_folder(path) as folder:
            new = folder / f"new-{path.name}"
            yield new
            for part in (new, *new.rglob("*")):
                _flush_folder(part) if part.is_dir() else _flush(part, os.O_RDWR)
            old = _replaced(folder, path)
            _exchange(new, path, old)
            _flush_folder(path.parent)
            _remove(old)  # or it would be brought back while another writer replaces `path`
    except OSError as error:
        raise _not_written(given, error) from error


def remove_unfinished(folder):
    """Removes what killed writers left in a folder. Only for the one process that writes there."""
    for unfinished in Path(folder).glob(f"{_PREFIX}*"):
        _remove(unfinished)


@contextlib.contextmanager
def _temporary_folder(path):
    """A folder beside `path` that only this user can enter; removed at the end.

    Its name is random, so nobody can place a link where the file is written, and two writers of
    `path` do not meet. What killed writers of `path` left is removed first.
    """
    pattern = f"{_PREFIX}{'?' * 8}-{glob.escape(path.name)}"  # of `mkdtemp`
    for unfinished in path.parent.glob(pattern):
        if _is_abandoned(unfinished):
            _bring_back(unfinished, path)
            _remove(unfinished)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, suffix=f"-{path.name}", dir=path.parent))
    try:
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError, NotImplementedError):  # a disk without locks
                stack.enter_context(locked(folder))
            yield folder
    finally:
        _bring_back(folder, path)  # after an error or Ctrl-C in `_exchange`
        _remove(folder)


def _is_abandoned(folder):
    """Whether the writer of a temporary folder is dead: then nobody has locked it."""
    try:
        if folder.is_symlink() or time.time() - folder.stat().st_mtime < _SECONDS_TO_LOCK:
            return False
        with locked(folder, busy="Its writer is alive."):
            return True
    except (OSError, NotImplementedError, ValueError):
        return False  # its writer is alive, another user's, or the disk has no locks


def _replaced(folder, path):
    """Where the folder that was at `path` is while it is replaced."""
    return folder / f"old-{path.name}"


def _exchange(new, path, old):
    while True:
        with contextlib.suppress(FileNotFoundError):
            os.replace(path, old)
        if _place(new, path):
            return
        _remove(old)  # another writer has put a newer one at `path`


def _bring_back(folder, path):
    """Puts the replaced folder back, unless another writer has put a folder at `path`."""
    if not path.exists():
        with contextlib.suppress(FileNotFoundError):  # nothing was replaced, or others were faster
            _place(_replaced(folder, path), path)


def _place(folder, path):
    """Moves a folder to `path`. Returns False if another writer's folder is there."""
    try:
        os.replace(folder, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


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
