"""The callbacks and the `verbose` of a user -> the same with a display of progress."""

import contextlib

import keras

from gan_model.progress.evaluation import EvaluationProgress
from gan_model.progress.training import Progress


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
    with _shown(callbacks, verbose, Progress, run_callbacks=run_callbacks) as shown:
        yield {"callbacks": shown, "verbose": _left_to_keras(shown, verbose)}


@contextlib.contextmanager
def show_evaluation(callbacks, verbose):
    """Shows the progress of `evaluate` in the block; arguments as those of `show_training`.

    Yields:
        The arguments for Keras's `evaluate`, and a function from the figures and the `Quality`
        that shows the line that stays.
    """
    with _shown(callbacks, verbose, EvaluationProgress) as shown:

        def tell(figures, quality):
            for one in _of_kind(EvaluationProgress, shown):
                one.tell(figures, quality)

        yield {"callbacks": shown, "verbose": _left_to_keras(shown, verbose)}, tell


@contextlib.contextmanager
def _shown(callbacks, verbose, kind, **settings):
    """The callbacks with a display of a kind, which gives the screen back at the end."""
    level = _level(verbose)
    others = _of_kind((kind, keras.callbacks.ProgbarLogger), callbacks)
    shown = [*callbacks, *([kind(level, **settings)] if level and not others else [])]
    try:
        yield shown
    finally:
        for one in _of_kind(kind, shown):
            one.close()


def _of_kind(kind, callbacks):
    return [one for one in callbacks if isinstance(one, kind)]


def _level(verbose):
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f'`verbose` is 0, 1, 2 or "auto". Received: verbose={verbose!r}.')
    return 1 if verbose == "auto" else int(verbose)


def _left_to_keras(callbacks, verbose):
    return verbose if _of_kind(keras.callbacks.ProgbarLogger, callbacks) else 0
