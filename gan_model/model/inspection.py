"""What `GAN(...)` is given: properties of the two networks, and checks that all fits together."""

import itertools
import math

import keras
import tensorflow as tf

from gan_model.keras_internals import every_layer
from gan_model.model.activation import LINEAR, last_activations
from gan_model.model.labels import takes_labels, with_labels
from gan_model.networks.layers import ImageRange
from gan_model.storage.messages import reason_of
from gan_model.storage.serializable import check_counts, is_integer

_RANGES = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0)}


def check_networks(**networks):
    """Refuses networks that are no Keras models, such as the functions that make them."""
    for name, network in networks.items():
        if not isinstance(network, keras.Layer):
            made = f"{getattr(network, '__name__', 'build')}()"
            raise ValueError(
                f"The {name} is a {type(network).__name__}; expected a Keras model. Type {made} in "
                "its place, a call that gives one."
            )


def check_data_format():
    """Refuses Keras's setting that the channels of images come first."""
    if keras.config.image_data_format() == "channels_first":
        raise ValueError(
            "Images are (height, width, channels), but keras.config.image_data_format() is "
            "'channels_first'. Type keras.config.set_image_data_format('channels_last') before "
            "building the networks."
        )


def check_class_count(class_count):
    """Refuses a class count that is neither an integer of 1 or more nor None."""
    if class_count is not None:
        check_counts(class_count=class_count)


def check_seed(seed):
    """Refuses a seed that is not an integer from 0 to 2**32 - 1."""
    if not is_integer(seed) or not 0 <= seed < 2**32:
        raise ValueError(f"`seed` is an integer from 0 to 2**32 - 1. Received: seed={seed!r}.")


def codings_size(generator, given, class_count):
    """The size of a coding, from the generator's input shape or else `given`."""
    shape = getattr(generator, "input_shape", None) if generator.built else None
    shape = _of_codings(shape, class_count)
    size = shape[-1] if isinstance(shape, tuple) and len(shape) == 2 else None
    if shape is not None and size is None:
        raise ValueError(
            f"The generator takes inputs of shape {shape}; expected codings of shape "
            "(None, codings_size). Start it with keras.Input((100,)), then reshape."
        )
    if size is None and given is None:
        raise ValueError(
            "The generator has no input shape, so its codings size is unknown. Start it with "
            "keras.Input((100,)), or type GAN(generator, discriminator, codings_size=100)."
        )
    if size is not None and given not in (None, size):
        raise ValueError(
            f"The generator takes codings of {size} numbers, but received codings_size={given}. "
            "Leave codings_size out, or build the generator for it."
        )
    size = size if given is None else given
    check_counts(codings_size=size)
    return int(size)


def _of_codings(shape, class_count):
    """The shape of the codings from that of all inputs, which may include labels."""
    if isinstance(shape, list) and class_count is None:
        raise ValueError(
            f"The generator takes {len(shape)} inputs; expected one, or [codings, labels] and the "
            "number of classes. Type GAN(generator, discriminator, class_count=10)."
        )
    if isinstance(shape, list):
        return shape[0]
    if shape is not None and class_count is not None:
        raise ValueError(
            f"The generator takes one input; expected [codings, labels] with class_count="
            f"{class_count}. Build it as keras.Model([codings, labels], images), with labels = "
            "keras.Input((), dtype='int32')."
        )
    return shape


def build(generator, discriminator, codings_size, labelling):
    """Builds both networks by calling them on a batch of zeros. Returns the shape of one image.

    A discriminator that `takes_more` than images and labels is left as it is.
    """
    # The last class, since a network may embed too few of them.
    labels = None if labelling.count is None else tf.fill((1,), labelling.count - 1)
    inputs = labelling.generator_inputs(tf.zeros((1, codings_size)), labels)
    try:
        images = generator(inputs, training=False)
    except tf.errors.InvalidArgumentError as error:
        if labels is None:
            raise
        raise _too_few_classes("generator", labels, error) from error
    _check_tensor(images, "generator", "images")
    image_shape = tuple(images.shape[1:])
    if len(image_shape) not in (2, 3):
        raise ValueError(
            f"The generator gives outputs of shape {image_shape}; expected images, "
            "(height, width) or (height, width, channels). End it with keras.layers.Reshape."
        )
    if not takes_more(discriminator, labelling):
        _check_takes(discriminator, images, labels if takes_labels(discriminator) else None)
    return image_shape


