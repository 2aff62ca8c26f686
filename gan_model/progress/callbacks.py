"""`fit`, `evaluate` -> what is shown of them."""

import collections
import contextlib
import dataclasses
import time

import keras

from gan_model.progress.display import Display
from gan_model.progress.lines import best_of, epoch_line, figures_in, losses_in, moving_line

_MAX_PARTS = 300  # of a tenth of a second each: the pace of the last half minute


class Throughput:
    """How fast steps are done at the moment, and how long it takes from one epoch to the next."""

    def __init__(self):
        self._parts = collections.deque(maxlen=_MAX_PARTS)
        self._pauses = []

    def start(self, *now):
        """Counts from now on: the seconds, steps and images so far."""
        self._last = now

    def add(self, *now):
        """Takes into account what was done since the last call of this or of `start`."""
        part = tuple(one - before for one, before in zip(now, self._last, strict=True))
        self._last = now
        if part[1] > 0:
            self._parts.append(part)

    def pause(self, seconds):
        """Takes into account the time between the last step of an epoch and the next epoch."""
        self._pauses.append(seconds)

    @property
    def images_per_second(self):
        """None before the first steps."""
        seconds, _, images = self._sums()
        return images / seconds if seconds else None

    def seconds_for(self, steps, *, epochs=0):
        """Seconds that so many steps will take, and the pauses after so many epochs; or None."""
        seconds, done, _ = self._sums()
        if not done:
            return None
        pause = sum(self._pauses) / len(self._pauses) if self._pauses else 0.0
        return steps * seconds / done + epochs * pause

    def _sums(self):
        return tuple(map(sum, zip(*self._parts, strict=True))) or (0.0, 0, 0)


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
        display: the `Display` that it writes on.
    """

    def __init__(self, verbose=1, *, run_callbacks=()):
        super().__init__()
        self.display, self._run_callbacks = Display(verbose), list(run_callbacks)
        self.epoch = self.epochs = 0

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
        self.display.print(lambda width: epoch_line(self.place(), figures, seconds, width=width))

    def close(self):
        """Gives the screen back; `GAN.fit` calls it, however training ended."""
        self.display.close()

    def on_train_begin(self, logs=None):
        self._throughput, self._best, self._losses = Throughput(), None, None
        self._steps, self.epochs = self.params["steps"], self.params["epochs"]
        self._starting, self._end_of_steps = True, None

    def on_epoch_begin(self, epoch, logs=None):
        self._now = self._began = time.perf_counter()
        if self._end_of_steps is not None:
            self._throughput.pause(self._now - self._end_of_steps)
        self.epoch, self._done, self._end_of_steps = epoch, 0, None
        self._throughput.start(self._now, 0, self._images_seen())
        self.display.open()
        if self.display.is_due(self._now):
            self._update("starting" if self._starting else "")

    def on_train_batch_end(self, batch, logs=None):
        # With several steps in one execution the last one may be beyond the end of the epoch.
        self._done = min(batch + 1, self._steps or batch + 1)
        self._now = time.perf_counter()
        if self._starting or self.display.is_due(self._now):
            self._losses = losses_in(logs or {})
            self._count()
            self._update()

    def on_test_begin(self, logs=None):
        if self.display.is_open:  # else `evaluate` was called by itself
            self._end_steps()
            self._update("measuring")

    def on_epoch_end(self, epoch, logs=None):
        self._end_steps()
        figures = figures_in(logs or {}, self.model.quality, prefix="val_")
        if figures.value is not None:
            figures = dataclasses.replace(figures, best=self._new_best(figures))
        self.keep(figures, time.perf_counter() - self._began)

    def on_train_end(self, logs=None):
        self.close()

    def _update(self, doing=""):
        self.display.update(
            lambda width: moving_line(
                self.place(),
                self._done,
                self._steps,
                width=width,
                seconds_left=self.seconds_left(),
                images_per_second=self._throughput.images_per_second,
                losses=self._losses,
                doing=doing,
            ),
            self._now,
        )

    def _count(self):
        # The first steps are compiled, which takes longer: they do not count.
        count = self._throughput.start if self._starting else self._throughput.add
        count(self._now, self._done, self._images_seen())
        self._starting = False

    def _end_steps(self):
        if self._end_of_steps is None:
            self._count()
            self._end_of_steps = self._now
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
        return self._throughput.seconds_for(epochs * self._steps - self._done, epochs=epochs)

    def _new_best(self, figures):
        earlier = [self._best]
        if self._best is None:  # the history has what was measured before this `fit`
            history = self.model.history
            values = history.history.get(f"val_{figures.distance}", [])
            epochs = [epoch + 1 for epoch in history.epoch]
            if len(values) != len(epochs):  # only some were measured; it does not say which
                epochs = [None] * len(values)
            earlier = zip(values, epochs, strict=True)
        self._best = best_of([*earlier, (figures.value, self.epoch + 1)])
        return self._best


class EvaluationProgress(keras.callbacks.Callback):
    """Shows how `evaluate` gets on: a line that moves, then one that stays.

    `GAN.evaluate` adds it by itself, as `GAN.fit` adds `Progress`.

    Args:
        verbose: 1: the moving line where that is possible; 2: the last line alone.

    Attributes:
        display: the `Display` that it writes on.
    """

    async_safe = True  # Keras may go on with the next batches meanwhile

    def __init__(self, verbose=1):
        super().__init__()
        self.display = Display(verbose)

    def on_test_begin(self, logs=None):
        self._began, self._done, self._throughput = time.perf_counter(), 0, None
        self.display.open()
        self._update(self._began, "starting")

    def on_test_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        # Threads of Keras call this, perhaps not in order.
        self._done = max(self._done, min(batch + 1, self.params["steps"] or batch + 1))
        if self._throughput is None:  # the first steps are compiled, which takes longer
            self._throughput = Throughput()
            self._throughput.start(now, self._done, 0)
        elif self.display.is_due(now):
            self._throughput.add(now, self._done, 0)
            self._update(now)

    def on_test_end(self, logs=None):
        self._update(time.perf_counter(), "measuring")

    def tell(self, figures, quality):
        """Shows the line that stays, of what `evaluate` returns."""
        seconds, figures = time.perf_counter() - self._began, figures_in(figures, quality)
        self.display.print(lambda width: epoch_line("evaluation", figures, seconds, width=width))

    def close(self):
        """Gives the screen back; `GAN.evaluate` calls it, however the evaluation ended."""
        self.display.close()

    def _update(self, now, doing=""):
        done, steps = self._done, self.params["steps"]
        left = self._throughput.seconds_for(steps - done) if steps and not doing else None
        self.display.update(
            lambda width: moving_line(
                "evaluation", done, steps, width=width, seconds_left=left, doing=doing
            ),
            now,
        )


@contextlib.contextmanager
def show_training(callbacks, verbose, *, run_callbacks=()):
    """Shows the progress of `fit` in the block, by `Progress` or by a display of the user.

    Args:
        callbacks: list of the user's callbacks.
        verbose: 0, 1, 2 or "auto", as in Keras.
        run_callbacks: those that may end the run by the clock, see `Progress`.

    Yields:
        The arguments for Keras's `fit`, a dict with `callbacks` and `verbose`. Keras shows no
        progress of its own unless the user has given its `ProgbarLogger`.

    Raises:
        ValueError: another `verbose`.
    """
    with _shown(callbacks, verbose, Progress, run_callbacks=run_callbacks) as (arguments, _):
        yield arguments


@contextlib.contextmanager
def show_evaluation(callbacks, verbose):
    """Shows the progress of `evaluate` in the block; arguments as those of `show_training`.

    Yields:
        The arguments for Keras's `evaluate`, and a function from the figures and the `Quality`
        that shows the line that stays.
    """
    with _shown(callbacks, verbose, EvaluationProgress) as (arguments, displays):

        def tell(figures, quality):
            for display in displays:
                display.tell(figures, quality)

        yield arguments, tell


@contextlib.contextmanager
def _shown(callbacks, verbose, kind, **settings):
    """Arguments for Keras with a display of a kind, and the displays; closes them at the end."""
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f'`verbose` is 0, 1, 2 or "auto". Received: verbose={verbose!r}.')
    shown_by_keras = any(isinstance(one, keras.callbacks.ProgbarLogger) for one in callbacks)
    displays = [one for one in callbacks if isinstance(one, kind)]
    if verbose and not shown_by_keras and not displays:
        displays = [kind(1 if verbose == "auto" else int(verbose), **settings)]
        callbacks = [*callbacks, *displays]
    try:
        yield {"callbacks": callbacks, "verbose": verbose if shown_by_keras else 0}, displays
    finally:
        for display in displays:
            display.close()
