"""Processes that train the trials of one search, each one at a time.

All need the folder of the search, so several machines need a disk that they share.

chief.json       the address of the chief, while it is alive
chief/           locked by the chief
chief/over       a file of the chief, once all trials are over
workers/NAME/    locked by a worker; has the file `idle` while there is no trial for it
"""

import contextlib
import json
import os
import sys
import threading
import time

from gan_model.storage.json_file import write_json
from gan_model.storage.locks import is_locked, locked
from gan_model.storage.paths import expanded

CHIEF = "chief"
_ID, _IP, _PORT = (f"KERASTUNER_{name}" for name in ("TUNER_ID", "ORACLE_IP", "ORACLE_PORT"))
_ADDRESS = "chief.json"
_INTERVAL = 0.5  # seconds between two looks at the chief


def role():
    """What keras-tuner's environment variables make of this process: "chief", "worker" or None.

    Raises:
        ValueError: some of them are missing.
    """
    if _IP not in os.environ:
        return None
    if missing := [name for name in (_ID, _PORT) if name not in os.environ]:
        raise ValueError(f"{_IP} is set, {' and '.join(missing)} is not. Set all three, or none.")
    return CHIEF if CHIEF in os.environ[_ID] else "worker"


def tuner_id():
    """What keras-tuner calls this process; it keeps its state in a file of that name."""
    return os.environ.get(_ID, "tuner0")


def not_heard(error):
    """The ValueError for an error of gRPC, which cannot listen on the address of the chief."""
    reason = str(error).partition(";")[0]  # without what gRPC advises its own developers
    return ValueError(
        f"The chief cannot be reached at {os.environ[_IP]}:{os.environ[_PORT]} ({reason}). Set "
        f"{_IP} to an address of this machine, and {_PORT} to a port that no other program uses."
    )


def become_chief(port):
    """Sets keras-tuner's environment variables for the chief, on a port unless one is set."""
    os.environ.setdefault(_IP, "127.0.0.1")
    os.environ.setdefault(_PORT, str(port))
    os.environ[_ID] = CHIEF


@contextlib.contextmanager
def announced(folder):
    """Has workers find this process as the chief of a search, until the block ends.

    Yields:
        A function that tells them that all trials are over.

    Raises:
        ValueError: another process is the chief.
    """
    with locked(folder / CHIEF, busy="Another process is the chief of this search."):
        # Of a chief that was killed. The address goes first: with it workers would come in.
        (folder / _ADDRESS).unlink(missing_ok=True)
        _over(folder).unlink(missing_ok=True)
        write_json(folder / _ADDRESS, {name: os.environ[name] for name in (_IP, _PORT)})
        try:
            yield _over(folder).touch
        finally:
            (folder / _ADDRESS).unlink(missing_ok=True)
            _over(folder).unlink(missing_ok=True)


@contextlib.contextmanager
def worker(folder, number=None):
    """Makes this process a worker of the search whose chief has a folder, until it ends.

    Sets keras-tuner's environment variables, so enter it before the tuner is made. If the chief
    dies this process ends at once, with status 1; its trial continues when it is handed out again.

    Args:
        folder: of the search.
        number: of this worker, different for each. None: keras-tuner's variables are set.

    Yields:
        An iterator with an item each time that the worker should ask for trials, until it gets
        none. It ends when all trials of the search are over.

    Raises:
        ValueError: there is no chief, or another worker has that number.
    """
    folder = expanded(folder)
    if number is not None:
        os.environ[_ID] = f"worker-{number}"
        os.environ.update(_address(folder))
    if not _has_chief(folder):  # it may begin later, on another machine
        print(f"Waiting for the chief of the search in {folder}.", flush=True)
    while not _has_chief(folder):
        time.sleep(_INTERVAL)
    name = os.environ[_ID]
    busy = f"Another process is {name} of the search in {folder}. Give this one another number."
    place = Place(folder, name)
    with locked(place.path, busy=busy), _ended_with_chief(folder):
        place.call()
        yield _calls(folder, place)


class Place:
    """The folder of a worker.

    Args:
        folder: of the search.
        name: of the worker.
    """

    def __init__(self, folder, name):
        self.path = folder / "workers" / name
        self._idle = self.path / "idle"

    @property
    def taken(self):
        """Whether the worker is alive."""
        return is_locked(self.path)

    @property
    def idle(self):
        """Whether the worker is alive, and waits because there was no trial for it."""
        return self._idle.exists() and self.taken

    @property
    def called(self):
        """Whether the worker should ask for trials."""
        return not self._idle.exists()

    def call(self):
        """Has the worker ask for trials."""
        self._idle.unlink(missing_ok=True)

    def wait(self):
        """Notes that there was no trial for the worker."""
        self._idle.touch()


def places(folder):
    """The `Place` of each worker that there is or was, a list."""
    return [Place(folder, path.name) for path in (folder / "workers").glob("*")]


def _calls(folder, place):
    while not _over(folder).exists():
        if place.called:
            yield
            place.wait()
        time.sleep(_INTERVAL)


def _over(folder):
    return folder / CHIEF / "over"


def _has_chief(folder):
    # The lock too, because a chief that was killed has left its address.
    return is_locked(folder / CHIEF) and (folder / _ADDRESS).exists()


def _address(folder):
    try:
        if _has_chief(folder):
            return json.loads((folder / _ADDRESS).read_text())
    except OSError:
        pass  # the chief ended just now
    raise ValueError(f"No search with workers runs in {folder}. Start it first: --workers 1.")


@contextlib.contextmanager
def _ended_with_chief(folder):
    """Ends this process at once, with status 1, if the chief dies in the block."""
    left = threading.Event()
    threading.Thread(target=_end_with_chief, args=(folder, left), daemon=True).start()
    try:
        yield
    finally:
        left.set()


def _end_with_chief(folder, left):
    while not is_locked(folder / CHIEF):  # the chief may begin later
        if left.wait(_INTERVAL):
            return
    while is_locked(folder / CHIEF):
        if left.wait(_INTERVAL):
            return
    if left.is_set():  # the chief ends as soon as its workers have left
        return
    with contextlib.suppress(OSError):  # its terminal may be gone with it
        print("The chief of this search is gone.", file=sys.stderr, flush=True)
    os._exit(1)
