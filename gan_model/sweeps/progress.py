"""What a search prints while it goes on: which run of how many, the best, the time left."""

import time

from gan_model.metrics.report import number


class Progress:
    """Prints a line when a run begins and one when it is over.

    Time is told by epochs, those that a run continues not counted.

    Args:
        runs: how many there are in all.
        epochs: of all runs together.
        distance: name of what is minimised.
    """

    def __init__(self, runs, epochs, *, distance):
        self.runs, self.epochs, self.distance = runs, epochs, distance
        self._begun, self._over, self._done, self._ahead = set(), set(), 0, 0
        self._start = time.monotonic()
        self._best = None

    def skip(self, outcome, epochs, *, again=False):
        """Counts a run that was over before this process began; arguments as those of `end`."""
        self._count(outcome, epochs, again)
        self._ahead += epochs

    def begin(self, name, hyperparameters=None):
        """Prints which run begins, with its hyperparameters where they are given."""
        self._begun.add(name)
        place = len(self._begun | self._over)
        values = ", ".join(f"{key} {_text(v)}" for key, v in (hyperparameters or {}).items())
        print(f"{place:>4} of {self.runs}  {name}  {values}".rstrip(), flush=True)

    def end(self, outcome, epochs, *, again=False):
        """Prints what became of a run.

        Args:
            outcome: its `Outcome`.
            epochs: that it trained itself.
            again: whether it had a new seed, and so is none of those compared so far.
        """
        self._count(outcome, epochs, again)
        if outcome.state == "finished":
            told = f"{self.distance} {number(outcome.score)} after epoch {outcome.best_epoch}"
        else:
            told = f"{outcome.state}: {outcome.reason}"
        shown = self._best and not again
        best = f"; best {number(self._best.score)}, {self._best.name}" if shown else ""
        line = f"{outcome.name}  {told}, {outcome.seconds:.0f} s{best}{self._left()}"
        print(f"{'':>9}{len(str(self.runs)) * ' '}{line}", flush=True)

    def _count(self, outcome, epochs, again):
        self._over.add(outcome.name)
        self._done += epochs
        better = self._best is None or outcome.score < self._best.score
        if outcome.state == "finished" and better and not again:
            self._best = outcome

    def _left(self):
        done_here = self._done - self._ahead
        left = max(self.epochs - self._done, 0)
        if not done_here or not left:
            return ""
        minutes = left * (time.monotonic() - self._start) / done_here / 60
        return f"; about {minutes:.0f} min left" if minutes >= 1 else "; under a minute left"


def _text(value):
    return number(value) if isinstance(value, float) else str(value)
