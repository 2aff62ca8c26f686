"""How this process was started, and what to type for another command."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path


class Program:
    """The program as a person typed it: `gan-model`, `python -m gan_model`, or a script.

    Args:
        words: `sys.argv`.
        script: path of the script of `experiments/` that runs; None for the others.
    """

    def __init__(self, words, *, script=None):
        self.words = list(map(str, words))
        self._script = script and Path(script)
        self._is_module = not script and os.path.basename(self.words[0]) == "__main__.py"

    @property
    def name(self):
        """Name of the program, with which a line about an error begins."""
        if self._script:
            return self._script.name
        return "python -m gan_model" if self._is_module else "gan-model"

    def line(self, command, *arguments):
        """The line to type for a command.

        Args:
            command: name of the command.
            arguments: what follows it.
        """
        door = self._script and self._script.with_name(f"{command}.py")
        if door and door.exists():
            started = [_python(), _from_here(door)]
        else:
            started = [*self._typed(), command]
        return _joined([*started, *map(str, arguments)])

    def again(self):
        """The line that was typed."""
        started = [_python(), self.words[0]] if self._script else self._typed()
        return _joined([*started, *self.words[1:]])

    def started(self, arguments):
        """The words that start another process of this program, as `subprocess` takes them."""
        # Run by its path, the package's folder would come first in `sys.path`. Of the command that
        # pip installs there is no script on Windows, but a `.exe`; what started it is on the path.
        is_script = not self._is_module and os.path.isfile(self.words[0])
        started = [self.words[0]] if is_script else ["-m", "gan_model"]
        return [sys.executable, *started, *arguments]

    def _typed(self):
        if self._is_module or self._script:
            return [_python(), "-m", "gan_model"]
        found = shutil.which("gan-model")
        if found and _real(found) == _real(self.words[0]):
            return ["gan-model"]
        return [_from_here(self.words[0])]


def _real(path):
    """The whole path of a command, without the `.exe` that Windows does not show."""
    real = os.path.realpath(path)
    return real[:-4] if real.lower().endswith(".exe") else real


def _python():
    return _from_here(sys.executable)


def _from_here(path):
    """A path as it can be typed here: relative, except on another drive of Windows."""
    try:
        return os.path.relpath(path)
    except ValueError:
        return str(path)


def _joined(words):
    """Words as a line for the shell; cmd.exe knows no single quotes."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
