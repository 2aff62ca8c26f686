"""Locks on folders, which the operating system frees when their process dies.

A lock is a file `.lock` in the folder. Windows, Linux and macOS have it; on a network disk it
also holds between machines, if the disk supports locks.
"""

import contextlib
import sys
from pathlib import Path

from filelock import FileLock, Timeout

_NAME = ".lock"
# `is_locked` of another process takes a free lock for a moment, so one failure proves nothing.
_PATIENCE = {"timeout": 0.1, "poll_interval": 0.01}  # seconds


@contextlib.contextmanager
def locked(path, *, busy=None, waiting=None):
    """Locks a folder until the block ends or this process dies.

    Args:
        path: the folder; it is made if it does not exist.
        busy: the error message if another process has the lock. None: wait for the lock.
        waiting: line for stderr if it has to wait.

    Raises:
        ValueError: another process has the lock, or another lock of this process.
        OSError: the folder cannot be written.
    """
    Path(path).mkdir(parents=True, exist_ok=True)
    lock = _lock(path)
    try:
        try:
            lock.acquire(**_PATIENCE)
        except Timeout:
            if busy is not None:
                raise ValueError(busy) from None
            if waiting is not None:
                print(waiting, file=sys.stderr)
            lock.acquire()
        yield
    finally:
        lock.release()  # also where Ctrl-C comes just after it was taken


def is_locked(path):
    """Whether a process has locked a folder: any process, this one and other machines included."""
    if not (Path(path) / _NAME).exists():
        return False
    lock = _lock(path)
    try:
        lock.acquire(**_PATIENCE)
    except Timeout:
        return True
    lock.release()
    return False


class _Lock(FileLock):
    """One that is released where it was taken, or by the end of the process.

    A `FileLock` releases itself when it is forgotten. Ctrl-C in that moment would be printed with a
    traceback, and be lost: Python can raise nothing from there.
    """

    def __del__(self):
        """Does nothing."""


def _lock(path):
    # Not thread-local: a notebook may end in another thread what it began in this one.
    return _Lock(str(Path(path) / _NAME), thread_local=False)
