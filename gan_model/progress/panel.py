"""One screen, opened when it is needed and drawn ten times a second."""

import math

from gan_model.progress.lines import moving_line
from gan_model.progress.screens import screen

_INTERVAL = 0.1  # seconds from one drawing to the next


class Panel:
    """What a display of progress writes on.

    Args:
        verbose: 0, 1 or 2, as in Keras.
    """

    def __init__(self, verbose):
        self.verbose = verbose
        self._screen, self._due = None, math.inf

    @property
    def is_open(self):
        """Whether there is a screen to show anything on."""
        return self._screen is not None

    def open(self):
        """Takes the screen."""
        if self.verbose and self._screen is None:
            self._screen = screen(self.verbose)
            self._due = -math.inf if self._screen.moves else math.inf

    def is_due(self, now):
        """Whether it is time to draw; never where nothing moves.

        Args:
            now: `time.perf_counter()`.
        """
        return now >= self._due

    def draw(self, moment, now):
        """Shows a `Moment`."""
        if self._screen is not None and self._screen.moves:
            self._due = now + _INTERVAL
            room, ascii_only = self._screen.room, self._screen.ascii_only
            self._screen.draw(moving_line(moment, width=room, ascii_only=ascii_only))

    def say(self, line_of):
        """Shows a line that stays.

        Args:
            line_of: function from a width, in characters or None, to the line.
        """
        if self._screen is not None:
            self._screen.say(line_of(self._screen.width))

    def close(self):
        """Gives the screen back."""
        screen, self._screen, self._due = self._screen, None, math.inf
        if screen is not None:
            screen.close()
