"""What `compile` is given, checked before anything changes."""

import keras

from gan_model.losses import ClassCrossEntropy
from gan_model.networks.spectral import every_layer
from gan_model.penalties import Penalty, Sum

# Settings of an optimizer that Keras applies on each device to its own gradient.
_PER_DEVICE = "clipnorm", "clipvalue", "global_clipnorm", "gradient_accumulation_steps"


def check_loss(loss):
    """Refuses a loss without the two methods of `gan_model.losses`."""
    if isinstance(loss, type):
        raise ValueError(f"`loss` is a class; expected an object. Type {loss.__name__}().")
    if not all(callable(getattr(loss, player, None)) for player in ("discriminator", "generator")):
        raise ValueError(
            f"`loss` needs the methods discriminator(real_scores, fake_scores) and "
            f"generator(real_scores, fake_scores). Received: {loss!r}. "
            "Type loss=gan_model.losses.NonSaturating()."
        )


def check_class_loss(class_loss, classifies):
    """Refuses a class loss that cannot be called, or that no discriminator needs."""
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
        f"class_loss=gan_model.losses.{ClassCrossEntropy.__name__}()",
    )


def check_penalty(penalty, discriminator):
    """Refuses a penalty that cannot be called, or that this discriminator cannot pay."""
    if penalty is None:
        return
    if isinstance(penalty, type):
        raise ValueError(f"`penalty` is a class; expected an object. Type {penalty.__name__}().")
    _check_callable(
        penalty,
        "`penalty` is called with (discriminator, real_images, fake_images, random).",
        "penalty=gan_model.penalties.R1(10)",
    )
    for layer in every_layer(discriminator) if isinstance(penalty, Penalty | Sum) else ():
        # When frozen it uses its moving statistics, so images stay independent.
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            raise ValueError(
                f"The penalty needs the gradient at each image by itself, but the layer "
                f"{layer.name} of the discriminator mixes the images of a batch. Use "
                "LayerNormalization, or a discriminator without batch normalization."
            )


def check_constraint(constraint):
    """Refuses a constraint that cannot be called."""
    if constraint is not None:
        _check_callable(
            constraint,
            "`constraint` is called with a weight and returns the weight that replaces it.",
            "constraint=gan_model.penalties.WeightClipping(0.01)",
        )


def check_augment(augment):
    """Refuses an augmentation that cannot be called."""
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
            f"`average` says how a second generator follows the first. Received: {average!r}. "
            "Type average=gan_model.averaging.ExponentialMovingAverage()."
        )


def check_steps(*, devices, **counts):
    """Refuses counts that are not whole numbers from 1, and turns on several devices."""
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"`{name}` is a whole number from 1 on. Received: {name}={count!r}.")
    steps = counts.get("discriminator_steps", 1)
    if steps > 1 and devices > 1:  # TensorFlow cannot update mirrored variables inside tf.cond
        raise ValueError(
            f"On {devices} devices the generator learns in every step. Leave discriminator_steps="
            f"{steps} out, or train on one device."
        )


def check_optimizers(generator_optimizer, discriminator_optimizer, *, devices):
    """Refuses optimizers that would silently train otherwise than they say."""
    if generator_optimizer is discriminator_optimizer:
        raise ValueError(
            "Both players were given the same optimizer object, but each needs its own, as it "
            "keeps moments of its own weights. Make two: keras.optimizers.Adam(2e-4), twice."
        )
    for optimizer in (generator_optimizer, discriminator_optimizer):
        _check_no_effect(optimizer)
        for name in _PER_DEVICE if devices > 1 else ():
            if (value := getattr(optimizer, name)) is not None:
                raise ValueError(
                    f"On {devices} devices Keras applies `{name}` to the gradient of each device, "
                    f"not to that of the batch. Leave {name}={value} out, or train on one device."
                )


def _check_no_effect(optimizer):
    """Refuses settings that Keras's own `train_step` serves and that of a GAN does not."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        raise ValueError(
            "A LossScaleOptimizer divides gradients by a scale, and the losses of a GAN are not "
            "multiplied by it. Give the inner optimizer, "
            f"{type(optimizer.inner_optimizer).__name__}(...). For lower precision use the dtype "
            "policy 'mixed_bfloat16', which needs no scale."
        )
    if optimizer.loss_scale_factor is not None:
        raise ValueError(
            f"`loss_scale_factor` divides the gradient, and the losses of a GAN are not multiplied "
            f"by it. Leave loss_scale_factor={optimizer.loss_scale_factor} out."
        )
    if optimizer.use_ema:
        raise ValueError(
            "`use_ema` of an optimizer averages weights that no method of a GAN reads. Leave it "
            "out and type compile(average=gan_model.averaging.ExponentialMovingAverage())."
        )


def _check_callable(given, expected, remedy):
    if isinstance(given, type) or not callable(given):
        raise ValueError(f"{expected} Received: {given!r}. Type {remedy}.")
