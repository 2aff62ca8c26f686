"""Steps and the seconds that they took -> images a second, seconds left."""

import collections

_PARTS = 300  # of a tenth of a second each: the pace of the last half minute


class Pace:
    """How fast steps are done at the moment, and how long it takes from one epoch to the next."""

    def __init__(self):
        self._parts = collections.deque(maxlen=_PARTS)
        self._pauses = []

    def add(self, seconds, *, steps, images):
        """Takes into account steps that were just done."""
        if steps > 0:
            self._parts.append((seconds, steps, images))

    def pause(self, seconds):
        """Takes into account the time between the last step of an epoch and the next epoch."""
        self._pauses.append(seconds)

    @property
    def images_per_second(self):
        """None before the first steps."""
        seconds, _, images = self._sums()
        return images / seconds if seconds else None

    def seconds_for(self, steps, *, epochs):
        """Seconds that so many steps will take, and what follows after so many epochs.

        None before the first steps.
        """
        seconds, done, _ = self._sums()
        if not done:
            return None
        pause = sum(self._pauses) / len(self._pauses) if self._pauses else 0.0
        return steps * seconds / done + epochs * pause

    def _sums(self):
        return tuple(map(sum, zip(*self._parts, strict=True))) or (0.0, 0, 0)
