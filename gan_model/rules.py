"""What `compile` is given -> the same, if a game can be played by it."""

import keras

from gan_model.conditioning import CrossEntropy
from gan_model.networks.spectral import every_layer
from gan_model.penalties import Penalty, Sum

# What optimizers do to the gradient of one device.
_ON_ONE_DEVICE = "clipnorm", "clipvalue", "global_clipnorm", "gradient_accumulation_steps"


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


def checked_class_loss(class_loss, gan):
    """What wrong classes cost; None where the discriminator tells no classes."""
    if class_loss is not None and not gan.tells_classes:
        raise ValueError(
            "`class_loss` is for a discriminator that gives [scores, class_logits]; this one tells "
            f"no classes. Received: {class_loss!r}. Leave it out."
        )
    if class_loss is not None and (isinstance(class_loss, type) or not callable(class_loss)):
        raise ValueError(
            "`class_loss` is called with (labels, class_logits). Received: "
            f"{class_loss!r}. Type class_loss=gan_model.conditioning.CrossEntropy()."
        )
    return CrossEntropy() if gan.tells_classes and class_loss is None else class_loss
