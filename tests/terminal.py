"""A real terminal for a command, and what stands on its screen."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

import processes
import pyte

_MARK = re.compile(rb"\x1b\]2;mark (\S+)\x07")  # sets the title of a window; see `mark`
_ROWS = 60


class Shown:
    """What a command has shown in a terminal, at its marks and at its end.

    Attributes:
        returncode: of the command.
        raw: the bytes that it wrote.
    """

    def __init__(self, returncode, raw, columns):
        self.returncode, self.raw, self._screens = returncode, raw, {}
        screen = pyte.Screen(columns, _ROWS)
        stream = pyte.ByteStream(screen)
        for place, part in enumerate([*_MARK.split(raw), b"end"]):
            if place % 2 == 0:
                stream.feed(part)
            else:
                rows = [row.rstrip() for row in screen.display]
                self._screens[part.decode()] = rows[: screen.cursor.y + 1], screen.cursor.hidden

    def rows(self, mark="end"):
        """The rows of the screen down to the cursor, without spaces at their ends."""
        return self._screens[mark][0]

    def cursor_is_hidden(self, mark="end"):
        """Whether a person sees no cursor."""
        return self._screens[mark][1]


def mark(name):
    """In the command: remembers what stands on the screen now, for `Shown.rows`."""
    os.write(1, f"\x1b]2;mark {name}\x07".encode())


def show(command, *, columns, interrupt=None):
    """Runs a command in a terminal of so many columns until it ends: `Shown`.

    Args:
        command: list, its first item is this Python.
        columns: of the terminal.
        interrupt: sends SIGINT, as Ctrl-C does, once this text (bytes) was written; or None.
    """
    terminal, its_end = pty.openpty()
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, columns, 0, 0))
    environment = {**processes.environment(), "TERM": "xterm-256color"}
    environment.pop("COLUMNS", None)
    process = processes.Forked(command, env=environment, terminal=os.ttyname(its_end))
    raw, deadline = b"", time.monotonic() + processes.PATIENCE
    while process.poll() is None or select.select([terminal], [], [], 0)[0]:
        if select.select([terminal], [], [], 0.05)[0]:
            raw += os.read(terminal, 2**16)
        if interrupt and interrupt in raw:
            process.send_signal(2)
            interrupt = None
        if time.monotonic() > deadline:
            process.kill()
            raise AssertionError(f"Not over after {processes.PATIENCE} s: {raw[-2000:]}")
    os.close(its_end)
    os.close(terminal)
    return Shown(process.returncode, raw, columns)
