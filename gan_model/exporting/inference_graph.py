"""A generator -> the inference graph that the page's engine runs: a list of operations.

What a layer does outside inference is left out: dropout is nothing, and batch normalization is a
scale and an offset for each channel.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np
from keras import layers

from gan_model.networks.clusters import Clusters
from gan_model.networks.conditional import ConditionalBatchNormalization
from gan_model.networks.layers import ImageRange, UpsampledConv2D

ACTIVATIONS = ("relu", "leaky_relu", "selu", "tanh", "sigmoid")
_MAX_DIRECTIONS = 8  # at most
_MIN_EIGENVALUE = 1e-9  # of the greatest eigenvalue


@dataclass(frozen=True)
class Op:
    """One operation, on the values of one image.

    Args:
        kind: "dense", "convolution", "transposed_convolution", "affine", "activation", "reshape",
            "upsampling" or "cropping".
        shape: of the result, without the batch.
        settings: dict of what JSON can hold, such as strides.
        weights: dict of float32 arrays. `kernel` is (inputs, outputs) or (height, width, inputs,
            outputs), also of a transposed convolution; `bias` is (outputs,); `scale` and
            `offset` are (1 or class_count, channels).
        to_layer: function from a `kernel` to that of the Keras layer; None: the same.
    """

    kind: str
    shape: tuple
    settings: dict = field(default_factory=dict)
    weights: dict = field(default_factory=dict)
    to_layer: Callable | None = None


@dataclass(frozen=True)
class InferenceGraph:
    """What a generator computes.

    Args:
        ops: tuple of `Op`s; each takes the result of the one before.
        codings_size: numbers in one coding.
        class_count: number of classes; None without.
        image_shape: (height, width, channels).
        image_range: least and greatest value of the images.
        bounds: where the first number of a coding decides the labels, the least number of the
            labels 1, 2, ...; see `networks.clusters`. () elsewhere.
    """

    ops: tuple
    codings_size: int
    class_count: int | None
    image_shape: tuple
    image_range: tuple
    bounds: tuple = ()


def inference_graph(sampler):
    """The `InferenceGraph` of the generator of a `Sampler`.

    Raises:
        ValueError: a layer is none that the page can run, or the layers are not one chain, or the
            images are neither grey nor RGB; the sentence names the layer.
    """
    size = sampler.codings_size
    ops = tuple(_ops_of_network(sampler.generator, (size,)))
    shape = ops[-1].shape if ops else (size,)
    height, width, channels = (*shape, 1)[:3] if len(shape) > 1 else (0, 0, 0)
    if channels not in (1, 3):
        raise ValueError(
            f"The generator gives outputs of shape {tuple(shape)}; the page shows images, (height, "
            "width) or (height, width, channels) with 1 or 3 channels."
        )
    image_shape = height, width, channels
    bounds = () if sampler.clusters is None else tuple(sampler.clusters.bounds.numpy().tolist())
    return InferenceGraph(ops, size, sampler.class_count, image_shape, sampler.image_range, bounds)


def _ops_of_network(network, shape):
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
        inside = _ops_of_network if isinstance(layer, keras.Model) else _ops_of_layer
        for op in inside(layer, shape):
            yield op
            shape = op.shape
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


def directions(graph):
    """Principal directions of a graph's first layer, most effective first.

    They are the singular vectors of its kernel, which is scaled as the batch normalization
    after it does, so that each feature counts by how far it moves what follows.

    Args:
        graph: `InferenceGraph`.

    Returns:
        float32 (8, codings_size), of length 1; fewer where fewer move the images. (0,
        codings_size) if the first layer is not dense.

    Reference: Shen and Zhou (2021), "Closed-form factorization of latent semantics in GANs".
    """
    ops = [op for op in graph.ops if op.kind != "reshape"]
    if not ops or ops[0].kind != "dense":
        return np.zeros((0, graph.codings_size), np.float32)
    first, *later = ops
    kernel = first.weights["kernel"]
    if later and later[0].kind == "affine":
        scale = np.sqrt(np.square(later[0].weights["scale"]).mean(axis=0))  # mean of the classes
        kernel = kernel * np.tile(scale, kernel.shape[1] // len(scale))
    if graph.bounds:  # the first number jumps from cluster to cluster
        kernel = np.concatenate([np.zeros_like(kernel[:1]), kernel[1:]])
    # The eigenvectors of kernel kernel^T, which is small, are the kernel's singular vectors.
    kernel = kernel.astype(np.float64)
    values, vectors = np.linalg.eigh(kernel @ kernel.T)
    moving = values[::-1] > _MIN_EIGENVALUE * values[-1]  # the others change no image
    found = vectors.T[::-1][moving][:_MAX_DIRECTIONS]
    # A singular vector has no sign of its own: the largest number of each is made positive.
    largest = found[np.arange(len(found)), np.abs(found).argmax(axis=1)]
    return (found * np.sign(largest)[:, None]).astype(np.float32)


def _ops_of_layer(layer, shape):
    """Yields the `Op`s of a built layer; `shape` is that of its input, without the batch."""
    reader = _READERS.get(type(layer))
    if reader is None:
        known = ", ".join(kind.__name__ for kind in _READERS)
        raise _refused(layer, f"Known: {known}; and as activations {', '.join(ACTIVATIONS)}")
    after = layer.compute_output_shape(
        [(1, *shape), (1,)] if reader is _conditional else (1, *shape)
    )[1:]
    yield from reader(layer, tuple(shape), tuple(after))
    if getattr(layer, "activation", None) is not None and not isinstance(layer, layers.Activation):
        yield from _activation(layer, shape, after)


def _refused(layer, why):
    return ValueError(
        f"The page cannot run the layer {layer.name} ({type(layer).__name__}). {why}. Export the "
        "generator to another format instead: gan_model.exporting.export."
    )


def _dense(layer, shape, after):
    weights = _kernel_and_bias(layer)
    if len(shape) == 3:  # of each pixel by itself, as a convolution of 1 x 1
        weights["kernel"] = weights["kernel"][None, None]
        settings = {"strides": [1, 1], "padding": "valid"}
        yield Op("convolution", after, settings, weights, lambda kernel: kernel[0, 0])
    elif len(shape) == 1:
        yield Op("dense", after, weights=weights)
    else:
        raise _refused(layer, f"Its input has the shape {shape}")


def _convolution(layer, shape, after):
    _check_plain(layer)
    settings = {"strides": list(layer.strides), "padding": layer.padding}
    yield Op("convolution", after, settings, _kernel_and_bias(layer))


def _transposed(layer, shape, after):
    _check_plain(layer)
    if layer.output_padding is not None:
        raise _refused(layer, "Its output_padding is not None")
    weights = _kernel_and_bias(layer)
    weights["kernel"] = _transpose(weights["kernel"])
    if shape[:2] == (1, 1) and layer.padding == "valid":
        yield from _from_one_pixel(weights, after)
        return
    settings = {"strides": list(layer.strides), "padding": layer.padding}
    yield Op("transposed_convolution", after, settings, weights, _transpose)


def _from_one_pixel(weights, after):
    """A transposed convolution of a single pixel, which is a dense layer."""
    height, width, inputs, _ = weights["kernel"].shape
    grown = np.zeros((inputs, *after), np.float32)  # strides may exceed the kernel
    grown[:, :height, :width] = weights["kernel"].transpose(2, 0, 1, 3)
    dense = {"kernel": grown.reshape(inputs, -1)}
    if "bias" in weights:
        dense["bias"] = np.tile(weights["bias"], after[0] * after[1])

    def to_layer(kernel):
        used = kernel.reshape(grown.shape)[:, :height, :width]
        return _transpose(used.transpose(1, 2, 0, 3))

    yield Op("dense", (grown[0].size,), {}, dense, to_layer)
    yield Op("reshape", after)


def _transpose(kernel):
    return kernel.transpose(0, 1, 3, 2)


def _upsampled(layer, shape, after):
    settings = {"strides": [2, 2], "padding": "same"}
    weights = {"kernel": _transpose(_array(layer.transposed_kernel()))}
    yield Op("transposed_convolution", after, settings, weights, _transpose)


def _normalization(layer, shape, after):
    if layer.axis not in (-1, len(shape)):
        raise _refused(layer, f"It normalizes axis {layer.axis} instead of the channels")
    scale, offset = _normalizing(layer)
    if layer.scale:
        scale = scale * _array(layer.gamma)
        offset = offset * _array(layer.gamma)
    if layer.center:
        offset = offset + _array(layer.beta)
    yield Op("affine", after, weights={"scale": scale[None], "offset": offset[None]})


def _conditional(layer, shape, after):
    scale, offset = _normalizing(layer.normalization)
    own_scale = _array(layer.scale.embeddings)
    own_offset = _array(layer.offset.embeddings)
    weights = {"scale": own_scale * scale, "offset": own_scale * offset + own_offset}
    yield Op("affine", shape, weights=weights)


def _normalizing(layer):
    """Scale and offset that subtract the moving mean and divide by the standard deviation."""
    scale = 1 / np.sqrt(_array(layer.moving_variance) + layer.epsilon)
    return scale.astype(np.float32), (-_array(layer.moving_mean) * scale).astype(np.float32)


def _reshape(layer, shape, after):
    yield Op("reshape", after)


def _flatten(layer, shape, after):
    _check_channels_last(layer)
    yield from _reshape(layer, shape, after)


def _upsampling(layer, shape, after):
    _check_channels_last(layer)
    if layer.interpolation != "nearest":
        raise _refused(layer, f"Its interpolation is {layer.interpolation!r}; known: 'nearest'")
    yield Op("upsampling", after, {"size": list(layer.size)})


def _cropping(layer, shape, after):
    _check_channels_last(layer)
    (top, _), (left, _) = layer.cropping
    yield Op("cropping", after, {"top": top, "left": left})


def _activation(layer, shape, after):
    name = getattr(layer.activation, "__name__", type(layer.activation).__name__)
    if name not in ("linear", *ACTIVATIONS):
        raise _refused(layer, f"Its activation is {name}; known: {', '.join(ACTIVATIONS)}")
    if name != "linear":
        slope = {"slope": 0.2} if name == "leaky_relu" else {}
        yield Op("activation", tuple(after), {"function": name, **slope})


def _relu(layer, shape, after):
    if layer.max_value is not None or layer.threshold:
        raise _refused(layer, "It has a max_value or a threshold")
    yield from _leaky_relu(layer, shape, after)


def _leaky_relu(layer, shape, after):
    settings = {"function": "leaky_relu", "slope": float(layer.negative_slope)}
    yield Op("activation", after, settings)


def _check_plain(layer):
    if any(rate != 1 for rate in layer.dilation_rate) or getattr(layer, "groups", 1) != 1:
        raise _refused(layer, "It is dilated or has groups")
    _check_channels_last(layer)
    if layer.padding not in ("same", "valid"):
        raise _refused(layer, f"Its padding is {layer.padding!r}")


def _check_channels_last(layer):
    if layer.data_format != "channels_last":
        raise _refused(layer, f"Its data_format is {layer.data_format}")


def _kernel_and_bias(layer):
    weights = {"kernel": _array(layer.kernel)}
    return weights | ({"bias": _array(layer.bias)} if layer.use_bias else {})


def _array(variable):
    return np.asarray(variable, np.float32)


_READERS = {
    layers.Dense: _dense,
    layers.Conv2D: _convolution,
    layers.Conv2DTranspose: _transposed,
    UpsampledConv2D: _upsampled,
    layers.BatchNormalization: _normalization,
    ConditionalBatchNormalization: _conditional,
    layers.Reshape: _reshape,
    layers.Flatten: _flatten,
    layers.UpSampling2D: _upsampling,
    layers.Cropping2D: _cropping,
    layers.Dropout: lambda *_: (),
    ImageRange: lambda *_: (),
    layers.Activation: _activation,
    layers.ReLU: _relu,
    layers.LeakyReLU: _leaky_relu,
}
