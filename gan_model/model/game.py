"""Real and fake images, and their scores -> what each player minimises."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import tensorflow as tf

from gan_model.augmenting.augmenter import Augmenter
from gan_model.model.judge import joined
from gan_model.model.random import (
    FAKE_FOR_DISCRIMINATOR,
    FAKE_FOR_GENERATOR,
    PENALTY,
    REAL_FOR_DISCRIMINATOR,
    REAL_FOR_GENERATOR,
)


class Bill(NamedTuple):
    """The objective of a player in one step.

    Attributes:
        objective: scalar tensor that the player minimises.
        figures: dict from names to tensors, for the logs.
    """

    objective: tf.Tensor
    figures: dict


@dataclass(frozen=True)
class Game:
    """Computes the objectives of the discriminator and of the generator.

    Its methods take `judge`, a function (batch, training) -> `Judgement`; `real` and `fake`, each
    a `Batch`; and `random`, the `RandomStreams` of the step.

    Args:
        loss: object of `gan_model.losses`.
        class_loss: function of (labels, class_logits); None if the discriminator does not
            classify.
        penalty: object of `gan_model.penalties`, or None.
        augmenter: `Augmenter` of the images that the discriminator sees in training.
        jointly: whether the discriminator judges real and fake images in one pass. It is faster,
            and the same if no score depends on another image.
    """

    loss: Any
    class_loss: Any = None
    penalty: Any = None
    augmenter: Augmenter = field(default_factory=Augmenter)
    jointly: bool = False

    def discriminator(self, judge, real, fake, random):
        """The `Bill` of the discriminator: loss, class loss, layer losses and penalty."""
        real = self._augmented(real, random.stream(REAL_FOR_DISCRIMINATOR))
        fake = self._augmented(fake, random.stream(FAKE_FOR_DISCRIMINATOR))
        real_said, fake_said = self._both_judged(judge, real, fake)
        loss = _mean(self.loss.discriminator(real_said.scores, fake_said.scores))
        class_loss = self._class_loss(real, real_said) + self._class_loss(fake, fake_said)
        # Weight decay is in both and counts once; what depends on images is paid for each half.
        layer_losses = (real_said.layer_losses + fake_said.layer_losses) / 2
        objective = loss + class_loss + layer_losses
        figures = {
            "discriminator_loss": loss,
            "real_score": real_said.scores,
            "fake_score": fake_said.scores,
            "class_loss": class_loss,
            **self.augmenter.figures(),
        }
        if self.penalty:
            penalty = self._penalty(judge, real, fake, random)
            objective, figures = objective + penalty, {**figures, "penalty": penalty}
        return Bill(objective, figures)

    def generator(self, judge, real, fake, random):
        """The `Bill` of the generator: loss and class loss."""
        real_scores = None
        if getattr(self.loss, "needs_real_scores", False):
            real = self._augmented(real, random.stream(REAL_FOR_GENERATOR))
            real_scores = judge(real, training=True).scores
        fake = self._augmented(fake, random.stream(FAKE_FOR_GENERATOR))
        fake_said = judge(fake, training=True)
        loss = _mean(self.loss.generator(real_scores, fake_said.scores))
        class_loss = self._class_loss(fake, fake_said)
        return Bill(loss + class_loss, {"generator_loss": loss})

    def evaluation(self, judge, real, fake):
        """Figures of held-out and fake images in inference mode, not augmented; without penalty."""
        real_said, fake_said = judge(real, training=False), judge(fake, training=False)
        return {
            "discriminator_loss": self.loss.discriminator(real_said.scores, fake_said.scores),
            "generator_loss": self.loss.generator(real_said.scores, fake_said.scores),
            "real_score": real_said.scores,
            "fake_score": fake_said.scores,
            "class_loss": self._class_loss(real, real_said) + self._class_loss(fake, fake_said),
        }

    def _augmented(self, batch, stream):
        return batch._replace(images=self.augmenter(batch.images, stream))

    def _both_judged(self, judge, real, fake):
        """The `Judgement`s of two batches of one size, in training mode."""
        if not self.jointly:
            return judge(real, training=True), judge(fake, training=True)
        said = judge(joined(real, fake), training=True)
        return said.halves()

    def _class_loss(self, batch, said):
        if self.class_loss is None:
            return 0.0
        return _mean(self.class_loss(batch.labels, said.class_logits))

    def _penalty(self, judge, real, fake, random):
        def scores(images):
            # With clusters the labels of fake images are not those of the real ones.
            batch = fake if images is fake.images else real
            return judge(batch._replace(images=images), training=True).scores

        return _mean(self.penalty(scores, real.images, fake.images, random.stream(PENALTY)))


def _mean(loss):
    """A loss as a scalar: a function such as those of `keras.losses` gives one for each image."""
    loss = tf.convert_to_tensor(loss)
    return loss if loss.shape.rank == 0 else tf.reduce_mean(loss)
