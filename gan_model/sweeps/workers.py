"""Several processes that train the trials of one search: keras-tuner's chief and its workers.

The chief has the oracle and trains no trial. Each worker asks it for one trial at a time. If a
worker dies, the chief sees that its folder is no longer locked, and another gets its trial.
All need the folder of the search, so several machines need a disk that they share.

chief.json       the address of the chief, while it is alive
chief/           locked by the chief
chief/over       a file of the chief, once all trials are over
workers/NAME/    locked by a worker
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time

from keras_tuner.engine.trial import Trial, TrialStatus

from gan_model.storage.json_file import write_json
from gan_model.storage.locks import is_locked, locked
from gan_model.storage.messages import printable
from gan_model.storage.paths import expanded

_CHIEF = "chief"
_ID, _IP, _PORT = (f"KERASTUNER_{name}" for name in ("TUNER_ID", "ORACLE_IP", "ORACLE_PORT"))
_INTERVAL = 0.5  # seconds between two looks at other processes
_GRACE_PERIOD = 30  # seconds in which workers can learn that the search is over


def role():
    """What keras-tuner's environment variables make of this process: "chief", "worker" or None.

    Raises:
        ValueError: some of them are missing.
    """
    if _IP not in os.environ:
        return None
    if missing := [name for name in (_ID, _PORT) if name not in os.environ]:
        raise ValueError(f"{_IP} is set, {' and '.join(missing)} is not. Set all three, or none.")
    return _CHIEF if _CHIEF in os.environ[_ID] else "worker"


def tuner_id():
    """The name of this process in keras-tuner, which keeps its state in a file of that name."""
    return os.environ.get(_ID, "tuner0")


def chief_of(folder, commands=()):
    """A context with the `Chief` of a search; with None where this process is alone.

    It leads workers if there are `commands`, or if keras-tuner's variables say so.
    """
    return Chief(folder, commands) if commands or role() else contextlib.nullcontext()


class Chief:
    """The process that has the oracle of a search, with workers of its own or of other shells.

    It sets keras-tuner's environment variables, so make it before the tuner. Workers find it while
    it is entered as a context. At the end of the context those of its own end.

    Args:
        folder: of the search.
        commands: a command (list of text) to start each worker with; the first is worker 1.

    Example:

    ```python
    with sweeps.Chief("runs/search", commands) as chief:
        tuner = keras_tuner.RandomSearch(...)
        journal.follow(tuner.oracle)
        chief.search(tuner, journal)
    ```
    """

    def __init__(self, folder, commands=()):
        self._folder, self._commands = expanded(folder), list(commands)
        os.environ.setdefault(_IP, "127.0.0.1")
        os.environ.setdefault(_PORT, str(_free_port()))
        os.environ[_ID] = _CHIEF
        self._children, self._server, self._failure = [], None, None
        self._dismissed = set()  # workers that know that the search is over
        self._entered = contextlib.ExitStack()

    def __enter__(self):
        self._entered.enter_context(announced(self._folder))
        return self

    def __exit__(self, error, *_):
        deadline = time.monotonic() + _GRACE_PERIOD
        try:
            while not error and self._live_workers() and time.monotonic() < deadline:
                time.sleep(_INTERVAL)
        finally:
            for child in self._children:  # their trials continue from the last checkpoint later
                child.kill()
                child.wait()
            self._entered.close()

    def search(self, tuner, journal):
        """Runs `tuner.search` for the workers, until the oracle has no more trials.

        Args:
            tuner: a keras-tuner tuner.
            journal: `Journal` that follows its oracle.

        Raises:
            ValueError: the chief cannot listen on its address.
            ChildProcessError: a worker of this chief has failed and said why, or all are dead.
        """
        # In a session of their own: Ctrl-C reaches the chief alone, which ends them.
        self._children = [
            subprocess.Popen(command, start_new_session=True) for command in self._commands
        ]
        if not (self._children or self._live_workers() or journal.is_over(tuner.oracle)):
            print(
                "Waiting for workers: the same command with KERASTUNER_TUNER_ID=worker-1.",
                flush=True,
            )
        self._keep_idle_workers(tuner.oracle, journal)
        while not journal.is_over(tuner.oracle):
            self._serve(tuner, journal)
        _over(self._folder).touch()
        deadline = time.monotonic() + _GRACE_PERIOD
        while self._live_workers() - self._dismissed and time.monotonic() < deadline:
            self._serve(tuner, journal)

    def helped(self):
        """Whether there is a worker for what follows the trials.

        Raises:
            ChildProcessError: a worker of this chief has failed and said why.
        """
        return self._child_is_alive() or bool(self._live_workers())

    def _keep_idle_workers(self, oracle, journal):
        """Has workers wait until all trials are over, as that of a dead one may come back."""
        create = oracle.create_trial

        def create_trial(tuner_id):
            if journal.stopped and tuner_id not in oracle.ongoing_trials:
                trial = Trial(oracle.get_space(), status=TrialStatus.STOPPED)
            else:
                trial = create(tuner_id)
            if trial.status == TrialStatus.STOPPED:
                if _over(self._folder).exists():
                    oracle.tuner_ids.discard(tuner_id)
                    self._dismissed.add(tuner_id)
                else:
                    oracle.tuner_ids.add(tuner_id)  # keras-tuner serves as long as it has some
                    trial.status = TrialStatus.IDLE
            return trial

        oracle.create_trial = create_trial

    def _serve(self, tuner, journal):
        """Answers workers for a moment, and looks after them."""
        if failure := self._failure or journal.failure:
            raise failure
        if self._server is None or not self._server.is_alive():
            # keras-tuner's ends when no worker has a trial, though some may ask later.
            self._server = threading.Thread(target=self._answer, args=(tuner,), daemon=True)
            self._server.start()
        child_is_alive, live = self._child_is_alive(), self._live_workers()
        for name, trial in list(tuner.oracle.ongoing_trials.items()):
            if name in live or not _place(self._folder, name).exists():
                continue
            tuner.oracle.tuner_ids.discard(name)
            if journal.give_back(tuner.oracle, trial.trial_id):
                told = f"{name} is dead; trial {trial.trial_id} goes to another."
                print(printable(told), flush=True)
        if self._children and not (child_is_alive or live or journal.is_over(tuner.oracle)):
            raise ChildProcessError(
                "All workers are dead. Run the same command to continue the search."
            )
        time.sleep(_INTERVAL)

    def _answer(self, tuner):
        try:
            tuner.search(verbose=0)
        except RuntimeError as error:  # of gRPC; those of the oracle are in the journal
            reason = str(error).partition(";")[0]  # without its advice for gRPC's developers
            self._failure = ValueError(
                f"The chief cannot be reached at {os.environ[_IP]}:{os.environ[_PORT]} ({reason}). "
                f"Set {_IP} to an address of this machine, and {_PORT} to a port that no other "
                "program uses."
            )
        except Exception as error:
            self._failure = error

    def _child_is_alive(self):
        states = [child.poll() for child in self._children]
        if failed := [state for state in states if state is not None and state > 0]:
            raise ChildProcessError(f"A worker ended with status {failed[0]}; it has said why.")
        return None in states

    def _live_workers(self):
        """The names of the workers that are alive, of this chief or of other shells."""
        return {path.name for path in (self._folder / "workers").glob("*") if is_locked(path)}


@contextlib.contextmanager
def announced(folder):
    """Has workers find this process as the chief of a search, until the block ends."""
    address = _address(folder)
    with locked(folder / _CHIEF, busy="Another process is the chief of this search."):
        # Of a chief that was killed. The address goes first: with it workers would come in.
        address.unlink(missing_ok=True)
        _over(folder).unlink(missing_ok=True)
        write_json(address, {name: os.environ[name] for name in (_IP, _PORT)})
        try:
            yield
        finally:
            address.unlink(missing_ok=True)
            _over(folder).unlink(missing_ok=True)


@contextlib.contextmanager
def worker(folder, number=None):
    """Makes this process a worker of the search whose chief has a folder, until the block ends.

    Sets keras-tuner's environment variables, so enter it before the tuner is made. If the chief
    dies this process ends at once, with status 1; its trial continues when it is handed out again.

    Args:
        folder: of the search.
        number: of this worker, different for each. None: keras-tuner's variables are set.

    Raises:
        ValueError: there is no chief, or another worker has that number.
    """
    folder = expanded(folder)
    if number is not None:
        os.environ.update(_read_address(folder) | {_ID: f"worker-{number}"})
    if not _has_chief(folder):  # it may begin later, on another machine
        print(printable(f"Waiting for the chief of the search in {folder}."), flush=True)
    while not _has_chief(folder):
        time.sleep(_INTERVAL)
    name = os.environ[_ID]
    busy = f"Another process is {name} of the search in {folder}. Give this one another number."
    with locked(_place(folder, name), busy=busy), _ended_with_chief(folder):
        yield


def trials_are_over(folder):
    """Whether the chief of a search has no more trials for its workers."""
    return _over(expanded(folder)).exists()


def with_idle_backoff(tuner):
    """The tuner of a worker, which waits a moment before it asks again where there was no trial.

    keras-tuner asks again at once, so workers that wait for the last trials of others would take
    the time of the cores, and that of the chief.
    """
    create = tuner.oracle.create_trial

    def create_trial(tuner_id):
        trial = create(tuner_id)
        if trial.status == TrialStatus.IDLE:
            time.sleep(_INTERVAL)
        return trial

    tuner.oracle.create_trial = create_trial
    return tuner


def _over(folder):
    return folder / _CHIEF / "over"


def _place(folder, name):
    return folder / "workers" / name


def _address(folder):
    return folder / "chief.json"


def _has_chief(folder):
    # The lock too, because a chief that was killed has left its address.
    return is_locked(folder / _CHIEF) and _address(folder).exists()


def _read_address(folder):
    try:
        if _has_chief(folder):
            return json.loads(_address(folder).read_text())
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
    while is_locked(folder / _CHIEF):
        if left.wait(_INTERVAL):
            return
    if left.is_set():  # the chief ends as soon as its workers have left
        return
    with contextlib.suppress(OSError):  # its terminal may be gone with it
        print("The chief of this search is gone.", file=sys.stderr, flush=True)
    os._exit(1)


def _free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]
