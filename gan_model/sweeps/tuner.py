"""What keras-tuner passes to a hypermodel, in the callbacks that it adds to those of a trial."""

from pathlib import Path

import keras
from keras_tuner.errors import FatalValueError

OF_TUNER = "tuner/"  # begins the names of what Hyperband keeps among the hyperparameters
TRIAL_ID = f"{OF_TUNER}trial_id"
BRACKET = f"{OF_TUNER}bracket"
EPOCHS = f"{OF_TUNER}epochs"
INITIAL_EPOCH = f"{OF_TUNER}initial_epoch"


class TunerTrial:
    """The trial that a tuner wants trained, and where it saves the weights of the best epoch.

    Args:
        callbacks: those that the tuner passed to `HyperModel.fit`.

    Raises:
        FatalValueError: callbacks that do not come from a tuner.
    """

    def __init__(self, callbacks):
        trials = [one for one in callbacks if hasattr(one, "tuner") and hasattr(one, "trial")]
        savers = [one for one in callbacks if {"filepath", "best_value"} <= vars(one).keys()]
        if not trials or not savers:
            raise FatalValueError(
                "HyperGAN.fit is called by a keras-tuner tuner: tuner.search(train_images, ...). "
                "To train without a tuner: build(hp).fit(train_images, ...)."
            )
        self.tuner, self.trial = trials[0].tuner, trials[0].trial
        self._saver = savers[0]
        self.weights = Path(self._saver.filepath)
        self.values = self.trial.hyperparameters.values

    def check(self, objective):
        """Raises ValueError if the tuner has another objective than this one."""
        its = self.tuner.oracle.objective
        if (its.name, its.direction) != (objective.name, objective.direction):
            raise ValueError(
                f"The tuner's objective is {its.name!r} ({its.direction}); this search minimises "
                f"{objective.name!r}. Give the tuner objective=hypergan.objective."
            )

    @property
    def continued(self):
        """The id of the trial that this one continues in Hyperband; None if there is none."""
        return self.values.get(TRIAL_ID)

    @property
    def in_bracket(self):
        """Whether the trial is one of Hyperband, which may continue it later."""
        return BRACKET in self.values

    def best_before(self, name):
        """A callback that tells the tuner's saver the best value of the epochs before a resume.

        Args:
            name: of the objective in the logs.
        """
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


def domains(hp):
    """The values of each hyperparameter that is not a number: dict from names to lists.

    Numbers have no domain, as TensorBoard hides trials with other values, and a search may be
    compared with a recipe whose numbers it never tries.

    Args:
        hp: `keras_tuner.HyperParameters`.
    """
    return {
        one.name: list(one.values)
        for one in hp.space
        if not isinstance(one.default, int | float) or isinstance(one.default, bool)
    }
