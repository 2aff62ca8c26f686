"""A generator -> a program: the list of operations that the page's engine runs."""

from dataclasses import dataclass

import keras
from keras import layers

from gan_model.exporting.operations import of_layer
from gan_model.networks.clusters import Clusters
from gan_model.networks.conditional import ConditionalBatchNormalization


@dataclass(frozen=True)
class PageProgram:
    """What a generator computes.

    Args:
        operations: tuple of `Operation`s; each takes the result of the one before.
        codings_size: numbers in one coding.
        class_count: number of classes; None without.
        image_shape: (height, width, channels).
        image_range: least and greatest value of the images.
        bounds: where the first number of a coding decides the labels, the least number of the
            labels 1, 2, ...; see `networks.clusters`. () elsewhere.
    """

    operations: tuple
    codings_size: int
    class_count: int | None
    image_shape: tuple
    image_range: tuple
    bounds: tuple = ()


def program(sampler):
    """The `PageProgram` of the generator of a `Sampler`.

    Raises:
        ValueError: a layer is none that the page can run, or the layers are not one chain, or the
            images are neither grey nor RGB; the sentence names the layer.
    """
    size = sampler.codings_size
    operations = tuple(_of_network(sampler.generator, (size,)))
    shape = operations[-1].shape if operations else (size,)
    height, width, channels = (*shape, 1)[:3] if len(shape) > 1 else (0, 0, 0)
    if channels not in (1, 3):
        raise ValueError(
            f"The generator gives outputs of shape {tuple(shape)}; the page shows images, (height, "
            "width) or (height, width, channels) with 1 or 3 channels."
        )
    image_shape = height, width, channels
    bounds = () if sampler.clusters is None else tuple(sampler.clusters.bounds.numpy().tolist())
    return PageProgram(
        operations, size, sampler.class_count, image_shape, sampler.image_range, bounds
    )


def _of_network(network, shape):
    """The operations of a Sequential or functional model, in order."""
    if not isinstance(network, keras.Sequential) and not hasattr(network, "operations"):
        raise ValueError(
            f"The generator {network.name} is a subclass of keras.Model, so its layers are "
            "unknown; the page needs a Sequential or functional model. Type keras.Model(codings, "
            "images)."
        )
    chain = None if isinstance(network, keras.Sequential) else network.inputs[0]
    for layer in network.layers:
        if isinstance(layer, layers.InputLayer | Clusters):
            continue
        if chain is not None:
            _check_chain(layer, chain)
            chain = _output_of(layer)
        inside = _of_network if isinstance(layer, keras.Model) else of_layer
        for operation in inside(layer, shape):
            yield operation
            shape = operation.shape
    if chain is not None and chain is not network.outputs[0]:
        raise ValueError(
            f"The model {network.name} ends in an operation that is no layer, or in a layer that "
            "is called more than once; the page needs layers, each called once. Put a layer of "
            "its own in its place, such as keras.layers.Activation('tanh')."
        )


def _input_of(layer):
    # Not `layer.input`: a functional model that is called like a layer has inputs of its own.
    return keras.Operation.input.fget(layer)


def _output_of(layer):
    return keras.Operation.output.fget(layer)


def _check_chain(layer, chain):
    inputs = _input_of(layer)
    inputs = inputs if isinstance(inputs, list) else [inputs]
    labelled = isinstance(layer, ConditionalBatchNormalization)
    if inputs[0] is not chain or len(inputs) != 1 + labelled:
        raise ValueError(
            f"The layer {layer.name} ({type(layer).__name__}) takes other inputs than the output "
            "of the layer before it, or one of the two is called more than once, here or in "
            "another model. The page needs a generator whose layers are one chain; make a layer "
            "for each call. Labels may enter by ConditionalBatchNormalization."
        )
