"""Several processes that share one search, as chief and workers of keras-tuner.

The chief has the oracle and trains nothing; each worker asks it for one trial at a time. All need
the folder of the search, so several machines need a disk that they share. The trial of a worker
that dies goes to another: the chief sees that the worker's folder is no longer locked.
"""

import contextlib
import json
import os
import socket
import threading
import time
from pathlib import Path

from gan_model.storage.json_file import write_json
from gan_model.storage.locks import is_locked, locked
from gan_model.sweeps.helping import ANOTHER_CHIEF, CHIEF, at_work, helper, kill, process

_ID, _IP, _PORT = (f"KERASTUNER_{name}" for name in ("TUNER_ID", "ORACLE_IP", "ORACLE_PORT"))
_ADDRESS = "chief.json"
_INTERVAL = 0.5  # seconds between two looks at the workers
_FAREWELL = 10  # seconds in which workers of other shells can learn that the search is over


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


class Chief:
    """The process that has the oracle of a search, with workers of its own or of other shells.

    It sets keras-tuner's environment variables, so make it before the tuner.

    Args:
        folder: of the search.
        commands: a command (list of text) for each worker to start.

    Example:

    ```python
    chief = workers.Chief("runs/search", commands)
    tuner = keras_tuner.RandomSearch(...)
    journal.follow(tuner.oracle)
    chief.search(tuner, journal)
    ```
    """

    def __init__(self, folder, commands=()):
        self._folder, self._commands = Path(folder), list(commands)
        os.environ.setdefault(_IP, "127.0.0.1")
        os.environ.setdefault(_PORT, str(_free_port()))
        os.environ[_ID] = CHIEF
        self._children = []
        self._failure = None

    def search(self, tuner, journal):
        """Runs `tuner.search` for the workers, until the oracle has no more trials.

        Args:
            tuner: a keras-tuner tuner.
            journal: `Journal` that follows its oracle.

        Raises:
            ChildProcessError: a worker of this chief has failed and said why, or all are dead.
        """
        server = self._server(tuner)
        with self._announced(), self._started():
            while self._working() or not self._over(tuner.oracle, journal):
                if failure := self._failure or journal.failure:
                    raise failure
                if not server.is_alive():
                    # keras-tuner's ends when no worker has a trial, though some may ask later.
                    server = self._server(tuner)
                self._look_after_workers(tuner.oracle, journal)
                time.sleep(_INTERVAL)

    def _server(self, tuner):
        thread = threading.Thread(target=self._serve, args=(tuner,), daemon=True)
        thread.start()
        return thread

    def _serve(self, tuner):
        try:
            tuner.search(verbose=0)
        except Exception as error:
            self._failure = error

    def _working(self):
        return any(child.poll() is None for child in self._children)

    def _over(self, oracle, journal):
        """Whether all trials have ended, and the workers have been told."""
        waiting = oracle.ongoing_trials or oracle._retry_queue
        return journal.stopped and not waiting

    def _look_after_workers(self, oracle, journal):
        at_work(self._children)
        states = [child.poll() for child in self._children]
        for worker, trial in list(oracle.ongoing_trials.items()):
            if _known(self._folder, worker) and not is_locked(_place(self._folder, worker)):
                oracle.tuner_ids.discard(worker)
                if journal.give_back(oracle, trial.trial_id):
                    print(f"{worker} is dead; trial {trial.trial_id} goes to another.", flush=True)
        alone = not self._working() and not self._workers_alive()
        if states and alone and not self._over(oracle, journal):
            if 0 not in states:
                raise ChildProcessError(
                    "All workers are dead. Run the same command to continue the search."
                )
            # It ended because there was no trial left; then another died and left one.
            idle = states.index(0)
            self._children[idle] = process(self._commands[idle])

    @contextlib.contextmanager
    def _started(self):
        self._children = [process(command) for command in self._commands]
        try:
            yield
            self._take_leave()
        finally:
            kill(self._children)  # their trials continue from the last checkpoint later

    def _take_leave(self):
        deadline = time.monotonic() + _FAREWELL
        while self._workers_alive() and time.monotonic() < deadline:
            time.sleep(_INTERVAL)

    def _workers_alive(self):
        """Whether a worker is alive, of this chief or of another shell."""
        return any(map(is_locked, self._folder.glob("workers/*")))

    @contextlib.contextmanager
    def _announced(self):
        """Writes the address at which workers find the chief, while the chief is alive."""
        path = self._folder / _ADDRESS
        with locked(self._folder / CHIEF, busy=ANOTHER_CHIEF):
            write_json(path, {_IP: os.environ[_IP], _PORT: os.environ[_PORT]})
            try:
                yield
            finally:
                path.unlink(missing_ok=True)


@contextlib.contextmanager
def worker(folder, number=None):
    """Makes this process a worker of the search whose chief has a folder, until it ends.

    Sets keras-tuner's environment variables, so enter it before the tuner is made. If the chief
    dies this process ends at once, with status 1; its trial continues when it is handed out again.

    Args:
        folder: of the search.
        number: of this worker, different for each. None: keras-tuner's variables are set.

    Raises:
        ValueError: there is no chief, or another worker has that number.
    """
    folder = Path(folder)
    if number is not None:
        os.environ[_ID] = f"worker-{number}"
        os.environ.update(_address(folder))
    while not (folder / _ADDRESS).exists():  # the chief may begin later, on another machine
        time.sleep(_INTERVAL)
    name = os.environ[_ID]
    busy = f"Another process is {name} of the search in {folder}. Give this one another number."
    with locked(_place(folder, name), busy=busy), helper(folder):
        yield


def _address(folder):
    try:
        if is_locked(folder / CHIEF):  # otherwise a killed chief has left its address
            return json.loads((folder / _ADDRESS).read_text())
    except OSError:
        pass  # the chief ended just now
    raise ValueError(f"No search with workers runs in {folder}. Start it first: --workers 1.")


def _place(folder, name):
    return folder / "workers" / name


def _known(folder, name):
    return _place(folder, name).exists()


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
