"""The process that has the oracle of a search, as keras-tuner's chief; it trains no trial itself.

Each worker asks it for one trial at a time. The trial of a worker that dies goes to another: the
chief sees that the worker's folder is no longer locked.
"""

import contextlib
import socket
import subprocess
import threading
import time

from gan_model.storage.paths import expanded
from gan_model.sweeps import workers

_INTERVAL = 0.5  # seconds between two looks at the workers
_FAREWELL = 30  # seconds in which workers of other shells can learn that the search is over


def chief_of(folder, commands=()):
    """A context with the `Chief` of a search; with None where this process is alone.

    It leads workers if there are `commands`, or if keras-tuner's variables say so.
    """
    return Chief(folder, commands) if commands or workers.role() else contextlib.nullcontext()


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
        workers.become_chief(_free_port())
        self._children, self._server, self._failure = [], None, None
        self._entered = contextlib.ExitStack()

    def __enter__(self):
        self._tell_over = self._entered.enter_context(workers.announced(self._folder))
        return self

    def __exit__(self, error, *_):
        deadline = time.monotonic() + _FAREWELL
        try:
            while not error and self._alive() and time.monotonic() < deadline:
                time.sleep(_INTERVAL)
        finally:
            _kill(self._children)  # their trials continue from the last checkpoint later
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
        self._children = [_process(command) for command in self._commands]
        if not (self._children or self._alive() or _over(tuner.oracle, journal)):
            print(
                "Waiting for workers: the same command with KERASTUNER_TUNER_ID=worker-1.",
                flush=True,
            )
        while self._own_searching() or not _over(tuner.oracle, journal):
            self._serve(tuner, journal)
        deadline = time.monotonic() + _FAREWELL
        while self._others_searching() and time.monotonic() < deadline:
            self._serve(tuner, journal)
        self._tell_over()

    def helped(self):
        """Whether there is a worker for what follows the trials.

        Raises:
            ChildProcessError: a worker of this chief has failed and said why.
        """
        own = _at_work(self._children)
        return own or any(place.idle for place in workers.places(self._folder))

    def _serve(self, tuner, journal):
        """Answers workers for a moment, and looks after them."""
        if failure := self._failure or journal.failure:
            raise failure
        if self._server is None or not self._server.is_alive():
            # keras-tuner's ends when no worker has a trial, though some may ask later.
            self._server = threading.Thread(target=self._answer, args=(tuner,), daemon=True)
            self._server.start()
        self._look_after_workers(tuner.oracle, journal)
        time.sleep(_INTERVAL)

    def _answer(self, tuner):
        try:
            tuner.search(verbose=0)
        except RuntimeError as error:  # of gRPC; those of the oracle are in the journal
            self._failure = workers.not_heard(error)
        except Exception as error:
            self._failure = error

    def _look_after_workers(self, oracle, journal):
        own = _at_work(self._children)
        for name, trial in list(oracle.ongoing_trials.items()):
            place = workers.Place(self._folder, name)
            if place.path.exists() and not place.taken:
                oracle.tuner_ids.discard(name)
                if journal.give_back(oracle, trial.trial_id):
                    print(f"{name} is dead; trial {trial.trial_id} goes to another.", flush=True)
        for place in workers.places(self._folder) if oracle._retry_queue else ():
            place.call()
        if self._children and not (own or self._alive() or _over(oracle, journal)):
            raise ChildProcessError(
                "All workers are dead. Run the same command to continue the search."
            )

    def _own_searching(self):
        """Whether a worker of this chief has a trial, or will ask for one."""
        alive = (number for number, child in enumerate(self._children, 1) if child.poll() is None)
        return not all(workers.Place(self._folder, f"worker-{number}").idle for number in alive)

    def _others_searching(self):
        return any(place.taken and not place.idle for place in workers.places(self._folder))

    def _alive(self):
        """Whether a worker is alive, of this chief or of another shell."""
        return any(place.taken for place in workers.places(self._folder))


def _over(oracle, journal):
    """Whether all trials have ended, and no other can follow."""
    none_follows = journal.stopped or 0 < (oracle.max_trials or 0) <= len(oracle.trials)
    return none_follows and not oracle.ongoing_trials and not oracle._retry_queue


def _process(command):
    """Starts a process in a session of its own: Ctrl-C reaches the chief alone, which ends it."""
    return subprocess.Popen(command, start_new_session=True)


def _at_work(children):
    """Whether one of some processes is at work; an error if one has failed and said why."""
    states = [child.poll() for child in children]
    if failed := [state for state in states if state is not None and state > 0]:
        raise ChildProcessError(f"A worker ended with status {failed[0]}; it has said why.")
    return None in states


def _kill(children):
    """Ends processes at once."""
    for child in children:
        child.kill()
        child.wait()


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
