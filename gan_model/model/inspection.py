"""What a GAN must know of its two networks, and whether they fit together."""

import itertools
import numbers

import keras
import tensorflow as tf

from gan_model.model.labels import takes_labels, with_labels
from gan_model.networks.spectral import every_layer

# Operations that move or recast values but leave their range.
_RANGE_KEEPING = {
    *("Identity", "Reshape", "Cast", "Squeeze", "ExpandDims", "Transpose"),
    *("StridedSlice", "Slice"),
}
_RANGES = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0)}
# A network that ends in one of these, or adds a bias last, has no last activation.
_LINEAR = {"BiasAdd", "MatMul", "BatchMatMulV2", "Conv2D", "Conv2DBackpropInput"}


def codings_size(generator, given, class_count=None):
    """Numbers in one coding: what the generator's input tells, or else `given`."""
    shape = getattr(generator, "input_shape", None) if generator.built else None
    shape = _of_codings(shape, class_count)
    told = shape[-1] if isinstance(shape, tuple) and len(shape) == 2 else None
    if shape is not None and told is None:
        raise ValueError(
            f"The generator takes inputs of shape {shape}; expected codings of shape "
            "(None, codings_size). Begin it with keras.Input((100,)), then reshape."
        )
    if told is None and given is None:
        raise ValueError(
            "The generator does not tell its codings size. Begin it with keras.Input((100,)), "
            "or say GAN(generator, discriminator, codings_size=100)."
        )
    if told is not None and given not in (None, told):
        raise ValueError(
            f"The generator takes codings of {told} numbers, but codings_size={given} was given. "
            "Leave codings_size out, or build the generator for it."
        )
    size = told if given is None else given
    if size < 1:
        raise ValueError(f"`codings_size` is 1 or more. Received: codings_size={size}.")
    return size


def _of_codings(shape, class_count):
    """Of the shape of all inputs that of the codings, which labels may stand beside."""
    if isinstance(shape, list) and class_count is None:
        raise ValueError(
            f"The generator takes {len(shape)} inputs, as one for codings and labels does. Say how "
            "many classes there are: GAN(generator, discriminator, class_count=10)."
        )
    if isinstance(shape, list):
        return shape[0]
    if shape is not None and class_count is not None:
        raise ValueError(
            f"With class_count={class_count} the generator takes [codings, labels], but it has one "
            "input. Give it labels too: keras.Model([codings, labels], images), with labels = "
            "keras.Input((), dtype='int32')."
        )
    return shape


def build(generator, discriminator, codings_size, class_count=None):
    """Runs one blank batch through both, which builds them. Returns the shape of one image."""
    labels = None if class_count is None else tf.zeros(1, tf.int32)
    images = generator(with_labels(tf.zeros((1, codings_size)), labels), training=False)
    image_shape = tuple(images.shape[1:])
    if len(image_shape) not in (2, 3):
        raise ValueError(
            f"The generator makes outputs of shape {image_shape}; expected images, "
            "(height, width) or (height, width, channels). End it with keras.layers.Reshape."
        )
    try:
        told = labels if takes_labels(discriminator) else None
        discriminator(with_labels(images, told), training=False)
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        raise ValueError(
            f"The discriminator does not take the generator's images of shape {image_shape}. "
            f"Build it with keras.Input({image_shape}). It said: {str(error).splitlines()[0]}"
        ) from error
    return image_shape


def check_precision(*networks):
    """Refuses float16, whose losses would have to be scaled; bfloat16 needs no such thing."""
    for layer in itertools.chain.from_iterable(map(every_layer, networks)):
        if layer.compute_dtype == "float16":
            raise ValueError(
                f"The layer {layer.name} computes in float16, in which small gradients vanish. "
                "Use keras.config.set_dtype_policy('mixed_bfloat16') before the networks are made."
            )


def check_apart(generator, discriminator):
    """Refuses weights that belong to both players: each step would undo the other's."""
    theirs = {id(weight) for weight in discriminator.weights}
    if shared := [weight.path for weight in generator.weights if id(weight) in theirs]:
        raise ValueError(
            f"Both players hold the weight {shared[0]}; expected layers of their own. "
            "Make the layer twice."
        )


def check_trainable(**players):
    """Refuses a player whose weights are all frozen."""
    for name, player in players.items():
        if not player.trainable_variables:
            raise ValueError(
                f"The {name} has nothing to train. Set {name}.trainable = True: each step picks "
                "by itself whose weights move."
            )


