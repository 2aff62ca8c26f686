"""Processes that a search has started, and that end with it."""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

from gan_model.storage.locks import is_locked, locked

CHIEF = "chief"  # folder that the process in charge of a search has locked
ANOTHER_CHIEF = "Another process is the chief of this search."
_INTERVAL = 0.5  # seconds between two looks at the chief


@contextlib.contextmanager
def helpers(folder, commands):
    """Processes that train along until the block ends, each in `helper`.

    Args:
        folder: of the search.
        commands: a command (list of text) for each; none: this process is alone.

    Yields:
        A function that tells whether one of them is at work. It raises a ChildProcessError if one
        has failed and said why.
    """
    if not commands:
        yield lambda: False
        return
    with locked(Path(folder) / CHIEF, busy=ANOTHER_CHIEF):
        children = [process(command) for command in commands]
        try:
            yield lambda: at_work(children)
        finally:
            kill(children)


@contextlib.contextmanager
def helper(folder):
    """Ends this process at once, with status 1, if the chief of a search dies in the block.

    Args:
        folder: of the search.
    """
    over = threading.Event()
    threading.Thread(target=_end_with_chief, args=(Path(folder), over), daemon=True).start()
    try:
        yield
    finally:
        over.set()


def process(command):
    """Starts a process in a session of its own: Ctrl-C reaches the chief alone, which ends it."""
    return subprocess.Popen(command, start_new_session=True)


def at_work(children):
    """Whether one of some processes is at work; an error if one has failed and said why."""
    states = [child.poll() for child in children]
    if failed := [state for state in states if state is not None and state > 0]:
        raise ChildProcessError(f"A worker ended with status {failed[0]}; it has said why.")
    return None in states


def kill(children):
    """Ends processes at once."""
    for child in children:
        child.kill()
        child.wait()


def _end_with_chief(folder, over):
    while not is_locked(folder / CHIEF):  # the chief may begin later
        if over.wait(_INTERVAL):
            return
    while is_locked(folder / CHIEF):
        if over.wait(_INTERVAL):
            return
    print("The chief of this search is gone.", file=sys.stderr, flush=True)
    os._exit(1)
