"""Commands in real processes that need not import TensorFlow first.

Importing it takes longer than most of what is tested here. A server has done so, and forks a
process for each command, which then runs the module or the script as Python does. Such a process
has its own id, environment, folder and output; it can be killed; it makes the same bits as one that
was started anew, to which the tests compare it.
"""

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from multiprocessing import forkserver
from pathlib import Path
from unittest import mock

HERE = Path(__file__).parent
_FORKING = multiprocessing.get_context("forkserver")


class Forked:
    """Of a command line that begins with this Python: as much of `Popen` as the tests need."""

    def __init__(self, line, *, env, cwd=None, terminal=None):
        python, *script = map(str, line)
        assert os.path.samefile(os.path.join(cwd or "", python), sys.executable)
        _have_server()
        streams = () if terminal else ("stdout", "stderr")
        self._said = [tempfile.TemporaryFile("w+") for _ in streams]
        self._output = None
        # `terminal` is the path of one, which gets both.
        paths = [f"/proc/{os.getpid()}/fd/{file.fileno()}" for file in self._said]
        paths = paths or [terminal, terminal]
        arguments = script, paths, env, str(cwd or Path.cwd())
        self._process = _FORKING.Process(target=_run, args=arguments)
        self._process.start()
        self.pid = self._process.pid

    def poll(self):
        return self._process.exitcode

    returncode = property(poll)

    def wait(self, timeout=None):
        self._process.join(timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired("forked", timeout)
        return self.returncode

    def communicate(self, timeout=None):
        self.wait(timeout)
        if self._output is None:
            self._output = tuple(map(_taken, self._said))
        return self._output

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self._process.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.communicate()


def _taken(file):
    with file:
        file.seek(0)
        return file.read()


def _have_server():
    forkserver.set_forkserver_preload(["warm"])
    paths = [str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, paths))):
        forkserver.ensure_running()


def _run(script, said, environment, folder):
    """In the process itself."""
    for number, path in enumerate(said, start=1):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOCTTY)
        os.dup2(file, number)
        os.close(file)
    if os.isatty(1):  # as Python does where it begins in a terminal
        sys.stdout.reconfigure(line_buffering=True)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = script
    try:
        if script[0] == "-m":
            _, module, *sys.argv[1:] = script
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, str(Path(script[0]).parent))  # as Python does
            runpy.run_path(script[0], run_name="__main__")
    finally:
        atexit._run_exitfuncs()  # which multiprocessing leaves out
