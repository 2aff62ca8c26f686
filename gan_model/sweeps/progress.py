"""What a search prints while it goes on: which run of how many, the best, the time left."""

import shutil
import sys
import textwrap
import time

from gan_model import progress
from gan_model.progress.lines import clock, number

_SHORT = {
    "codings_size": "codings",
    "generator_learning_rate": "G rate",
    "discriminator_learning_rate": "D rate",
    "batch_size": "batch",
}


class Progress:
    """Prints a line when a run begins and one when it is over; in a terminal a bar in between.

    Time is told by epochs, those that a run continues not counted.

    Args:
        runs: how many there are in all.
        epochs: of all runs together.
    """

    def __init__(self, runs, epochs):
        self.runs, self.epochs = runs, epochs
        self._begun, self._over, self._done, self._ahead = set(), set(), 0, 0
        self._start = self._last_end = time.monotonic()
        self._best = None
        self._running, self._running_epochs = "", 0

    def skip(self, outcome, epochs, *, again=False):
        """Counts a run that was over before this process began; arguments as those of `end`."""
        self._count(outcome, epochs, again)
        self._ahead += epochs

    def begin(self, name, hyperparameters=None, *, epochs):
        """Prints which run begins.

        Args:
            name: of the run.
            hyperparameters: dict from names to values, or None.
            epochs: that it will train itself.
        """
        self._running, self._running_epochs = name, epochs
        self._begun.add(name)
        place = f"{len(self._begun | self._over):>{self._digits}} of {self.runs}  "
        values = (f"{_SHORT.get(k, k)} {_text(v)}" for k, v in (hyperparameters or {}).items())
        tell(f"{place}{name}  {', '.join(values)}".rstrip(), indent=len(place))

    def callbacks(self):
        """The Keras callbacks that show the run that has begun."""
        return [_RunProgress(self)]

    def end(self, outcome, epochs, *, again=False):
        """Prints what became of a run.

        Args:
            outcome: its `Outcome`.
            epochs: that it trained itself.
            again: whether it had a new seed, and so is none of those compared so far.
        """
        self._count(outcome, epochs, again)
        self._last_end = time.monotonic()
        if outcome.state == "finished":
            told = f"{number(outcome.score)} (epoch {outcome.best_epoch})"
        else:
            told = f"{outcome.state}: {outcome.reason}"
        shown = self._best and not again
        best = f"; best {number(self._best.score)}, {self._best.name}" if shown else ""
        seconds = self.seconds_for(self.epochs - self._done)
        left = f"; {clock(seconds)} left" if seconds else ""
        indent = 2 * self._digits + len(" of   ")
        line = f"{outcome.name}  {told}, {outcome.seconds:.0f} s{best}{left}"
        tell(indent * " " + line, indent=indent)

    def place(self, epoch, epochs):
        """What the bar of the run that has begun is about."""
        return f"{self._running} {epoch + 1}/{epochs}"

    def seconds_left(self, of_run, *, epoch):
        """Seconds until all runs are over; None: unknown.

        Args:
            of_run: seconds until the one that has begun is over, or None.
            epoch: seconds that an epoch of it takes, or None.
        """
        after = self.epochs - self._done - self._running_epochs
        rest = self.seconds_for(after, epoch=epoch)
        if of_run is None:
            of_run = self.seconds_for(self._running_epochs, epoch=epoch)
        return None if rest is None or of_run is None else rest + of_run

    def seconds_for(self, epochs, *, epoch=None):
        """Seconds that so many epochs will take.

        Args:
            epochs: less than 0 counts as 0.
            epoch: seconds of one, used before a run is over; None: unknown.
        """
        if done := self._done - self._ahead:
            epoch = (self._last_end - self._start) / done
        return None if epoch is None else max(epochs, 0) * epoch

    @property
    def _digits(self):
        return len(str(self.runs))

    def _count(self, outcome, epochs, again):
        self._over.add(outcome.name)
        self._done += epochs
        better = self._best is None or outcome.score < self._best.score
        if outcome.state == "finished" and better and not again:
            self._best = outcome


class _RunProgress(progress.Progress):
    """The bar of one run, with the time left for all; no line of an epoch stays."""

    def __init__(self, search):
        super().__init__()
        self._search = search

    def place(self):
        return self._search.place(self.epoch, self.epochs)

    def seconds_left(self):
        return self._search.seconds_left(super().seconds_left(), epoch=self.seconds_for(1))

    def keep(self, figures, seconds):
        pass


def tell(line, *, indent=0):
    """Prints a line, in a terminal as several that fit its width.

    Args:
        line: text.
        indent: spaces before all lines but the first.
    """
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
        line = textwrap.fill(line, width, subsequent_indent=indent * " ", break_long_words=False)
    print(line, flush=True)


def _text(value):
    return number(value) if isinstance(value, float) else str(value)
