"""Real and fake images, and their scores -> what each network minimizes."""

from dataclasses import dataclass, field

import tensorflow as tf

from gan_model.augmenting.augmenter import Augmenter
from gan_model.losses import ClassLoss, Loss
from gan_model.model.batch import joined
from gan_model.model.random import (
    FAKE_FOR_DISCRIMINATOR,
    FAKE_FOR_GENERATOR,
    PENALTY,
    REAL_FOR_DISCRIMINATOR,
    REAL_FOR_GENERATOR,
)
from gan_model.penalties import PenaltyFunction


@dataclass(frozen=True)
class Objective:
    """Computes what the discriminator and what the generator minimizes.

    Both methods take `discriminate`, a function (batch, training) -> `Discriminated`, and a `Step`
    with its fake batch. They return (loss, logs): the scalar to minimize, and a dict from names to
    tensors, each a scalar or with one row per image. In an evaluation images are not augmented,
    and there is no penalty.

    Args:
        loss: object of `gan_model.losses`.
        class_loss: function of (labels, class_logits); None if the discriminator does not
            classify.
        penalty: object of `gan_model.penalties`, or None.
        augmenter: `Augmenter` of the images that the discriminator sees in training.
        jointly: whether real and fake images go through the discriminator in one pass in training.
            It is faster, and the same if no score depends on another image.
    """

    loss: Loss
    class_loss: ClassLoss | None = None
    penalty: PenaltyFunction | None = None
    augmenter: Augmenter = field(default_factory=Augmenter)
    jointly: bool = False

    def discriminator(self, discriminate, step):
        """Loss, class loss, layer losses and penalty of the discriminator: (loss, logs)."""
        real = self._augmented(step.real, step, REAL_FOR_DISCRIMINATOR)
        fake = self._augmented(step.fake, step, FAKE_FOR_DISCRIMINATOR)
        of_real, of_fake = self._both(discriminate, real, fake, training=step.training)
        loss = _mean(self.loss.discriminator(of_real.scores, of_fake.scores))
        class_loss = self._class_loss(real, of_real) + self._class_loss(fake, of_fake)
        # Both passes include the weight decay, so their mean counts it once.
        layer_losses = (of_real.layer_losses + of_fake.layer_losses) / 2
        objective = loss + class_loss + layer_losses
        logs = {
            "discriminator_loss": loss,
            "real_score": of_real.scores,
            "fake_score": of_fake.scores,
            "class_loss": class_loss,
        }
        if not step.training:
            return objective, logs
        logs |= self.augmenter.logs()
        self.augmenter.adapt(of_real.scores, step.number)
        if self.penalty:
            scores = lambda batch: discriminate(batch, training=True).scores  # noqa: E731
            logs["penalty"] = _mean(self.penalty(scores, real, fake, step.random.stream(PENALTY)))
            objective += logs["penalty"]
        return objective, logs

    def generator(self, discriminate, step):
        """Loss and class loss of the generator: (loss, logs)."""
        real_scores = None
        if getattr(self.loss, "needs_real_scores", False):
            real = self._augmented(step.real, step, REAL_FOR_GENERATOR)
            real_scores = discriminate(real, training=step.training).scores
        fake = self._augmented(step.fake, step, FAKE_FOR_GENERATOR)
        of_fake = discriminate(fake, training=step.training)
        loss = _mean(self.loss.generator(real_scores, of_fake.scores))
        return loss + self._class_loss(fake, of_fake), {"generator_loss": loss}

    def _augmented(self, batch, step, purpose):
        if not step.training:
            return batch
        return batch._replace(images=self.augmenter(batch.images, step.random.stream(purpose)))

    def _both(self, discriminate, real, fake, *, training):
        """The outputs for two `Batch`es of one size."""
        if self.jointly and training:
            return discriminate(joined(real, fake), training=True).halves()
        return discriminate(real, training=training), discriminate(fake, training=training)

    def _class_loss(self, batch, outputs):
        if self.class_loss is None:
            return 0.0
        return _mean(self.class_loss(batch.labels, outputs.class_logits))


def _mean(loss):
    """A loss as a scalar: a function such as those of `keras.losses` gives one for each image."""
    loss = tf.convert_to_tensor(loss)
    return loss if loss.shape.rank == 0 else tf.reduce_mean(loss)
