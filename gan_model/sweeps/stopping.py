"""Which errors end a search, and which only a trial."""

import contextlib
import traceback

import tensorflow as tf
from keras_tuner.errors import FailedTrialError, FatalError

OUT_OF_MEMORY = (tf.errors.ResourceExhaustedError, MemoryError)


class SearchStopped(FatalError):
    """A mistake in the code, or a failure of the machine: the next trial would meet it too.

    The error that it comes from is its `__cause__`.
    """


@contextlib.contextmanager
def fatal(where):
    """Has an error end the search, as keras-tuner else goes on to the next trial.

    Not too little memory, which other hyperparameters may do with, and not what keras-tuner has
    for the purpose, `FailedTrialError`.
    """
    try:
        yield
    except (FatalError, FailedTrialError, *OUT_OF_MEMORY):
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise SearchStopped(
            f"The search stopped {where}: {type(error).__name__}: {error} "
            f"({place.filename}, line {place.lineno}). Other hyperparameters would not help. Mend "
            "it and search again; trials that are over are kept."
        ) from error
