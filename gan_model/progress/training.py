"""`fit` -> what is shown of it."""

import dataclasses
import time

import keras

from gan_model.progress.figures import best_of, figures_in, losses_in
from gan_model.progress.lines import Moment, epoch_line
from gan_model.progress.pace import Pace
from gan_model.progress.panel import Panel


class Progress(keras.callbacks.Callback):
    """Shows how `fit` gets on: a line that moves, and a line for each epoch that stays.

    In a terminal the last line has a bar, the time left, the images a second and both losses;
    what others print appears above it. In a file there is a line for each epoch and no control
    character. No line is longer than the terminal is wide, from 80 columns on. `GAN.fit` adds
    this callback by itself, unless it is given one of this class or a Keras `ProgbarLogger`.

    Override `place`, `seconds_left` or `keep` to show something else.

    Args:
        verbose: 1: the moving line where that is possible; 2: the lines of epochs alone.
        run_callbacks: callbacks with a method `seconds_left()`, which returns the seconds until the
            run ends by the clock, or None.

    Attributes:
        epoch: number of the epoch, from 0.
        epochs: number of the epoch to stop after.
    """

    def __init__(self, verbose=1, *, run_callbacks=()):
        super().__init__()
        self.panel, self._run_callbacks = Panel(verbose), list(run_callbacks)
        self.epoch = self.epochs = 0

    # What a subclass may change.

    def place(self):
        """The text that a line begins with, for example "epoch  3/20"."""
        if self._left_by_the_clock() is not None:
            return f"epoch {self.epoch + 1}"
        return f"epoch {self.epoch + 1:>{len(str(self.epochs))}}/{self.epochs}"

    def seconds_left(self):
        """Seconds until the end of training; None while they are unknown."""
        known = self._left_by_the_clock(), self._left_by_steps()
        return min((seconds for seconds in known if seconds is not None), default=None)

    def keep(self, figures, seconds):
        """Shows the line of an epoch, which stays.

        Args:
            figures: `Figures` of the epoch.
            seconds: that the epoch took.
        """
        self.panel.say(lambda width: epoch_line(self.place(), figures, seconds, width=width))

    def close(self):
        """Gives the screen back; `GAN.fit` calls it, however training ended."""
        self.panel.close()

    # What Keras calls.

    def on_train_begin(self, logs=None):
        self._pace, self._measured, self._losses = Pace(), [], None
        self._steps, self.epochs = self.params["steps"], self.params["epochs"]
        self._starting, self._rested = True, None

    def on_epoch_begin(self, epoch, logs=None):
        self._now = self._began = time.perf_counter()
        if self._rested is not None:
            self._pace.pause(self._now - self._rested)
        self.epoch, self._done, self._rested = epoch, 0, None
        self._mark = self._now, 0, self._images_seen()
        self.panel.open()
        if self.panel.is_due(self._now):
            self._draw("starting" if self._starting else "")

    def on_train_batch_end(self, batch, logs=None):
        # With several steps in one execution the last one may be beyond the end of the epoch.
        self._done = min(batch + 1, self._steps or batch + 1)
        self._now = time.perf_counter()
        if self._starting or self.panel.is_due(self._now):
            self._losses = losses_in(logs or {})
            self._take()
            self._draw()

    def on_test_begin(self, logs=None):
        if self.panel.is_open:  # else `evaluate` was called by itself
            self._rest()
            self._draw("measuring")

    def on_epoch_end(self, epoch, logs=None):
        self._rest()
        figures = figures_in(logs or {}, self.model.quality, prefix="val_")
        if figures.value is not None:
            figures = self._with_best(figures)
        self.keep(figures, time.perf_counter() - self._began)

    def on_train_end(self, logs=None):
        self.close()

    def _draw(self, doing=""):
        moment = Moment(
            self.place(),
            self._done,
            self._steps,
            self.seconds_left(),
            self._pace.images_per_second,
            self._losses,
            doing,
        )
        self.panel.draw(moment, self._now)

    def _take(self):
        """Tells the pace what was done since the last time."""
        seconds, done, images = self._mark
        self._mark = self._now, self._done, self._images_seen()
        if not self._starting:  # the first steps are compiled, which takes longer
            self._pace.add(
                self._now - seconds, steps=self._done - done, images=self._mark[2] - images
            )
        self._starting = False

    def _rest(self):
        """Ends the steps of an epoch."""
        if self._rested is None:
            self._take()
            self._rested = self._now
            self._steps = self._steps or self._done

    def _images_seen(self):
        return int(self.model.images_seen.numpy())

    def _left_by_the_clock(self):
        asked = (callback.seconds_left() for callback in self._run_callbacks)
        return min((seconds for seconds in asked if seconds is not None), default=None)

    def _left_by_steps(self):
        if not self._steps:
            return None
        epochs = self.epochs - self.epoch
        return self._pace.seconds_for(epochs * self._steps - self._done, epochs=epochs)

    def _with_best(self, figures):
        # The history gets this epoch's figures only after all other callbacks had them.
        history = self.model.history
        values = history.history.get(f"val_{figures.distance}", [])
        if len(values) == len(history.epoch):
            measured = history.epoch
        else:  # not every epoch is measured; of earlier processes it is unknown which ones
            measured = self._measured[-len(values) :] if values else []
        numbers = [None] * (len(values) - len(measured)) + [epoch + 1 for epoch in measured]
        self._measured.append(self.epoch)
        best = best_of([*values, figures.value], [*numbers, self.epoch + 1])
        return dataclasses.replace(figures, best=best)
