"""A generator that learns -> one that follows it slowly, from which images are made.

A generator jumps from step to step around what it has learnt. The mean of its last weights
makes better images than any of them. The second generator is not trained: it costs a few
multiplications in a step and the memory of one more generator.
"""

import math
from dataclasses import dataclass

import keras
import tensorflow as tf

from gan_model.conditioning import with_labels
from gan_model.losses import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class Exponential(Serializable):
    """The exponential moving average of the generator's weights, in every step

        average <- average + (1 - beta) (weight - average),   beta = 0.5^(images / half_life)

    with the images of the step, of all devices together. So what a weight was `half_life`
    images ago counts half, whatever the batch size. As in the authors' program the half life
    is at most `warm_up` times the images seen before, so that the random weights of the
    beginning are soon forgotten.

    Args:
        half_life: in images, more than 0.
        warm_up: share of the images seen, more than 0; None: the same half life from the
            first step on.

    Reference: Yazici et al. (2019); Karras et al. (2018, 2020) for half life and warm-up.
    """

    half_life: float = 10_000
    warm_up: float | None = 0.05

    def __post_init__(self):
        if not self.half_life > 0:
            raise ValueError(
                f"`half_life` counts images, more than 0. Received: half_life={self.half_life}."
            )
        if self.warm_up is not None and not self.warm_up > 0:
            raise ValueError(
                "`warm_up` is a share of the images seen, more than 0, or None. Received: "
                f"warm_up={self.warm_up}."
            )

    def share(self, images, seen):
        """1 - beta: how much of the way to the new weights the average goes in one step.

        Args:
            images: of this step, on all devices.
            seen: images of all steps before.

        Returns:
            A scalar from 0 to 1, float32.
        """
        half_life = tf.constant(self.half_life, tf.float32)
        if self.warm_up is not None:
            half_life = tf.minimum(half_life, self.warm_up * tf.cast(seen, tf.float32))
        # Not 1 - 0.5^x, which in float32 loses half its digits where x is small. Before the
        # first image the half life is 0, and the share 1.
        return -tf.math.expm1(-math.log(2.0) * tf.cast(images, tf.float32) / half_life)


class FollowsGenerator:
    """`averaged_generator` of a model with a `generator`, where `compile` asked for it.

    The model has a tracked dict `_companions` of layers whose state is part of its own.
    """

    average = None

    @property
    def averaged_generator(self):
        """The moving average of `generator`, a Keras model; None: there is none."""
        return self._companions.get("average")

    @property
    def sampled_generator(self):
        """The generator that images are made with: the averaged one, or else the only one."""
        return self.generator if self.averaged_generator is None else self.averaged_generator

    def _compile_average(self, average):
        """Begins an average where the generator stands, goes on with one, or ends it."""
        if checked(average) is None:
            self._companions.pop("average", None)
        elif self.averaged_generator is None:
            self._companions["average"] = twin(self.generator, self.codings_size, self.class_count)
        self.average = average

    def _follow_generator(self, images):
        """One step of the average, which `images` were generated or judged in."""
        if self.average is None:
            return
        share = self.average.share(images, self.images_seen)
        weights = zip(self.averaged_generator.weights, self.generator.weights, strict=True)
        for average, weight in weights:
            if keras.backend.is_float_dtype(weight.dtype):
                average.assign_add(share * (weight - average))
            else:
                average.assign(weight)  # a count, of which there is no mean


def twin(generator, codings_size, class_count=None):
    """A second generator with the same weights, not to be trained.

    Raises:
        ValueError: it cannot be made, or its weights can hold no average.
    """
    for weight in generator.weights:
        if weight.dtype == "bfloat16":
            raise ValueError(
                f"The weight {weight.path} is bfloat16, whose 8 bits cannot hold an average. Use "
                "keras.config.set_dtype_policy('mixed_bfloat16') before the generator is made."
            )
    try:
        copy = keras.models.clone_model(generator)
        labels = None if class_count is None else tf.zeros(1, tf.int32)
        # Builds a subclass of keras.Model.
        copy(with_labels(tf.zeros((1, codings_size)), labels), training=False)
        copy.set_weights(generator.get_weights())
    except Exception as error:  # Keras and the user's own layers raise whatever they meet
        raise _no_twin(generator, str(error).strip().splitlines()[0]) from error
    own = {id(weight) for weight in copy.weights}
    if any(id(weight) in own for weight in generator.weights):
        raise _no_twin(generator, "its copy shares weights with it")
    copy.trainable = False
    return copy


def checked(average):
    """The average itself, or None."""
    if average is not None and (isinstance(average, type) or not hasattr(average, "share")):
        raise ValueError(
            f"`average` says how a second generator follows the first. Received: {average!r}. "
            "Type average=gan_model.averaging.Exponential()."
        )
    return average


def _no_twin(generator, reason):
    return ValueError(
        f"The generator, a {type(generator).__name__}, cannot be copied for an average: {reason}. "
        "Make it of Sequential or functional parts, or give its class get_config; or leave "
        "`average` out."
    )
