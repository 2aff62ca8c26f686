"""A network and its optimizer -> updated weights."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from gan_model import replicas
from gan_model.model import turns


@dataclass(frozen=True)
class Player:
    """One of the two networks, with its optimizer and constraint.

    Args:
        network: Keras model.
        optimizer: Keras optimizer of its trainable variables.
        constraint: function from a weight to its new value, applied after each update; or None.
        accumulation: `turns.Accumulation` of this step, on several devices whose optimizer
            accumulates gradients; or None.
    """

    network: Any
    optimizer: Any
    constraint: Any = None
    accumulation: Any = None

    def learn(self, tape, objective, *, weight=None):
        """Updates the weights by the gradient of an objective to minimise.

        Args:
            tape: `tf.GradientTape` that recorded the objective.
            objective: scalar tensor, a mean over the images of this device.
            weight: weight of this device in the batch; see `replicas.Share`.

        Returns:
            The gradients, one for each trainable variable; None for those that the objective does
            not depend on. On several devices they are those of the whole batch, which is what the
            optimizer clips.
        """
        variables = self.network.trainable_variables
        gradients = tape.gradient(objective, variables, output_gradients=weight)
        # The gradient of an embedding is sparse; optimizers would clip its rows separately.
        dense = [tf.convert_to_tensor(one) for one in gradients if one is not None]
        of_batch = iter(replicas.total(dense))
        gradients = [None if one is None else next(of_batch) for one in gradients]
        if self.accumulation is None:
            self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        else:
            turns.accumulate(self.optimizer, gradients, variables, self.accumulation)
        for variable in variables if self.constraint else ():
            variable.assign(self.constraint(variable))
        return gradients
