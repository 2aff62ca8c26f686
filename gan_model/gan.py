"""The GAN as a Keras model: the one place where the game is played."""

import keras
import tensorflow as tf

from gan_model import players
from gan_model.augmenting import JudgesAugmented
from gan_model.averaging import FollowsGenerator
from gan_model.codings import (
    EVALUATION,
    FAKE_FOR_DISCRIMINATOR,
    FAKE_FOR_GENERATOR,
    PENALTY,
    REAL_FOR_DISCRIMINATOR,
    REAL_FOR_GENERATOR,
    TRAINING,
    Noise,
)
from gan_model.compiling import Compiled
from gan_model.conditioning import KnowsClasses, with_labels
from gan_model.execution import RunInOneCall, devices
from gan_model.feeding import FedWithImages
from gan_model.measuring import MeasuresItself
from gan_model.networks import spectral
from gan_model.sampling import Samples
from gan_model.saving import Saved
from gan_model.tracking import Tracks


@keras.saving.register_keras_serializable("gan_model")
class GAN(
    Compiled,
    FedWithImages,
    FollowsGenerator,
    JudgesAugmented,
    KnowsClasses,
    MeasuresItself,
    RunInOneCall,
    Samples,
    Saved,
    Tracks,
    keras.Model,
):
    """A generator and a discriminator trained against each other by `fit`.

    `gan(codings)` and `gan.predict(codings)` give images as the generator makes them;
    `gan.generate(count)` gives uint8 images, ready to show. `compile` holds the rule of the
    game and the optimizers; `fit` takes uint8 images as they are. Set `gan.quality` to a
    `metrics.Quality` and every evaluation measures it.

    Args:
        generator: Keras model from codings (batch, codings_size) to images
            (batch, height, width, channels) or (batch, height, width).
        discriminator: Keras model from such images to scores (batch, 1): logits, so its last
            layer has no activation.
        codings_size: numbers in one coding. Needed only where the generator has no `Input`
            that tells it.
        class_count: classes of the images, for a conditional GAN: the generator then takes
            [codings, labels]; the discriminator takes [images, labels], or gives
            [scores, class_logits], or both. Labels are (batch,), int32, from 0 to
            `class_count - 1`, and `fit` needs them with the images.
        image_range: least and greatest value of the generator's images. None: (0, 1) where
            it ends in a sigmoid, (-1, 1) where it ends in a tanh or without activation.
        seed: of the codings and of the order in which `fit` takes images from an array.
            Weights are drawn when the players are made: call
            `keras.utils.set_random_seed` before that for a run that can be repeated.

    Raises:
        ValueError: players that do not fit together, or whose ends make no sense here.

    Example:

    ```python
    (train_images, _), (test_images, _) = data.load("sample")
    gan = GAN(generator, discriminator)
    gan.compile()
    gan.fit(train_images, validation_data=test_images, epochs=10)
    pictures = gan.generate(25)  # uint8
    ```

    Reference: Goodfellow et al. (2014).
    """

    def __init__(
        self,
        generator,
        discriminator,
        *,
        codings_size=None,
        class_count=None,
        image_range=None,
        seed=0,
        name=None,
    ):
        players.check_seed(seed)
        super().__init__(name=name)
        self.generator, self.discriminator = generator, discriminator
        self.class_count = class_count = players.checked_classes(class_count)
        size = players.codings_size(generator, codings_size, class_count)
        self.codings_size = size
        self.image_shape = players.build(generator, discriminator, size, class_count)
        self.image_range = players.image_range(generator, size, image_range, class_count)
        self.tells_classes = players.check_scores(discriminator, self.image_shape, class_count)
        players.check_precision(generator, discriminator)
        players.check_apart(generator, discriminator)
        self.seed = seed
        # Counted by hand: an optimizer's own count stands still when it skips a step.
        self.step = self._counter("step")
        self.images_seen = self._counter("images_seen")
        self._evaluation_step = self._counter("evaluation_step")
        self._make_trackers()
        self._companions = {}  # layers that `compile` adds: what they hold is part of the state
        self.built = True

    # The game.

    def train_step(self, data):
        real_images, labels = self._images_and_labels(data)
        codings = self._codings_for(real_images, self.step)
        with tf.GradientTape() as tape:
            # One forward pass serves both players; it saves a tenth of a DCGAN's step.
            fake_images = self(with_labels(codings, labels), training=True)
            with tape.stop_recording():
                self._discriminator_step(real_images, fake_images, labels)
            self._in_its_turn(lambda: self._generator_step(tape, real_images, fake_images, labels))
        images = devices() * tf.shape(real_images, out_type=tf.int64)[0]
        self._follow_generator(images)
        self._count(images, after=real_images)
        return self.get_metrics_result()

    def _discriminator_step(self, real_images, fake_images, labels):
        # Here alone: all passes of a step divide by the same numbers. Not in the average.
        for player in (self.generator, self.discriminator):
            spectral.update(player)
        real_images = self._augmented(real_images, REAL_FOR_DISCRIMINATOR)
        fake_images = self._augmented(fake_images, FAKE_FOR_DISCRIMINATOR)
        with tf.GradientTape() as tape:
            # Two passes, not one joined batch: each keeps its own batch statistics.
            real = self._judged(real_images, labels, training=True)
            fake = self._judged(fake_images, labels, training=True)
            loss = self.loss.discriminator(real.scores, fake.scores)
            class_loss = real.class_loss + fake.class_loss
            # Before the penalty, whose passes leave other losses of activations in the layers.
            objective = self._objective(loss + class_loss, self.discriminator)
            if self.penalty:
                objective += self._penalty(real_images, fake_images, labels)
        self._descend(tape, objective, self.discriminator, self.discriminator_optimizer)
        self._constrain(self.discriminator)
        self._adapt(real.scores)
        self._track(discriminator_loss=loss, real_score=real.scores, fake_score=fake.scores)
        self._track(class_loss=class_loss)

    def _penalty(self, real_images, fake_images, labels):
        noise = self._noise(self.step, PENALTY)
        scores = lambda images: self._judged(images, labels, training=True).scores  # noqa: E731
        penalty = self.penalty(scores, real_images, fake_images, noise)
        self._track(penalty=penalty)
        return penalty / devices()

    def _count(self, images, *, after):
        # After the batch has come: when an epoch begins, the data set reads `step` to know
        # where, and nothing else in the graph keeps that read before this write.
        with tf.control_dependencies([after]):
            self.step.assign_add(1)
            self.images_seen.assign_add(images)

    def _in_its_turn(self, generator_step):
        if self.discriminator_steps == 1:
            return generator_step()
        due = (self.step + 1) % self.discriminator_steps == 0
        return tf.cond(due, generator_step, lambda: None)

    def _generator_step(self, tape, real_images, fake_images, labels):
        loss = self._generator_loss(real_images, fake_images, labels)
        objective = self._objective(loss, self.generator)
        self._descend(tape, objective, self.generator, self.generator_optimizer)

    def _generator_loss(self, real_images, fake_images, labels):
        real_scores = None
        if getattr(self.loss, "needs_real_scores", False):
            real_images = self._augmented(real_images, REAL_FOR_GENERATOR)
            real_scores = self._judged(real_images, labels, training=True).scores
        fake_images = self._augmented(fake_images, FAKE_FOR_GENERATOR)
        fake = self._judged(fake_images, labels, training=True)
        loss = self.loss.generator(real_scores, fake.scores)
        self._track(generator_loss=loss)
        return loss + fake.class_loss

    def test_step(self, data):
        real_images, labels = self._images_and_labels(data)
        codings = self._codings_for(real_images, self._evaluation_step, EVALUATION)
        fake_images = self(with_labels(codings, labels), training=False)
        real = self._judged(real_images, labels, training=False)
        fake = self._judged(fake_images, labels, training=False)
        self._track(
            discriminator_loss=self.loss.discriminator(real.scores, fake.scores),
            generator_loss=self.loss.generator(real.scores, fake.scores),
            real_score=real.scores,
            fake_score=fake.scores,
            class_loss=real.class_loss + fake.class_loss,
        )
        self._evaluation_step.assign_add(1)
        return self.get_metrics_result()

    def call(self, codings, training=False):
        """Images (batch, *image_shape), float32 in `image_range`, from codings.

        A GAN with classes takes [codings, labels]. Not in training the images are those of the
        averaged generator, where there is one.
        """
        inputs = codings
        if self.class_count is not None:
            codings, _ = inputs
        if codings.shape[-1] != self.codings_size or len(codings.shape) != 2:
            raise ValueError(
                f"The codings have the shape {tuple(codings.shape)}; this generator takes "
                f"(count, {self.codings_size})."
            )
        generator = self.generator if training else self.sampled_generator
        return tf.cast(generator(inputs, training=training), tf.float32)

    def _codings_for(self, real_images, place, purpose=TRAINING):
        return self._noise(place, purpose).normal(tf.shape(real_images)[0], self.codings_size)

    def _noise(self, place, purpose):
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return Noise(self.seed, place, purpose, replica)

    def _objective(self, loss, player):
        # Gradients of several devices are added up, so each gives its share.
        return (loss + sum(player.losses)) / devices()

    def _descend(self, tape, objective, player, optimizer):
        variables = player.trainable_variables
        # That of an embedding comes row by row, which to clip is not to clip the whole.
        gradients = [
            g if g is None else tf.convert_to_tensor(g) for g in tape.gradient(objective, variables)
        ]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        role = "generator" if player is self.generator else "discriminator"
        self._track_gradient(f"{role}_gradient", gradients, optimizer.iterations)

    def _constrain(self, player):
        for weight in player.trainable_variables if self.constraint else ():
            weight.assign(self.constraint(weight))

    def _counter(self, name):
        # One count for all devices, which go step by step.
        counter = dict(shape=(), dtype="int64", initializer="zeros", trainable=False)
        return self.add_weight(name=name, aggregation="only_first_replica", **counter)
