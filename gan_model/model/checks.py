"""Checks of `compile`, before it changes anything. `inspection` has those of `GAN(...)`."""

import inspect

import keras
import tensorflow as tf

from gan_model.averaging import Average
from gan_model.keras_internals import every_layer
from gan_model.losses import Loss
from gan_model.model import inspection
from gan_model.penalties import Penalty, Sum


def check_further(gan):
    """Refuses networks of a subclass that are missing, not built, or of another precision."""
    for name in (*gan.trained_with_generator, *gan.trained_with_discriminator):
        network = getattr(gan, name, None)
        if not isinstance(network, keras.Layer) or not network.built:
            state = "is not built" if isinstance(network, keras.Layer) else f"is {network!r}"
            raise ValueError(
                f"{type(gan).__name__} trains a {name}, but gan.{name} {state}; expected a Keras "
                f"model that starts with keras.Input. Type self.{name} = {name} in __init__, after "
                "super().__init__."
            )
        inspection.check_precision(network)
    inspection.check_apart(gan.networks_of("generator"), gan.networks_of("discriminator"))
    networks = [*gan.networks.values(), *gan.auxiliary_layers.values()]
    known = {id(weight) for network in networks for weight in network.variables}
    for layer in gan.layers:
        if any(id(weight) not in known for weight in layer.trainable_variables):
            raise ValueError(
                f"{type(gan).__name__} has the network {layer.name}, which no loss trains. Name "
                'its attribute in the class, trained_with_generator = ("...",) or '
                'trained_with_discriminator = ("...",); or set trainable = False on it.'
            )


def check_trainable(**networks):
    """Refuses a network without trainable weights."""
    for name, network in networks.items():
        if not network.trainable_variables:
            raise ValueError(
                f"The {name} has no trainable weights. Type {name}.trainable = True. There is no "
                "need to freeze a network: each step updates only the weights of one."
            )


def check_learned_by(optimized, **networks):
    """Refuses weights that became trainable after `compile`, or were frozen after it.

    The optimizers do not know weights that became trainable. A compiled step would still update
    weights that were frozen.

    Args:
        optimized: the ids of the weights that the optimizers were built for.
        networks: Keras models by name.
    """
    for name, network in networks.items():
        learning = {id(weight) for weight in network.trainable_variables}
        for weight in network.variables:
            if (id(weight) in learning) == (id(weight) in optimized):
                continue
            became = "became trainable" if id(weight) in learning else "was frozen"
            raise ValueError(
                f"The weight {weight.path} of the {name} {became} after compile, which its "
                "optimizer does not know. Type gan.compile(...) again, with new optimizers."
            )


def check_objects(
    loss, class_loss, penalty, constraint, augment, average, *, discriminator, classifies
):
    """Refuses arguments of `compile` that could not be used, or only in the middle of a step.

    Args:
        loss, class_loss, penalty, constraint, augment, average: arguments of `compile`.
        discriminator: Keras model.
        classifies: whether it gives class logits.
    """
    _check_object(
        *("loss", loss, lambda given: isinstance(given, Loss)),
        "needs the methods discriminator(real_scores, fake_scores) and generator(real_scores, "
        "fake_scores)",
        "gan_model.losses.NonSaturating()",
    )
    _check_needs_no_real_scores(loss)
    _check_object(
        *("class_loss", class_loss, callable, "is called with (labels, class_logits)"),
        "gan_model.losses.ClassCrossEntropy()",
    )
    if class_loss is not None and not classifies:
        raise ValueError(
            "`class_loss` is for a discriminator that gives [scores, class_logits]; this one gives "
            f"scores only. Received: {class_loss!r}. Leave it out."
        )
    _check_object(
        *("penalty", penalty, lambda given: _takes(given, 4)),
        "is called with (scores, real, fake, random)",
        "gan_model.penalties.R1(10)",
    )
    _check_images_apart(penalty, discriminator)
    _check_object(
        *("constraint", constraint, callable, "is called with a weight and returns its new value"),
        "gan_model.penalties.WeightClipping(0.01)",
    )
    _check_object(
        *("augment", augment, lambda given: callable(given) and not isinstance(given, keras.Layer)),
        "is called with (images, random, image_range), and a Keras layer takes images alone",
        "gan_model.augmenting.DiffAugment()",
    )
    _check_object(
        *("average", average, lambda given: isinstance(given, Average)),
        "must be an object of gan_model.averaging",
        "gan_model.averaging.ExponentialMovingAverage()",
    )


