"""What of a step depends on its number: which networks it updates.

One device finds it out within the step, in a `tf.cond`. Several devices cannot update the same
weights in one, so they are told before the step, which TensorFlow then traces for each case.
"""

from typing import NamedTuple

import tensorflow as tf


class Accumulation(NamedTuple):
    """A batch among those whose gradients are accumulated.

    Args:
        steps: number of batches with one update.
        is_last: whether this batch ends in the update.
    """

    steps: int
    is_last: bool


class Turn(NamedTuple):
    """What is decided before a step; None: the step finds it out.

    Args:
        generator_learns: whether the generator learns from this batch.
        discriminator, generator: `Accumulation` of the gradients of each.
    """

    generator_learns: bool | None = None
    discriminator: Accumulation | None = None
    generator: Accumulation | None = None


def next_turn(gan):
    """The `Turn` of the next step; one that decides nothing where all steps are alike."""
    players = gan.discriminator_optimizer, gan.generator_optimizer
    accumulations = [_accumulation(optimizer) for optimizer in players]
    learns = True
    if gan.discriminator_steps > 1:
        learns = (int(gan.step.numpy()) + 1) % gan.discriminator_steps == 0
    elif not any(accumulations):
        return Turn()
    discriminator, generator = accumulations
    return Turn(learns, discriminator, generator if learns else None)


def in_turn(gan, generator_step):
    """Runs the generator's part of a step, in every `discriminator_steps`-th step."""
    learns = gan.turn.generator_learns
    if learns is None and gan.discriminator_steps > 1:
        learns = (gan.step + 1) % gan.discriminator_steps == 0
        return tf.cond(learns, generator_step, lambda: None)
    return None if learns is False else generator_step()


def accumulate(optimizer, gradients, variables, accumulation):
    """Adds gradients to those that a Keras optimizer has accumulated, or updates by their mean.

    What Keras 3.15 does, without its `tf.cond`; it has no public names for the parts.
    """
    pairs = [pair for pair in zip(gradients, variables, strict=True) if pair[0] is not None]
    gradients, variables = map(list, zip(*pairs, strict=True))
    indices = map(optimizer._get_variable_index, variables)
    sums = [optimizer._accumulated_gradients[index] for index in indices]
    if accumulation.is_last:
        pairs = zip(gradients, sums, strict=True)
        means = [(gradient + added) / accumulation.steps for gradient, added in pairs]
        optimizer._apply_weight_decay(variables)
        means = optimizer._clip_gradients(means)
        optimizer._backend_update_step(means, variables, optimizer.learning_rate)
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        gradients = [-added for added in sums]
    optimizer._backend_increment_gradient_accumulators(gradients, sums)
    optimizer._iterations.assign_add(1)


def _accumulation(optimizer):
    steps = optimizer.gradient_accumulation_steps
    if steps is None:
        return None
    # Keras's `iterations` counts updates here, not batches.
    return Accumulation(steps, (int(optimizer._iterations.numpy()) + 1) % steps == 0)
