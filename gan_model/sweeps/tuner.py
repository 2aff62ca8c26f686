"""What keras-tuner tells a hypermodel through the callbacks that it adds to a trial's."""

from pathlib import Path

import keras
from keras_tuner.errors import FatalValueError


class TunerTrial:
    """The trial that a tuner asks for, and where it keeps the weights of its best epoch.

    Args:
        callbacks: as the tuner gave them to `HyperModel.fit`.
    """

    def __init__(self, callbacks):
        told = [one for one in callbacks if hasattr(one, "tuner") and hasattr(one, "trial")]
        savers = [one for one in callbacks if {"filepath", "best_value"} <= vars(one).keys()]
        if not told or not savers:
            raise FatalValueError(
                "HyperGAN.fit is called by a keras-tuner tuner, tuner.search(train_images, ...). "
                "To train without one: build(hp).fit(train_images, ...)."
            )
        self.tuner, self.trial = told[0].tuner, told[0].trial
        self._saver = savers[0]
        self.weights = Path(self._saver.filepath)
        self.values = self.trial.hyperparameters.values

    def check(self, objective):
        """Refuses a tuner with another objective than this one."""
        its = self.tuner.oracle.objective
        if (its.name, its.direction) != (objective.name, objective.direction):
            raise ValueError(
                f"The tuner's objective is {its.name!r} ({its.direction}); this search minimises "
                f"{objective.name!r}. Give the tuner objective=hypergan.objective."
            )

    @property
    def continued(self):
        """The id of the trial that Hyperband has this one continue; None for any other."""
        return self.values.get("tuner/trial_id")

    @property
    def in_bracket(self):
        """Whether the trial is one of Hyperband's, which it may continue later."""
        return "tuner/bracket" in self.values

    def best_before(self, name):
        """A callback that has the tuner's saver know of the epochs before a resume."""
        return _BestBefore(self._saver, name)


class _BestBefore(keras.callbacks.Callback):
    def __init__(self, saver, name):
        super().__init__()
        self._saver, self._name = saver, name

    def on_epoch_end(self, epoch, logs=None):
        # Here, as only now the epochs of earlier processes are in the history.
        earlier = self.model.history.history.get(self._name, ())
        if Path(self._saver.filepath).exists():
            self._saver.best_value = min([*earlier, self._saver.best_value])


def domains(hp):
    """The values of each hyperparameter that is no number: dict from names to lists.

    TensorBoard hides trials with other values, and the recipe that a search is compared with may
    have numbers that it never tries.
    """
    return {
        one.name: list(one.values)
        for one in hp.space
        if not isinstance(one.default, int | float) or isinstance(one.default, bool)
    }
