"""How this process was started, and what to type for another command."""

import os
import shlex
import shutil
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
        self._is_module = not script and Path(self.words[0]).name == "__main__.py"

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
            started = [_python(), os.path.relpath(door)]
        else:
            started = [*self._typed(), command]
        return shlex.join([*started, *map(str, arguments)])

    def again(self):
        """The line that was typed."""
        started = [_python(), self.words[0]] if self._script else self._typed()
        return shlex.join([*started, *self.words[1:]])

    def started(self, arguments):
        """The words that start another process of this program, as `subprocess` takes them."""
        # Run by its path, the package's folder would come first in `sys.path`.
        started = ["-m", "gan_model"] if self._is_module else [self.words[0]]
        return [sys.executable, *started, *arguments]

    def _typed(self):
        if self._is_module or self._script:
            return [_python(), "-m", "gan_model"]
        found = shutil.which("gan-model")
        if found and os.path.realpath(found) == os.path.realpath(self.words[0]):
            return ["gan-model"]
        return [os.path.relpath(self.words[0])]


def _python():
    return os.path.relpath(sys.executable)
