"""What of a step depends on its number: which networks it updates.

One device finds it out within the step, in a `tf.cond`. Several devices cannot update the same
weights in one, so they are told before the step, which TensorFlow then traces for each case.
"""

from typing import NamedTuple

import tensorflow as tf

from gan_model.keras_internals import batches_seen


class Accumulation(NamedTuple):
    """A batch among those whose gradients are accumulated.

    Args:
        steps: number of batches with one update.
        is_last: whether this batch ends in the update.
    """

    steps: int
    is_last: bool


class Turn(NamedTuple):
    """What is decided before a step.

    A named tuple, because TensorFlow compares those by value: equal turns are traced once.

    Args:
        generator_learns: whether the generator learns from this batch. None: the step decides it.
        of_networks: pairs of the name of a network and its `Accumulation`.
    """

    generator_learns: bool | None = None
    of_networks: tuple = ()

    @property
    def accumulations(self):
        return dict(self.of_networks)


def next_turn(gan):
    """The `Turn` of the next step, decided before it."""
    accumulations = {name: _accumulation(gan.optimizers[name]) for name in gan.networks}
    if gan.discriminator_steps == 1 and not any(accumulations.values()):
        return Turn()  # all steps are alike
    learns = (int(gan.step.numpy()) + 1) % gan.discriminator_steps == 0
    learning = gan.networks if learns else gan.networks_of("discriminator")
    accumulated = ((name, accumulations[name]) for name in learning if accumulations[name])
    return Turn(learns, tuple(accumulated))


def in_turn(gan, update_generator):
    """Updates the generator, in every `discriminator_steps`-th step."""
    learns = gan.turn.generator_learns
    if learns is None and gan.discriminator_steps > 1:
        learns = (gan.step + 1) % gan.discriminator_steps == 0
        return tf.cond(learns, update_generator, lambda: None)
    return None if learns is False else update_generator()


def _accumulation(optimizer):
    steps = optimizer.gradient_accumulation_steps
    if steps is None:
        return None
    return Accumulation(steps, (batches_seen(optimizer) + 1) % steps == 0)
