"""Which errors end a search, and which end only a trial."""

import contextlib
import traceback

import tensorflow as tf
from keras_tuner.errors import FailedTrialError, FatalError

from gan_model.storage.messages import fault_of


class SearchStopped(FatalError):
    """An error in the code or of the machine, which the next trial would meet too.

    `__cause__` is the original error.
    """


@contextlib.contextmanager
def exhausted():
    """Tells an exhausted memory from a full disk, for which TensorFlow raises the same error.

    Raises:
        MemoryError, OSError: instead of `tf.errors.ResourceExhaustedError`.
    """
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        if fault := fault_of(error):
            raise OSError(fault).with_traceback(error.__traceback__) from error
        raise MemoryError(str(error)) from error


@contextlib.contextmanager
def fatal(where):
    """Makes an error end the search; keras-tuner would otherwise continue with the next trial.

    Out-of-memory errors pass through, as other hyperparameters may fit. So does keras-tuner's
    `FailedTrialError`, which ends only a trial.

    Args:
        where: part of the error message, for example "in build(hp)".

    Raises:
        SearchStopped: instead of any other error.
    """
    try:
        with exhausted():
            yield
    except (FatalError, FailedTrialError, MemoryError):
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise SearchStopped(
            f"The search stopped {where}: {type(error).__name__}: {error} "
            f"({place.filename}, line {place.lineno}). Other hyperparameters would not help. Fix "
            "it and run the same command again; finished trials are kept."
        ) from error


@contextlib.contextmanager
def as_raised():
    """Makes `SearchStopped` the original error again, for a program without code of its user."""
    try:
        yield
    except SearchStopped as stopped:
        raise stopped.__cause__ from None
