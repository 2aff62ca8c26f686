"""Where lines go: a terminal, a notebook, or a file."""

import logging
import math
import os
import shutil
import sys

import keras
from rich.console import Console
from rich.file_proxy import FileProxy
from rich.live import Live
from rich.text import Text

_INTERVAL = 0.1  # seconds from one drawing of the moving line to the next
_SPARE = 3  # columns that a moving line leaves for the "^C" that a terminal writes behind it
_NOTEBOOK = 79  # characters


class Display:
    """A line that moves, drawn ten times a second, and lines that stay; `verbose` as in Keras."""

    def __init__(self, verbose):
        self._verbose, self._screen, self._due = verbose, None, math.inf

    @property
    def is_open(self):
        """Whether there is a screen to show anything on."""
        return self._screen is not None

    def open(self):
        """Takes the screen."""
        if self._verbose and self._screen is None:
            self._screen = _screen(self._verbose)
            self._due = -math.inf if self._screen.moves else math.inf

    def is_due(self, now):
        """Whether it is time to update at `now`, of `time.perf_counter`; never in a file."""
        return now >= self._due

    def update(self, line_of, now):
        """Shows a moving line in place of the one before; `line_of` gets the width it may have."""
        if self._screen is not None and self._screen.moves:
            self._due = now + _INTERVAL
            self._screen.update(line_of(self._screen.room))

    def print(self, line_of):
        """Shows a line that stays; `line_of` gets the width it may have, or None."""
        if self._screen is not None:
            self._screen.print(line_of(self._screen.width))

    def close(self):
        """Gives the screen back, without the moving line."""
        screen, self._screen, self._due = self._screen, None, math.inf
        if screen is not None:
            screen.close()


class _File:
    """Lines that stay, without control characters."""

    moves = False

    @property
    def width(self):
        return shutil.get_terminal_size().columns if _is_terminal(sys.stdout) else None

    def print(self, line):
        if keras.config.is_interactive_logging_enabled():
            print(line, flush=True)
        else:
            logging.getLogger("absl").info(line)  # where Keras's own progress goes

    def close(self):
        pass


class _Notebook:
    """One line that is written again and again by a carriage return, as Keras does."""

    moves, width, room = True, _NOTEBOOK, _NOTEBOOK

    def __init__(self):
        self._shown = 0

    def update(self, line):
        print("\r" + line.ljust(self._shown), end="", flush=True)
        self._shown = len(line)

    def print(self, line):
        self.update(line)
        print()
        self._shown = 0

    def close(self):
        if self._shown:
            self.update("")
            self.update("")


class _Terminal:
    """The last line of a terminal moves; all that is printed meanwhile appears above it.

    Not `rich.progress`: its table takes 2.5 ms to draw, a line of text 0.3 ms.
    """

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
        return self._console.width

    @property
    def room(self):
        return max(self.width - _SPARE, 1)

    def update(self, line):
        if not self._console.encoding.startswith("utf"):
            line = line.replace("━", "#").replace("─", "-")
        self._live.update(Text(line, no_wrap=True, overflow="crop"), refresh=True)

    def print(self, line):
        self._console.print(Text(line), soft_wrap=True)

    def close(self):
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, FileProxy):
                stream.flush()  # rich would lose a line without its end
        self._live.stop()


class _Console(Console):
    def show_cursor(self, show=True):
        """Does nothing: rich hides the cursor, and a killed process cannot bring it back."""
        return False


def _screen(verbose):
    if verbose == 2 or not keras.config.is_interactive_logging_enabled():
        return _File()
    if isinstance(sys.stdout, FileProxy):  # another display of rich has the terminal
        return _File()
    if _is_terminal(sys.stdout):
        return _File() if os.environ.get("TERM") in ("dumb", "unknown") else _Terminal()
    return _Notebook() if "ipykernel" in sys.modules else _File()  # how Keras sees a notebook


def _is_terminal(stream):
    return hasattr(stream, "isatty") and stream.isatty()
