"""`evaluate` -> what is shown of it."""

import time

import keras

from gan_model.progress.figures import figures_in
from gan_model.progress.lines import Moment, epoch_line
from gan_model.progress.pace import Pace
from gan_model.progress.panel import Panel

_PLACE = "evaluation"


class EvaluationProgress(keras.callbacks.Callback):
    """Shows how `evaluate` gets on: a line that moves, then one that stays.

    `GAN.evaluate` adds it by itself, as `GAN.fit` adds `Progress`.

    Args:
        verbose: 1: the moving line where that is possible; 2: the last line alone.
    """

    async_safe = True  # Keras may go on with the next batches meanwhile

    def __init__(self, verbose=1):
        super().__init__()
        self.panel = Panel(verbose)

    def on_test_begin(self, logs=None):
        self._began, self._done, self._mark, self._pace = time.perf_counter(), 0, None, Pace()
        self.panel.open()
        self._draw(self._began, "starting")

    def on_test_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        # Threads of Keras call this, perhaps not in order.
        self._done = max(self._done, min(batch + 1, self.params["steps"] or batch + 1))
        if self._mark is None:
            self._mark = now, self._done  # the first steps are compiled, which takes longer
        elif self.panel.is_due(now):
            seconds, done = self._mark
            self._mark = now, self._done
            self._pace.add(now - seconds, steps=self._done - done, images=0)
            self._draw(now)

    def on_test_end(self, logs=None):
        self._draw(time.perf_counter(), "measuring")

    def tell(self, figures, quality):
        """Shows the line that stays.

        Args:
            figures: dict of what `evaluate` returns.
            quality: `metrics.Quality` of the GAN, or None.
        """
        seconds = time.perf_counter() - self._began
        told = figures_in(figures, quality)
        self.panel.say(lambda width: epoch_line(_PLACE, told, seconds, width=width))

    def close(self):
        """Gives the screen back; `GAN.evaluate` calls it, however the evaluation ended."""
        self.panel.close()

    def _draw(self, now, doing=""):
        steps = self.params["steps"]
        left = self._pace.seconds_for(steps - self._done, epochs=0) if steps else None
        left = None if doing else left
        self.panel.draw(Moment(_PLACE, self._done, steps, left, doing=doing), now)