def takes_more(discriminator, labelling):
    """Whether a discriminator has more inputs than images and labels, such as codings."""
    inputs = getattr(discriminator, "inputs", None) or ()
    return len(inputs) > 1 + (labelling.count is not None)


def _check_takes(discriminator, images, labels):
    try:
        discriminator(with_labels(images, labels), training=False)
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        if labels is not None and isinstance(error, tf.errors.InvalidArgumentError):
            raise _too_few_classes("discriminator", labels, error) from error
        image_shape = tuple(images.shape[1:])
        advice = f"Build it with keras.Input({image_shape})."
        if labels is not None and getattr(discriminator, "inputs", None) is None:
            advice = (
                "A subclass of keras.Model gets [images, labels]; one that takes images alone is "
                "built by keras.Model(images, [scores, class_logits])."
            )
        raise ValueError(
            f"The discriminator does not take the generator's images of shape {image_shape}. "
            f"{advice} Its error: {reason_of(error)}"
        ) from error


def _too_few_classes(network, labels, error):
    last = int(labels[0])
    return ValueError(
        f"The {network} does not take the label {last}, though there are {last + 1} classes. Build "
        f"its layers for as many, or type fewer in class_count. Its error: {reason_of(error)}"
    )


def _check_tensor(output, network, meaning):
    if isinstance(output, dict | list | tuple):
        raise ValueError(
            f"The {network} gives a {type(output).__name__}; expected one tensor of {meaning}. "
            f"Type keras.Model(inputs, {meaning}), with that tensor alone."
        )


def check_precision(*networks):
    """Refuses float16 layers, which need loss scaling; bfloat16 layers do not."""
    for layer in itertools.chain.from_iterable(map(every_layer, networks)):
        if layer.compute_dtype == "float16":
            raise ValueError(
                f"The layer {layer.name} computes in float16, which needs loss scaling. "
                "Type keras.config.set_dtype_policy('mixed_bfloat16') before building the networks."
            )


def check_apart(of_generator, of_discriminator):
    """Refuses weights that learn from both losses: their updates would work against each other.

    Args:
        of_generator, of_discriminator: dicts from names to the networks that learn from one loss.
    """
    known = {id(w) for network in of_discriminator.values() for w in network.weights}
    for name, network in of_generator.items():
        shared = [weight.path for weight in network.weights if id(weight) in known]
        if shared:
            raise ValueError(
                f"The {name} shares the weight {shared[0]} with the discriminator; expected "
                "layers of their own. Build the layer twice."
            )


def embedded_class_count(generator):
    """The number of classes that a generator embeds; None if it takes codings only."""
    inputs = getattr(generator, "inputs", None)
    if inputs is None or len(inputs) < 2:
        return None
    embeddings = (x for x in every_layer(generator) if isinstance(x, keras.layers.Embedding))
    return next((embedding.input_dim for embedding in embeddings), None)


def image_range(generator, codings_size, given, class_count, *, linear=None):
    """Least and greatest value of the images: `given`, or what the generator tells.

    Args:
        generator: Keras model.
        codings_size, class_count: of the generator.
        given: (least, greatest), or None.
        linear: the range where the generator has no last activation. None: it is unknown.

    Raises:
        ValueError: the range is unknown, or `given` is another one than the generator's.
    """
    told, by = _told_range(generator, codings_size, class_count)
    if given is not None:
        ends = [float(end) for end in given]
        if len(ends) != 2 or not ends[0] < ends[1] or not all(map(math.isfinite, ends)):
            raise ValueError(f"`image_range` is (least, greatest). Received: image_range={given}.")
        if told not in (None, tuple(ends)):
            raise ValueError(
                f"The generator ends in {by.lower()}, so its images are in {_text(told)}. "
                f"Received: image_range={_text(ends)}. Leave image_range out, or end the "
                "generator without an activation."
            )
        return tuple(ends)
    if told is None and by == LINEAR:
        told = linear
    if told is None:
        why = "it has no last activation" if by == LINEAR else f"its last operation is {by}"
        raise ValueError(
            f"The range of the generator's images is unknown, because {why}. Type "
            "image_range=(-1, 1), or whatever it was trained for, in GAN(...) or "
            "Sampler(generator, ...). The file of the whole GAN has the range."
        )
    return told


