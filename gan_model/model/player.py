"""A network and its optimizer -> one step of learning."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Player:
    """One of the two networks, with what changes its weights.

    Args:
        network: Keras model.
        optimizer: Keras optimizer of its trainable variables.
        constraint: function from a weight to the weight that replaces it after each update, or
            None.
    """

    network: Any
    optimizer: Any
    constraint: Any = None

    def learn(self, tape, objective, *, weight=None):
        """Updates the weights by the gradient of an objective.

        Args:
            tape: `tf.GradientTape` that recorded the objective.
            objective: scalar of this device, a mean over its images.
            weight: of this device in the batch, see `replicas.loss_weight`.

        Returns:
            The gradients of this device, one for each trainable variable; None where the objective
            does not depend on it.
        """
        variables = self.network.trainable_variables
        gradients = [
            # The gradient of an embedding lists its rows. Optimizers would clip row by row.
            gradient if gradient is None else tf.convert_to_tensor(gradient)
            for gradient in tape.gradient(objective, variables, output_gradients=weight)
        ]
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        for variable in variables if self.constraint else ():
            variable.assign(self.constraint(variable))
        return gradients
