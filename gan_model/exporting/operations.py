"""A layer -> the operations that the page's engine runs in its place.

What a layer does outside inference is left out: dropout is nothing, and batch normalization is a
scale and an offset for each channel.
"""

from dataclasses import dataclass, field

import numpy as np
from keras import layers

from gan_model.networks.conditional import ConditionalBatchNormalization
from gan_model.networks.layers import ImageRange
from gan_model.networks.upsampling import UpsampledConv2D

ACTIVATIONS = ("relu", "leaky_relu", "selu", "tanh", "sigmoid")


@dataclass(frozen=True)
class Operation:
    """One operation of a program, on the values of one image.

    Args:
        kind: "dense", "convolution", "transposed_convolution", "affine", "activation", "reshape",
            "upsampling" or "cropping".
        shape: of the result, without the batch.
        settings: dict of what JSON can hold, such as strides.
        weights: dict of float32 arrays. `kernel` is (inputs, outputs) or (height, width, inputs,
            outputs), also of a transposed convolution; `bias` is (outputs,); `scale` and
            `offset` are (1 or class_count, channels).
    """

    kind: str
    shape: tuple
    settings: dict = field(default_factory=dict)
    weights: dict = field(default_factory=dict)


def of_layer(layer, shape):
    """Yields the `Operation`s of a layer.

    Args:
        layer: Keras layer, built.
        shape: of its input, without the batch.

    Raises:
        ValueError: the page cannot run the layer; the sentence names it.
    """
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
        yield Operation("convolution", after, {"strides": [1, 1], "padding": "valid"}, weights)
    elif len(shape) == 1:
        yield Operation("dense", after, weights=weights)
    else:
        raise _refused(layer, f"Its input has the shape {shape}")


def _convolution(layer, shape, after):
    _check_plain(layer)
    settings = {"strides": list(layer.strides), "padding": layer.padding}
    yield Operation("convolution", after, settings, _kernel_and_bias(layer))


def _transposed(layer, shape, after):
    _check_plain(layer)
    if layer.output_padding is not None:
        raise _refused(layer, "Its output_padding is not None")
    weights = _kernel_and_bias(layer)
    weights["kernel"] = weights["kernel"].transpose(0, 1, 3, 2)
    if shape[:2] == (1, 1) and layer.padding == "valid":
        yield from _from_one_pixel(weights, after)
        return
    settings = {"strides": list(layer.strides), "padding": layer.padding}
    yield Operation("transposed_convolution", after, settings, weights)


def _from_one_pixel(weights, after):
    """A transposed convolution of a single pixel, which is a dense layer."""
    height, width, inputs, _ = weights["kernel"].shape
    grown = np.zeros((inputs, *after), np.float32)  # strides may exceed the kernel
    grown[:, :height, :width] = weights["kernel"].transpose(2, 0, 1, 3)
    dense = {"kernel": grown.reshape(inputs, -1)}
    if "bias" in weights:
        dense["bias"] = np.tile(weights["bias"], after[0] * after[1])
    yield Operation("dense", (grown[0].size,), weights=dense)
    yield Operation("reshape", after)


def _upsampled(layer, shape, after):
    settings = {"strides": [2, 2], "padding": "same"}
    kernel = _array(layer.transposed_kernel()).transpose(0, 1, 3, 2)
    yield Operation("transposed_convolution", after, settings, {"kernel": kernel})


def _normalization(layer, shape, after):
    if layer.axis not in (-1, len(shape)):
        raise _refused(layer, f"It normalizes axis {layer.axis} instead of the channels")
    scale, offset = _normalizing(layer)
    if layer.scale:
        scale = scale * _array(layer.gamma)
        offset = offset * _array(layer.gamma)
    if layer.center:
        offset = offset + _array(layer.beta)
    yield Operation("affine", after, weights={"scale": scale[None], "offset": offset[None]})


def _conditional(layer, shape, after):
    scale, offset = _normalizing(layer.normalization)
    own_scale = _array(layer.scale.embeddings)
    own_offset = _array(layer.offset.embeddings)
    weights = {"scale": own_scale * scale, "offset": own_scale * offset + own_offset}
    yield Operation("affine", shape, weights=weights)


def _normalizing(layer):
    """Scale and offset that subtract the moving mean and divide by the standard deviation."""
    scale = 1 / np.sqrt(_array(layer.moving_variance) + layer.epsilon)
    return scale.astype(np.float32), (-_array(layer.moving_mean) * scale).astype(np.float32)


def _reshape(layer, shape, after):
    yield Operation("reshape", after)


def _flatten(layer, shape, after):
    _check_channels_last(layer)
    yield from _reshape(layer, shape, after)


def _upsampling(layer, shape, after):
    _check_channels_last(layer)
    if layer.interpolation != "nearest":
        raise _refused(layer, f"Its interpolation is {layer.interpolation!r}; known: 'nearest'")
    yield Operation("upsampling", after, {"size": list(layer.size)})


def _cropping(layer, shape, after):
    _check_channels_last(layer)
    (top, _), (left, _) = layer.cropping
    yield Operation("cropping", after, {"top": top, "left": left})


def _activation(layer, shape, after):
    name = getattr(layer.activation, "__name__", type(layer.activation).__name__)
    if name not in ("linear", *ACTIVATIONS):
        raise _refused(layer, f"Its activation is {name}; known: {', '.join(ACTIVATIONS)}")
    if name != "linear":
        slope = {"slope": 0.2} if name == "leaky_relu" else {}
        yield Operation("activation", tuple(after), {"function": name, **slope})


def _relu(layer, shape, after):
    if layer.max_value is not None or layer.threshold:
        raise _refused(layer, "It has a max_value or a threshold")
    yield from _leaky_relu(layer, shape, after)


def _leaky_relu(layer, shape, after):
    settings = {"function": "leaky_relu", "slope": float(layer.negative_slope)}
    yield Operation("activation", after, settings)


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
