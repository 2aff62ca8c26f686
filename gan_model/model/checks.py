"""Checks of the arguments of `GAN`, and of those of `compile` before it changes anything."""

import keras

from gan_model.networks.layers import every_layer
from gan_model.penalties import Penalty, Sum
from gan_model.storage.serializable import check_counts, is_integer


def check_networks(**players):
    """Refuses players that are no Keras models, such as the functions that make them."""
    for name, player in players.items():
        if not isinstance(player, keras.Layer):
            made = f"{getattr(player, '__name__', 'build')}()"
            raise ValueError(
                f"The {name} is a {type(player).__name__}; expected a Keras model. Type {made} in "
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


def check_learned_by(optimized, **players):
    """Refuses weights that became trainable after `compile`, or were frozen after it.

    The optimizers do not know weights that became trainable. A compiled step would still update
    weights that were frozen.

    Args:
        optimized: the ids of the weights that the optimizers were built for.
        players: networks by name.
    """
    for name, player in players.items():
        learning = {id(weight) for weight in player.trainable_variables}
        for weight in player.variables:
            if (id(weight) in learning) == (id(weight) in optimized):
                continue
            became = "became trainable" if id(weight) in learning else "was frozen"
            raise ValueError(
                f"The weight {weight.path} of the {name} {became} after compile, which its "
                "optimizer does not know. Type gan.compile(...) again, with new optimizers."
            )


def check_class_count(class_count):
    """Refuses a class count that is neither an integer of 1 or more nor None."""
    if class_count is not None:
        check_counts(class_count=class_count)


def check_seed(seed):
    """Refuses a seed that is not an integer from 0 to 2**32 - 1."""
    if not is_integer(seed) or not 0 <= seed < 2**32:
        raise ValueError(f"`seed` is an integer from 0 to 2**32 - 1. Received: seed={seed!r}.")


def check_loss(loss):
    """Refuses a loss without the two methods of `gan_model.losses`."""
    if isinstance(loss, type):
        raise ValueError(f"`loss` is a class; expected an object. Type {loss.__name__}().")
    if not all(callable(getattr(loss, player, None)) for player in ("discriminator", "generator")):
        raise ValueError(
            "`loss` needs the methods discriminator(real_scores, fake_scores) and "
            f"generator(real_scores, fake_scores). Received: {loss!r}. "
            "Type loss=gan_model.losses.NonSaturating()."
        )


def check_class_loss(class_loss, classifies):
    """Refuses a class loss that cannot be called, or without a discriminator that classifies."""
    if class_loss is None:
        return
    if not classifies:
        raise ValueError(
            "`class_loss` is for a discriminator that gives [scores, class_logits]; this one gives "
            f"scores only. Received: {class_loss!r}. Leave it out."
        )
    _check_callable(
        class_loss,
        "`class_loss` is called with (labels, class_logits).",
        "class_loss=gan_model.losses.ClassCrossEntropy()",
    )


def check_penalty(penalty, discriminator):
    """Refuses a penalty that cannot be called, or needs another discriminator."""
    if penalty is None:
        return
    if isinstance(penalty, type):
        raise ValueError(f"`penalty` is a class; expected an object. Type {penalty.__name__}().")
    _check_callable(
        penalty,
        "`penalty` is called with (scores, real, fake, random).",
        "penalty=gan_model.penalties.R1(10)",
    )
    for layer in every_layer(discriminator) if isinstance(penalty, Penalty | Sum) else ():
        # When frozen it uses its moving statistics, so images stay independent.
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            raise ValueError(
                f"The penalty needs a gradient for each image, but the layer {layer.name} of the "
                "discriminator mixes the images of a batch. Replace it with "
                "keras.layers.LayerNormalization(), or leave it out."
            )


def check_constraint(constraint):
    """Refuses a constraint that cannot be called."""
    if constraint is not None:
        _check_callable(
            constraint,
            "`constraint` is called with a weight and returns its new value.",
            "constraint=gan_model.penalties.WeightClipping(0.01)",
        )


def check_augment(augment):
    """Refuses an augmentation that cannot be called, or takes images alone."""
    if isinstance(augment, keras.Layer):
        raise ValueError(
            "`augment` is called with (images, random, image_range); a Keras layer takes images "
            f"alone. Received: {augment!r}. Type augment=gan_model.augmenting.DiffAugment()."
        )
    if augment is not None:
        _check_callable(
            augment,
            "`augment` is called with (images, random, image_range).",
            "augment=gan_model.augmenting.DiffAugment()",
        )


def check_average(average):
    """Refuses an average that cannot follow a generator."""
    if average is not None and (isinstance(average, type) or not hasattr(average, "follow")):
        raise ValueError(
            f"`average` must be an object of gan_model.averaging. Received: {average!r}. "
            "Type average=gan_model.averaging.ExponentialMovingAverage()."
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


def _check_callable(given, expected, remedy):
    if isinstance(given, type) or not callable(given):
        raise ValueError(f"{expected} Received: {given!r}. Type {remedy}.")
