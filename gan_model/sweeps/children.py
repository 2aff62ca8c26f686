"""Processes that a search has started."""

import subprocess


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