def _check_object(name, given, is_usable, expected, example):
    """Refuses a class in the place of its object, and an object that is not as expected."""
    if isinstance(given, type):
        raise ValueError(f"`{name}` is a class; expected an object. Type {given.__name__}().")
    if given is not None and not is_usable(given):
        raise ValueError(f"`{name}` {expected}. Received: {given!r}. Type {name}={example}.")


def _takes(function, count):
    """Whether something can be called with as many arguments by position."""
    if not callable(function):
        return False
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # it is built in, and has no signature
        return True
    return True


def _check_needs_no_real_scores(loss):
    """Refuses a loss that reads `real_scores` for the generator without saying so."""
    if loss is None or getattr(loss, "needs_real_scores", False):
        return
    scores = tf.zeros((2, 1))
    try:
        loss.generator(None, scores)
    except Exception as error:  # of the user's own code
        try:
            loss.generator(scores, scores)
        except Exception:
            return  # it does not depend on real_scores
        raise ValueError(
            f"The generator's loss of {type(loss).__name__} reads real_scores, which are None "
            "without needs_real_scores. Type needs_real_scores = True in its class."
        ) from error


def _check_images_apart(penalty, discriminator):
    """Refuses batch normalization in a discriminator with a penalty of this package."""
    for layer in every_layer(discriminator) if isinstance(penalty, Penalty | Sum) else ():
        # When frozen it uses its moving statistics, so images stay independent.
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            raise ValueError(
                f"The penalty needs a gradient for each image, but the layer {layer.name} of the "
                "discriminator mixes the images of a batch. Replace it with "
                "keras.layers.LayerNormalization(), or leave it out."
            )


def check_devices(jit_compile, *, devices, made_for):
    """Refuses a GAN of several devices outside the scope where it was made, and XLA on several."""
    if devices != made_for:
        raise ValueError(
            f"The GAN was made for {made_for} devices and is compiled for {devices}. Compile it "
            "where it was made, in `with strategy.scope():`."
        )
    if jit_compile is True and devices > 1:
        raise ValueError(
            f"XLA cannot compile a step of {devices} devices: it needs the number of images on "
            "each before the batch is there, and the variables of all devices on one. Received: "
            "jit_compile=True. Type jit_compile='auto', which is XLA only where it can be."
        )


def check_optimizers(optimizers):
    """Refuses optimizers with settings that would be ignored or have another effect.

    Args:
        optimizers: dict from names of networks.
    """
    if len(set(map(id, optimizers.values()))) < len(optimizers):
        raise ValueError(
            f"Two of the networks {', '.join(optimizers)} were given the same optimizer object; "
            "expected one for each, because an optimizer keeps the moments of one set of weights. "
            "Type keras.optimizers.Adam(2e-4) for each."
        )
    for optimizer in optimizers.values():
        _check_no_effect(optimizer)


def _check_no_effect(optimizer):
    """Refuses settings that only have an effect in the `train_step` of keras.Model."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        raise ValueError(
            "A LossScaleOptimizer divides gradients by a scale, but a GAN does not multiply its "
            "losses by it. Pass the inner optimizer, "
            f"{type(optimizer.inner_optimizer).__name__}(...). For lower precision use the dtype "
            "policy 'mixed_bfloat16', which needs no loss scaling."
        )
    if optimizer.loss_scale_factor is not None:
        raise ValueError(
            "`loss_scale_factor` divides the gradient, but a GAN does not multiply its losses by "
            f"it. Leave loss_scale_factor={optimizer.loss_scale_factor} out."
        )
    if optimizer.use_ema:
        raise ValueError(
            "`use_ema` of an optimizer has no effect here: a GAN does not read these averages. "
            "Leave it out and type compile(average=gan_model.averaging.ExponentialMovingAverage())."
        )
