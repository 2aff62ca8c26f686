"""Which networks a step updates, and how: a loss -> updated weights of the networks that learn.

On one device this is decided inside the step, with `tf.cond`. Several devices cannot update the
same weights in one, so it is decided before the step, which TensorFlow then traces for each case.
"""

from typing import NamedTuple

import tensorflow as tf

from gan_model import replicas
from gan_model.keras_internals import accumulate, batches_seen


class Accumulation(NamedTuple):
    """A batch among those whose gradients are accumulated.

    Args:
        steps: number of batches with one update.
        is_last: whether this batch ends in the update.
    """

    steps: int
    is_last: bool


class UpdatePlan(NamedTuple):
    """What is decided before a step.

    A named tuple, because TensorFlow compares those by value: equal plans are traced once.

    Args:
        generator_learns: whether the generator learns from this batch. None: the step decides it.
        of_networks: pairs of the name of a network and its `Accumulation`.
    """

    generator_learns: bool | None = None
    of_networks: tuple = ()

    @property
    def accumulations(self):
        return dict(self.of_networks)


def next_update_plan(gan):
    """The `UpdatePlan` of the next step, decided before it."""
    accumulations = {name: _accumulation(gan.optimizers[name]) for name in gan.networks}
    if gan.discriminator_steps == 1 and not any(accumulations.values()):
        return UpdatePlan()  # all steps are alike
    learns = (int(gan.step.numpy()) + 1) % gan.discriminator_steps == 0
    learning = gan.networks if learns else gan.networks_of("discriminator")
    accumulated = ((name, accumulations[name]) for name in learning if accumulations[name])
    return UpdatePlan(learns, tuple(accumulated))


def every_n_steps(gan, update_generator):
    """Updates the generator, in every `discriminator_steps`-th step."""
    learns = gan.update_plan.generator_learns
    if learns is None and gan.discriminator_steps > 1:
        learns = (gan.step + 1) % gan.discriminator_steps == 0
        return tf.cond(learns, update_generator, lambda: None)
    return None if learns is False else update_generator()


def update(networks, optimizers, tape, loss, *, weight=None, constraint=None, accumulations=None):
    """Updates the weights of some networks by the gradient of a loss.

    Args:
        networks: dict from names to Keras models.
        optimizers: dict from these names to Keras optimizers; it may have more.
        tape: `tf.GradientTape` that recorded the loss.
        loss: scalar tensor, a mean over the images of this device.
        weight: weight of this device in the batch; see `replicas.Share`.
        constraint: function from a weight to its new value, applied after each update; or None.
        accumulations: dict from names to the `Accumulation` of this step, for networks whose
            optimizer accumulates gradients on several devices; or None.

    Returns:
        A dict from the names to lists of gradients, one for each trainable variable; None for those
        that the loss does not depend on. On several devices they are those of the whole batch,
        which is what the optimizer clips.
    """
    variables = {name: network.trainable_variables for name, network in networks.items()}
    every = [variable for of_network in variables.values() for variable in of_network]
    summed = iter(_over_devices(tape.gradient(loss, every, output_gradients=weight)))
    gradients = {name: [next(summed) for _ in own] for name, own in variables.items()}
    for name, of_network in gradients.items():
        if all(gradient is None for gradient in of_network):
            raise ValueError(
                f"The loss does not depend on the weights of the {name}. Use its outputs in the "
                f"loss, or take {name!r} out of the networks that are trained with it."
            )
    for name, own in variables.items():
        accumulation = (accumulations or {}).get(name)
        if accumulation is None:
            optimizers[name].apply_gradients(zip(gradients[name], own, strict=True))
        else:
            accumulate(optimizers[name], gradients[name], own, update=accumulation.is_last)
        for variable in own if constraint else ():
            variable.assign(constraint(variable))
    return gradients


def _over_devices(gradients):
    """The sums of gradients over all devices, in one call."""
    # The gradient of an embedding is sparse; optimizers would clip its rows separately.
    dense = [tf.convert_to_tensor(gradient) for gradient in gradients if gradient is not None]
    summed = iter(replicas.total(dense))
    return [None if gradient is None else next(summed) for gradient in gradients]


def _accumulation(optimizer):
    steps = optimizer.gradient_accumulation_steps
    if steps is None:
        return None
    return Accumulation(steps, (batches_seen(optimizer) + 1) % steps == 0)
