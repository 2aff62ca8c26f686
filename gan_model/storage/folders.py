"""A folder that one process holds at a time, and that knows what it was made for."""

import contextlib
import fcntl
import json
import time
from pathlib import Path

from gan_model.storage.atomic import atomic_write


@contextlib.contextmanager
def locked(path, *, busy=None):
    """Holds a folder, made if it is not there, until the end or the death of this process.

    Args:
        path: the folder.
        busy: what to say where another process holds it. None: wait until it no longer does.

    Raises:
        ValueError: the folder cannot be written, or another process holds it.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        lock = open(Path(path) / ".lock", "w")
    except OSError as error:
        raise ValueError(
            f"The folder {path} cannot be written ({error.strerror}). Choose another one: "
            "--run-dir DIR."
        ) from error
    with lock:
        _lock(lock, busy)
        yield


def is_locked(path):
    """Whether a process, on this machine or on another one with the same disk, holds a folder."""
    try:
        with open(Path(path) / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _lock(lock, busy):
    """Takes the lock, which the system frees on a kill."""
    if busy is None:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return
    for _ in range(5):
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)  # `held` has it for a few microseconds
    raise ValueError(busy)


def differences(then, now, *, may_change=()):
    """What is no longer as it was in a dict of settings, as text; "" where nothing differs."""
    return "; ".join(
        f"{name} was {then.get(name)}, now {now.get(name)}"
        for name in {**then, **now}
        if name not in may_change and then.get(name) != now.get(name)
    )


class Folder:
    """A folder with a `settings.json` that says what it was made for.

    Args:
        path: the folder; it need not exist.

    A kind of folder says what it holds (`kind`, `doing`), which settings may change between
    two visits (`may_change`), and whether there is anything in it to lose (`begun`).
    """

    kind = doing = None
    may_change = ()

    def __init__(self, path):
        self.path = Path(path)
        self.settings = self.path / "settings.json"

    def begun(self):
        """Whether the folder holds anything that other settings would spoil."""
        return self.settings.exists()

    @contextlib.contextmanager
    def opened(self, settings):
        """Holds the folder for one process, after a look at whose it is.

        Args:
            settings: dict of what makes its content.

        Raises:
            ValueError: the folder cannot be written, another process holds it, or it was made
                with other settings.
        """
        busy = (
            f"Another process is {self.doing} in {self.path}. Wait for it or stop it, or choose "
            "another folder: --run-dir DIR."
        )
        with locked(self.path, busy=busy):
            self.check(settings)
            yield

    def check(self, settings):
        """Compares settings with those that the folder was made with, where anything is in it.

        Raises:
            ValueError: they differ, or those of the folder cannot be read.
        """
        if self.settings.exists():
            self.read_settings()
        if self.begun():
            self._compare(settings)

    def note(self, settings, **beside):
        """Writes `settings.json`."""
        content = {"kind": self.kind, "settings": settings, **beside}
        with atomic_write(self.settings) as part:
            part.write_text(json.dumps(content, indent=2) + "\n")

    def read_settings(self):
        """The settings that `note` was given.

        Raises:
            ValueError: they cannot be read, or are those of another kind of folder.
        """
        try:
            content = json.loads(self.settings.read_text())
            settings = content["settings"]
            if not isinstance(settings, dict):
                raise TypeError("`settings` is no list of names and values")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self.settings} cannot be read ({error}), so it can't be told which {self.kind} "
                "this is. Choose another folder: --run-dir DIR."
            ) from error
        kind = content.get("kind", self.kind)  # runs of before there were searches have none
        if kind != self.kind:
            raise ValueError(
                f"{self.path} holds a {kind}, not a {self.kind}. Choose another folder: "
                "--run-dir DIR."
            )
        return settings

    def _compare(self, settings):
        then = self.read_settings()
        now = json.loads(json.dumps(settings))  # as it will be read back: tuples are lists
        if told := differences(then, now, may_change=self.may_change):
            raise ValueError(
                f"{self.path} holds a {self.kind} with other settings: {told}. "
                "Give the same ones to go on with it, or choose another folder: --run-dir DIR."
            )
