"""What a search prints while it goes on: which run of how many, the best, the time left."""

import shutil
import sys
import textwrap
import time

from gan_model import progress
from gan_model.storage.messages import printable
from gan_model.sweeps.outcome import FINISHED
from gan_model.text import clock, fixed_number

_SHORT = {
    "codings_size": "codings",
    "generator_learning_rate": "G rate",
    "discriminator_learning_rate": "D rate",
    "batch_size": "batch",
}


class SearchProgress:
    """Prints a line when a run begins and one when it is over; in a terminal a bar in between.

    The time left is estimated from epochs; those that a run continues do not count.

    Args:
        runs: how many there are in all.
        epochs: of all runs together.
        minutes: of training in each run, which then counts as one epoch; None: epochs end it.
    """

    def __init__(self, runs, epochs, *, minutes=None):
        self.runs, self.epochs, self.minutes = runs, epochs, minutes
        self._begun, self._over, self._done, self._ahead = set(), set(), 0, 0
        self._start = self._last_end = time.monotonic()
        self._best = None
        self._running, self._running_epochs, self._run_start = "", 0, self._start

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
        self._running, self._running_epochs, self._run_start = name, epochs, time.monotonic()
        self._begun.add(name)
        place = f"{len(self._begun | self._over):>{self._digits}} of {self.runs}  "
        values = (
            f"{_SHORT.get(name, name)} {fixed_number(value) if isinstance(value, float) else value}"
            for name, value in (hyperparameters or {}).items()
        )
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
        if outcome.state == FINISHED:
            told = f"{fixed_number(outcome.score)} (epoch {outcome.best_epoch})"
        else:
            told = f"{outcome.state}: {outcome.reason}"
        shown = self._best and not again
        best = f"; best {fixed_number(self._best.score)}, {self._best.name}" if shown else ""
        seconds = max(self.epochs - self._done, 0) * (self._epoch_seconds() or 0)
        left = f"; {clock(seconds)} left" if seconds else ""
        indent = 2 * self._digits + len(" of   ")
        line = f"{outcome.name}  {told}, {outcome.seconds:.0f} s{best}{left}"
        tell(indent * " " + line, indent=indent)

    def place(self, epoch, epochs):
        """What the bar of the run that has begun is about."""
        return f"{self._running} {epoch + 1}" + (f"/{epochs}" if self.minutes is None else "")

    def seconds_left(self, of_run):
        """Seconds until all runs are over; None: unknown.

        Args:
            of_run: seconds until the one that has begun is over, or None.
        """
        elapsed = time.monotonic() - self._run_start
        if self.minutes is not None:
            of_run = max(60 * self.minutes - elapsed, 0)
        after = max(self.epochs - self._done - self._running_epochs, 0)
        if epoch := self._epoch_seconds():
            if of_run is None:
                of_run = max(self._running_epochs * epoch - elapsed, 0)
            return of_run + after * epoch
        if of_run is None:
            return None
        # The first run: the others will take as long, building and compiling included.
        return of_run + after * (elapsed + of_run) / max(self._running_epochs, 1)

    def _epoch_seconds(self):
        """What an epoch of the runs that ended in this process took; None before the first."""
        done = self._done - self._ahead
        return (self._last_end - self._start) / done if done else None

    @property
    def _digits(self):
        return len(str(self.runs))

    def _count(self, outcome, epochs, again):
        self._over.add(outcome.name)
        self._done += epochs
        better = self._best is None or outcome.score < self._best.score
        if outcome.state == FINISHED and better and not again:
            self._best = outcome


class _RunProgress(progress.Progress):
    """The bar of one run, with the time left for all; no line of an epoch stays."""

    def __init__(self, search):
        super().__init__()
        self._search = search

    def place(self):
        return self._search.place(self.epoch, self.epochs)

    def seconds_left(self):
        return self._search.seconds_left(super().seconds_left())

    def keep(self, figures, seconds):
        pass


def tell(line, *, indent=0):
    """Prints a line; a terminal gets several that fit its width, with `indent` before the others.

    Characters that a terminal would obey, such as those of a name or an error, are escaped.
    """
    line = printable(line)
    if sys.stdout.isatty():
        line = textwrap.fill(
            line,
            shutil.get_terminal_size().columns,
            subsequent_indent=indent * " ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    print(line, flush=True)