def tells_range(generator, codings_size, class_count):
    """Whether the range of a generator's images is known from its layers."""
    return _told_range(generator, codings_size, class_count)[0] is not None


def _told_range(generator, codings_size, class_count):
    """The range that the last layer tells, or None; and what that layer is."""
    layer = generator
    while getattr(layer, "layers", None):
        layer = layer.layers[-1]
    if isinstance(layer, ImageRange):
        return (layer.low, layer.high), layer.name
    [activation] = last_activations(generator, (codings_size,), class_count)
    return _RANGES.get(activation), activation


def _text(ends):
    return "({:g}, {:g})".format(*ends)


def check_scores(discriminator, image_shape, class_count):
    """Refuses a discriminator whose output is not one logit per image, or per patch of it.

    Returns:
        Whether it gives class logits too, as that of a conditional GAN may.
    """
    embedded = class_count if takes_labels(discriminator) else None
    images, labels = tf.zeros((2, *image_shape)), tf.zeros(2, tf.int32)
    labels = None if embedded is None else labels
    scores = discriminator(with_labels(images, labels), training=False)
    classifies = isinstance(scores, list | tuple)
    _check_tensor(None if classifies else scores, "discriminator", "scores")
    if classifies and class_count is None:
        raise ValueError(
            f"The discriminator has {len(scores)} outputs; expected one, or [scores, class_logits] "
            "and the number of classes. Type GAN(generator, discriminator, class_count=10)."
        )
    if classifies or embedded != class_count:
        scores = _scores_of(scores, class_count)
        _check_logits_independent_of_labels(discriminator)
    if scores.shape.rank > 1 and scores.shape[-1] != 1:
        raise ValueError(
            f"The discriminator gives {scores.shape[-1]} numbers per image; expected one "
            "score. End it with keras.layers.Dense(1)."
        )
    activations = last_activations(discriminator, image_shape, embedded)
    if activations[0] == "Sigmoid":
        raise ValueError(
            "The discriminator ends in a sigmoid; expected scores as logits, for numerical "
            "stability. Leave the last activation out: keras.layers.Dense(1)."
        )
    if classifies:
        _check_class_logits(activations[1], class_count)
    return classifies


def _scores_of(outputs, class_count):
    """The scores among the outputs [scores, class_logits] of a discriminator."""
    two = isinstance(outputs, list | tuple) and len(outputs) == 2
    if not two or outputs[1].shape[1:] != (class_count,):
        raise ValueError(
            f"With class_count={class_count} the discriminator must take [images, labels], or give "
            f"[scores, class_logits] with {class_count} class logits, or both. Type keras.Model("
            "[images, labels], scores), for example with networks.conditional.Projection."
        )
    return outputs[0]


def _check_class_logits(activation, class_count):
    """Refuses class probabilities in the place of logits."""
    if activation in ("Softmax", "Sigmoid"):
        raise ValueError(
            f"The class logits of the discriminator end in a {activation.lower()}; expected "
            f"logits. Leave the last activation out: keras.layers.Dense({class_count})."
        )


def _check_logits_independent_of_labels(discriminator):
    """Refuses class logits that are computed from the labels, if its class shows its layers."""
    inputs = getattr(discriminator, "inputs", None)
    if inputs is None or len(inputs) < 2:
        return
    try:
        keras.Model(inputs[0], discriminator.outputs[1])
    except ValueError as error:
        raise ValueError(
            "The class_logits of the discriminator depend on its input labels, so it would not "
            "learn to classify. Compute them from the images alone."
        ) from error
