"""A loss -> updated weights of the networks that learn from it."""

import tensorflow as tf

from gan_model import replicas
from gan_model.keras_internals import accumulate


def update(networks, optimizers, tape, loss, *, weight=None, constraint=None, accumulations=None):
    """Updates the weights of some networks by the gradient of a loss.

    Args:
        networks: dict from names to Keras models.
        optimizers: dict from these names to Keras optimizers; it may have more.
        tape: `tf.GradientTape` that recorded the loss.
        loss: scalar tensor, a mean over the images of this device.
        weight: weight of this device in the batch; see `replicas.Share`.
        constraint: function from a weight to its new value, applied after each update; or None.
        accumulations: dict from names to the `turns.Accumulation` of this step, for networks whose
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