def classes_told(generator):
    """The classes that a generator alone embeds; None where it takes codings only."""
    inputs = getattr(generator, "inputs", None)
    if inputs is None or len(inputs) < 2:
        return None
    embeddings = (one for one in every_layer(generator) if isinstance(one, keras.layers.Embedding))
    return next((one.input_dim for one in embeddings), None)


def check_class_count(class_count):
    """Refuses what is no number of classes: a whole number from 1, or None."""
    number = class_count
    if number is None:
        return
    if isinstance(number, bool) or not isinstance(number, numbers.Integral):
        raise ValueError(f"`class_count` is a whole number. Received: class_count={number!r}.")
    if number < 1:
        raise ValueError(f"`class_count` is 1 or more. Received: class_count={number}.")


def check_seed(seed):
    """Refuses what is no seed: a whole number from 0 to 2**32 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"`seed` is a whole number from 0 to 2**32 - 1. Received: seed={seed!r}.")


def image_range(generator, codings_size, given, class_count=None):
    """Least and greatest value of the generator's images, told by its last activation."""
    if given is not None:
        low, high = (float(end) for end in given)
        if not low < high:
            raise ValueError(f"`image_range` is (least, greatest). Received: {given}.")
        return low, high
    ending = _last_operation(generator, (codings_size,), class_count)
    if ending.type in _RANGES:
        return _RANGES[ending.type]
    if ending.type in _LINEAR or _adds_a_bias(ending):
        return _RANGES["Tanh"]
    raise ValueError(
        f"The range of the generator's images can't be told from its last step, {ending.type}. "
        "Say GAN(generator, discriminator, image_range=(-1, 1))."
    )


def check_scores(discriminator, image_shape, class_count=None):
    """Refuses a discriminator whose output is not one logit an image (or a patch of it).

    One that tells classes gives as many logits beside it. Returns whether it does.
    """
    told = class_count if takes_labels(discriminator) else None
    images, labels = tf.zeros((2, *image_shape)), tf.zeros(2, tf.int32)
    scores = discriminator(with_labels(images, None if told is None else labels), training=False)
    tells = isinstance(scores, list | tuple)
    if tells and class_count is None:
        raise ValueError(
            f"The discriminator has {len(scores)} outputs; expected scores alone. Say how many "
            "classes it tells: GAN(generator, discriminator, class_count=10)."
        )
    if tells or told != class_count:
        scores = _scores_beside_classes(scores, class_count)
        _check_blind(discriminator)
    if scores.shape.rank > 1 and scores.shape[-1] != 1:
        raise ValueError(
            f"The discriminator gives {scores.shape[-1]} numbers for an image; expected one "
            "score. End it with keras.layers.Dense(1)."
        )
    if _last_operation(discriminator, image_shape, told).type == "Sigmoid":
        raise ValueError(
            "The discriminator ends in a sigmoid; expected scores as logits, from which the "
            "losses are computed without overflow. Leave the last activation out: "
            "keras.layers.Dense(1)."
        )
    return tells


def _scores_beside_classes(outputs, class_count):
    """The scores of a discriminator that tells classes."""
    told = isinstance(outputs, list | tuple) and len(outputs) == 2
    if not told or outputs[1].shape[1:] != (class_count,):
        raise ValueError(
            f"With class_count={class_count} the discriminator takes [images, labels], or gives "
            f"[scores, class_logits], with {class_count} logits, or both. Give it labels: "
            "keras.Model([images, labels], scores), as with networks.conditional.Projection."
        )
    return outputs[0]


def _check_blind(discriminator):
    """Refuses class logits that are computed from the labels, where the layers tell so."""
    inputs = getattr(discriminator, "inputs", None)
    if inputs is None or len(inputs) < 2:
        return
    try:
        keras.Model(inputs[0], discriminator.outputs[1])
    except ValueError as error:
        raise ValueError(
            "The class_logits of the discriminator depend on the labels that it is told, so there "
            "is nothing to tell. Compute them from the images alone."
        ) from error


def _last_operation(network, input_shape, class_count=None):
    """The TensorFlow operation that made the network's output, whatever the network's class."""
    labels = None if class_count is None else tf.TensorSpec((None,), tf.int32)
    given = with_labels(tf.TensorSpec((None, *input_shape), tf.float32), labels)
    traced = tf.function(lambda x: network(x, training=False)).get_concrete_function(given)
    return _source(traced.graph.outputs[0])


def _source(tensor):
    operation = tensor.op
    while operation.type in _RANGE_KEEPING:
        operation = operation.inputs[0].op
    return operation


def _adds_a_bias(operation):
    return operation.type in ("Add", "AddV2") and any(
        _source(added).type == "ReadVariableOp" for added in operation.inputs
    )
