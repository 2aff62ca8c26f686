"""What a search needs of keras-tuner: its trials, its Hyperband, and which errors end it."""

import contextlib
import traceback
from pathlib import Path

import keras
import keras_tuner
import tensorflow as tf
from keras_tuner.errors import FailedTrialError, FatalError, FatalValueError

from gan_model.storage.messages import fault_of

OF_TUNER = "tuner/"  # begins the names of what Hyperband keeps among the hyperparameters
TRIAL_ID = f"{OF_TUNER}trial_id"
EPOCHS = f"{OF_TUNER}epochs"
INITIAL_EPOCH = f"{OF_TUNER}initial_epoch"


class TunerTrial:
    """The trial that a tuner wants trained, and where it saves the weights of the best epoch.

    keras-tuner passes both in the callbacks that it adds to those of a trial.

    Attributes:
        tuner, trial: keras-tuner's.
        weights: path of the tuner's weights of the trial.
        continued: id of the trial that this one continues in Hyperband, or None.
        in_bracket: whether the trial is one of Hyperband, which may continue it later.
    """

    def __init__(self, callbacks):
        # keras-tuner's classes of these callbacks are not public.
        trials = [each for each in callbacks if {"tuner", "trial"} <= vars(each).keys()]
        savers = [each for each in callbacks if {"filepath", "best_value"} <= vars(each).keys()]
        if not trials or not savers:
            raise FatalValueError(
                "HyperGAN.fit is called by a keras-tuner tuner: tuner.search(train_images, ...). "
                "To train without a tuner: build(hp).fit(train_images, ...)."
            )
        self.tuner, self.trial, self._saver = trials[0].tuner, trials[0].trial, savers[0]
        self.weights = Path(self._saver.filepath)
        values = self.trial.hyperparameters.values
        self.continued, self.in_bracket = values.get(TRIAL_ID), f"{OF_TUNER}bracket" in values

    def check(self, objective):
        """Raises ValueError if the tuner has another objective than this one."""
        its = self.tuner.oracle.objective
        if (its.name, its.direction) != (objective.name, objective.direction):
            raise ValueError(
                f"The tuner's objective is {its.name!r} ({its.direction}); this search minimizes "
                f"{objective.name!r}. Give the tuner objective=hypergan.objective."
            )

    def best_before(self, name):
        """A callback that gives the tuner's saver the best `name` of the epochs before a resume."""
        return _BestBefore(self._saver, name)


class _BestBefore(keras.callbacks.Callback):
    def __init__(self, saver, name):
        super().__init__()
        self._saver, self._name = saver, name

    def on_epoch_end(self, epoch, logs=None):
        # Here, as the history has the epochs of earlier processes only from now on.
        earlier = self.model.history.history.get(self._name, ())
        if Path(self._saver.filepath).exists():
            self._saver.best_value = min([*earlier, self._saver.best_value])


class Hyperband(keras_tuner.Hyperband):
    """keras-tuner's `Hyperband` for a `HyperGAN`, in a search that may be given more trials later.

    keras-tuner begins a trial that continues another by loading weights that it keeps itself. Its
    folder of a trial has another name if more trials are asked for, and the weights of all but the
    best trials are removed when a search is over. `HyperGAN.fit` does not need them: it continues
    from the checkpoint of the older trial, or trains that one's epochs again with the same seed.

    Arguments as those of `keras_tuner.Hyperband`.
    """

    def _build_hypermodel(self, hp):
        return keras_tuner.Tuner._build_hypermodel(self, hp)


class SearchStopped(FatalError):
    """An error in the code or of the machine, which the next trial would meet too.

    `__cause__` is the original error.
    """


@contextlib.contextmanager
def exhausted():
    """Raises MemoryError where the memory is exhausted, OSError where the disk is full.

    TensorFlow raises the same error for both.
    """
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        if fault := fault_of(error):
            raise OSError(fault).with_traceback(error.__traceback__) from error
        raise MemoryError(str(error)) from error


@contextlib.contextmanager
def fatal(where):
    """Makes an error `SearchStopped`, as keras-tuner would otherwise continue with the next trial.

    Out-of-memory errors pass through, as other hyperparameters may fit. So does keras-tuner's
    `FailedTrialError`, which ends only a trial.
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
def unwrapped():
    """Makes `SearchStopped` the original error again, for a program without code of its user."""
    try:
        yield
    except SearchStopped as stopped:
        raise stopped.__cause__ from None
