"""Where lines go: a terminal, a notebook, or a file."""

import logging
import os
import shutil
import sys

import keras
from rich.console import Console
from rich.file_proxy import FileProxy
from rich.live import Live
from rich.text import Text

_SPARE = 3  # columns that a moving line leaves for the "^C" that a terminal writes behind it
_NOTEBOOK = 79  # characters


class Lines:
    """Lines that stay, without control characters, as a file needs them."""

    moves = False

    @property
    def width(self):
        """Characters that a line may have; None: as many as it needs."""
        return shutil.get_terminal_size().columns if _is_terminal() else None

    def draw(self, line):
        """Shows a moving line: not here."""

    def say(self, line):
        """Shows a line that stays."""
        if keras.config.is_interactive_logging_enabled():
            print(line, flush=True)
        else:
            logging.getLogger("absl").info(line)  # where Keras's own progress goes

    def close(self):
        """Leaves the screen as it was."""


class Notebook:
    """One line that is written again and again by a carriage return, as Keras does."""

    moves, ascii_only, width, room = True, False, _NOTEBOOK, _NOTEBOOK

    def __init__(self):
        self._shown = 0

    def draw(self, line):
        """Shows a moving line in place of the one before."""
        sys.stdout.write("\r" + line.ljust(self._shown))
        sys.stdout.flush()
        self._shown = len(line)

    def say(self, line):
        """Shows a line that stays."""
        self.draw(line)
        sys.stdout.write("\n")
        self._shown = 0

    def close(self):
        """Removes the moving line."""
        if self._shown:
            self.draw("")
            self.draw("")


class Terminal:
    """The last line of a terminal moves; all that is printed meanwhile appears above it."""

    moves = True

    def __init__(self):
        # The process decides whether this is a terminal, not variables such as FORCE_COLOR, and
        # what others print is text, not rich's markup.
        self._console = _Console(
            file=sys.stdout,
            force_terminal=True,
            force_jupyter=False,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self.ascii_only = not self._console.encoding.startswith("utf")
        self._live = Live(
            Text(),
            console=self._console,
            auto_refresh=False,  # no thread: who trains draws
            transient=True,
            redirect_stderr=_is_terminal(sys.stderr),
        )
        self._live.start()

    @property
    def width(self):
        """Characters that a line may have."""
        return self._console.width

    @property
    def room(self):
        """Characters that a moving line may have."""
        return max(self.width - _SPARE, 1)

    def draw(self, line):
        """Shows a moving line in place of the one before."""
        self._live.update(Text(line, no_wrap=True, overflow="crop"), refresh=True)

    def say(self, line):
        """Shows a line that stays."""
        self._console.print(Text(line), soft_wrap=True)

    def close(self):
        """Removes the moving line."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, FileProxy):
                stream.flush()  # rich would lose a line without its end
        self._live.stop()


class _Console(Console):
    def show_cursor(self, show=True):
        """Does nothing: rich hides the cursor, and a killed process cannot bring it back."""
        return False


def screen(verbose):
    """The screen for Keras's `verbose`: 1, a moving line where that is possible; 2, lines only."""
    if verbose == 2 or not keras.config.is_interactive_logging_enabled():
        return Lines()
    if isinstance(sys.stdout, FileProxy):  # another display of rich has the terminal
        return Lines()
    if _is_terminal():
        return Lines() if os.environ.get("TERM") in ("dumb", "unknown") else Terminal()
    return Notebook() if "ipykernel" in sys.modules else Lines()  # how Keras sees a notebook


def _is_terminal(stream=None):
    stream = stream or sys.stdout
    return hasattr(stream, "isatty") and stream.isatty()
