"""What a GAN must know of its two networks, and whether they fit together."""

import itertools

import keras
import tensorflow as tf

from gan_model.networks.spectral import every_layer
from gan_model.penalties import Penalty, Sum

# Operations that move or recast values but leave their range.
_RANGE_KEEPING = {
    *("Identity", "Reshape", "Cast", "Squeeze", "ExpandDims", "Transpose"),
    *("StridedSlice", "Slice"),
}
_RANGES = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0)}
# What optimizers do to the gradient of one device.
_ON_ONE_DEVICE = "clipnorm", "clipvalue", "global_clipnorm", "gradient_accumulation_steps"
# A network that ends in one of these, or adds a bias last, has no last activation.
_LINEAR = {"BiasAdd", "MatMul", "BatchMatMulV2", "Conv2D", "Conv2DBackpropInput"}


def codings_size(generator, given):
    """Numbers in one coding: what the generator's input tells, or else `given`."""
    shape = getattr(generator, "input_shape", None) if generator.built else None
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
    if (given or told) < 1:
        raise ValueError(f"`codings_size` is 1 or more. Received: {given}.")
    return given or told


def build(generator, discriminator, codings_size):
    """Runs one blank batch through both, which builds them. Returns the shape of one image."""
    images = generator(tf.zeros((1, codings_size)), training=False)
    image_shape = tuple(images.shape[1:])
    if len(image_shape) not in (2, 3):
        raise ValueError(
            f"The generator makes outputs of shape {image_shape}; expected images, "
            "(height, width) or (height, width, channels). End it with keras.layers.Reshape."
        )
    try:
        discriminator(images, training=False)
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


def check_seed(seed):
    """Refuses what is no seed: a whole number from 0 to 2**32 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"`seed` is a whole number from 0 to 2**32 - 1. Received: seed={seed!r}.")


def image_range(generator, codings_size, given):
    """Least and greatest value of the generator's images, told by its last activation."""
    if given is not None:
        low, high = (float(end) for end in given)
        if not low < high:
            raise ValueError(f"`image_range` is (least, greatest). Received: {given}.")
        return low, high
    ending = _last_operation(generator, (None, codings_size))
    if ending.type in _RANGES:
        return _RANGES[ending.type]
    if ending.type in _LINEAR or _adds_a_bias(ending):
        return _RANGES["Tanh"]
    raise ValueError(
        f"The range of the generator's images can't be told from its last step, {ending.type}. "
        "Say GAN(generator, discriminator, image_range=(-1, 1))."
    )


def check_scores(discriminator, image_shape):
    """Refuses a discriminator whose output is not one logit an image (or a patch of it)."""
    scores = discriminator(tf.zeros((2, *image_shape)), training=False)
    if scores.shape.rank > 1 and scores.shape[-1] != 1:
        raise ValueError(
            f"The discriminator gives {scores.shape[-1]} numbers for an image; expected one "
            "score. End it with keras.layers.Dense(1)."
        )
    if _last_operation(discriminator, (None, *image_shape)).type == "Sigmoid":
        raise ValueError(
            "The discriminator ends in a sigmoid; expected scores as logits, from which the "
            "losses are computed without overflow. Leave the last activation out: "
            "keras.layers.Dense(1)."
        )


def checked_loss(loss):
    """The loss itself, if it has the two methods of `gan_model.losses`."""
    if isinstance(loss, type):
        raise ValueError(f"`loss` is a class; expected an object. Type {loss.__name__}().")
    if not all(callable(getattr(loss, player, None)) for player in ("discriminator", "generator")):
        raise ValueError(
            f"`loss` needs the methods discriminator(real_scores, fake_scores) and "
            f"generator(real_scores, fake_scores). Received: {loss!r}. "
            "Type loss=gan_model.losses.NonSaturating()."
        )
    return loss


def checked_penalty(penalty, discriminator):
    """The penalty itself, or None, if this discriminator can be charged with it."""
    if isinstance(penalty, type):
        raise ValueError(f"`penalty` is a class; expected an object. Type {penalty.__name__}().")
    if penalty is not None and not callable(penalty):
        raise ValueError(
            "`penalty` is called with (discriminator, real_images, fake_images, noise). "
            f"Received: {penalty!r}. Type penalty=gan_model.penalties.R1(10)."
        )
    for layer in every_layer(discriminator) if isinstance(penalty, Penalty | Sum) else ():
        # Frozen, it takes its moving averages, and each image is on its own again.
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            raise ValueError(
                f"The penalty asks for the slope at each image by itself, but the layer "
                f"{layer.name} of the discriminator mixes the images of a batch. Use "
                "LayerNormalization, or a discriminator without batch norm."
            )
    return penalty


def checked_steps(discriminator_steps, devices):
    """The steps of the discriminator to one of the generator, if they can be made."""
    number = discriminator_steps
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError(
            "`discriminator_steps` is a whole number from 1 on. Received: "
            f"discriminator_steps={number!r}."
        )
    if number > 1 and devices > 1:  # TensorFlow updates shared weights under no condition
        raise ValueError(
            f"On {devices} devices the generator moves in every step. Leave discriminator_steps="
            f"{number} out, or train on one device."
        )
    return number


def checked_constraint(constraint):
    """The constraint itself, or None."""
    if constraint is not None and (isinstance(constraint, type) or not callable(constraint)):
        raise ValueError(
            "`constraint` is an object that is called with a weight and returns the weight to "
            f"take its place. Received: {constraint!r}. "
            "Type constraint=gan_model.penalties.WeightClipping(0.01)."
        )
    return constraint


def checked_optimizers(*given, devices):
    """Keras optimizers, one for each player."""
    optimizers = [keras.optimizers.get(optimizer) for optimizer in given]
    if optimizers[0] is optimizers[1]:
        raise ValueError(
            "Both players were given the same optimizer object, but each needs its own, as it "
            "keeps moments of its own weights. Make two: keras.optimizers.Adam(2e-4), twice."
        )
    for name in _ON_ONE_DEVICE if devices > 1 else ():
        for optimizer in optimizers:
            if (value := getattr(optimizer, name)) is not None:
                raise ValueError(
                    f"On {devices} devices Keras applies `{name}` to the gradient of each device "
                    f"by itself, not to that of the batch. Leave {name}={value} out, or train on "
                    "one device."
                )
    return optimizers


def _last_operation(network, input_shape):
    """The TensorFlow operation that made the network's output, whatever the network's class."""
    traced = tf.function(lambda x: network(x, training=False)).get_concrete_function(
        tf.TensorSpec(input_shape, tf.float32)
    )
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
