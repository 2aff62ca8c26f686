"""How this process was started, and what to type for another command."""

import os
import shlex
import shutil
import subprocess
import sys


class Program:
    """The program as it was started: `gan-model`, `python -m gan_model`, or `python mine.py`.

    Args:
        words: `sys.argv`.
    """

    def __init__(self, words):
        self.words = list(map(str, words))
        file = os.path.basename(self.words[0])
        self._is_script = _without_exe(file) == "gan-model"
        # A person's own program, which may add presets or commands.
        self._is_own = file.endswith(".py") and file != "__main__.py"

    @property
    def name(self):
        """What a line about an error begins with."""
        if self._is_own:
            return f"python {self.words[0]}"
        return "gan-model" if self._is_script else "python -m gan_model"

    def line(self, *words):
        """The line to type for a command and its arguments, from the working folder."""
        line = [*self._start(), *map(str, words)]
        # cmd.exe knows no single quotes.
        return subprocess.list2cmdline(line) if os.name == "nt" else shlex.join(line)

    def again(self):
        """The line that was typed."""
        return self.line(*self.words[1:])

    def started(self, arguments):
        """The words that start another process of this program, as `subprocess` takes them."""
        if self._is_own:
            return [sys.executable, self.words[0], *arguments]
        # Unlike `python -m`, `gan-model` looks for no modules in the working folder.
        safe = ["-P"] if self._is_script else []
        return [sys.executable, *safe, "-m", "gan_model", *arguments]

    def _start(self):
        if self._is_own:
            return [_from_here(sys.executable), _from_here(self.words[0])]
        if not self._is_script:
            return [_from_here(sys.executable), "-m", "gan_model"]
        on_path = shutil.which("gan-model")
        if on_path and _same(on_path, self.words[0]):
            return ["gan-model"]
        return [_from_here(self.words[0])]


def _same(path, other):
    """Whether two paths are of one command, of which Windows may not show the `.exe`."""
    path, other = (_without_exe(os.path.realpath(each)) for each in (path, other))
    return path == other


def _without_exe(name):
    return name[:-4] if name.lower().endswith(".exe") else name


def _from_here(path):
    """A path as it can be typed here: relative, except on another drive of Windows."""
    try:
        return os.path.relpath(path)
    except ValueError:
        return str(path)
