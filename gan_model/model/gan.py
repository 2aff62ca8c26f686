"""The GAN as a Keras model: its parts, and the only training step."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from gan_model import replicas
from gan_model.data.images import to_range
from gan_model.keras_internals import Model, without_registry_leak
from gan_model.model import execution, fit_arguments, inspection
from gan_model.model.batch import Batch
from gan_model.model.compiling import Compiles
from gan_model.model.discriminating import Discriminated, discriminate, layer_losses
from gan_model.model.feeding import TakesImages
from gan_model.model.labels import Labelling, among_the_classes, codings_and_labels
from gan_model.model.monitor import QualityMonitor
from gan_model.model.random import EVALUATION, TRAINING, RandomStreams
from gan_model.model.sampling import Sampler
from gan_model.model.saving import SavedAsKerasFile
from gan_model.model.step import Step
from gan_model.model.trackers import Trackers
from gan_model.model.updating import UpdatePlan, every_n_steps, update
from gan_model.networks import spectral
from gan_model.networks.clusters import clusters_of


@keras.saving.register_keras_serializable("gan_model")
class GAN(TakesImages, Compiles, SavedAsKerasFile, Model):
    """A generator and a discriminator trained against each other by `fit`.

    `gan(codings)` and `gan.predict(codings)` give images in the generator's range;
    `gan.generate(count)` gives uint8 images, ready to show. `compile` takes the loss and the
    optimizers; `fit` takes uint8 images as they are. Set `gan.quality` to a `metrics.Quality` and
    every evaluation measures it.

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
            Weights are drawn when the networks are made: call
            `keras.utils.set_random_seed` before that for a run that can be repeated.

    Attributes:
        step: training steps done, an integer variable.
        images_seen: training images of all steps, an integer variable.

    Raises:
        ValueError: networks that do not fit together, or whose last layers do not fit a GAN.

    Example:

    ```python
    (train_images, _), (test_images, _) = data.load("sample")
    gan = GAN(generator, discriminator)
    gan.compile()
    gan.fit(train_images, validation_data=test_images, epochs=10)
    images = gan.generate(25)  # uint8
    ```

    Reference: Goodfellow et al. (2014).
    """

    #: Names of further networks, attributes of a subclass, that learn from `generator_loss`, and
    #: those that learn from `discriminator_loss`.
    trained_with_generator = ()
    trained_with_discriminator = ()

    def __init_subclass__(cls, **arguments):
        super().__init_subclass__(**arguments)
        for attribute in ("trained_with_generator", "trained_with_discriminator"):
            names = getattr(cls, attribute)
            if isinstance(names, str):
                raise TypeError(
                    f"{attribute} is a tuple of names. Received: {names!r}. Type "
                    f"{attribute} = ({names!r},)."
                )

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        codings_size: int | None = None,
        class_count: int | None = None,
        image_range: tuple[float, float] | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        inspection.check_data_format()
        inspection.check_networks(generator=generator, discriminator=discriminator)
        inspection.check_seed(seed)
        inspection.check_class_count(class_count)
        super().__init__(name=name, dtype="float32")  # no policy rounds the codings
        self.generator, self.discriminator = generator, discriminator
        self.class_count = class_count = None if class_count is None else int(class_count)
        self.clusters = clusters_of(generator)
        self.labelling = Labelling(class_count, self.clusters)
        self.codings_size = size = inspection.codings_size(generator, codings_size, class_count)
        self.image_shape = inspection.build(generator, discriminator, size, self.labelling)
        self.image_range = inspection.image_range(
            generator, size, image_range, class_count, linear=(-1.0, 1.0)
        )
        self.classifies = self._check_discriminator()
        inspection.check_precision(generator, discriminator)
        inspection.check_apart({"generator": generator}, {"discriminator": discriminator})
        self.seed = int(seed)
        # Counted here: an optimizer's own count stands still when it skips a step.
        self.step = self._counter("step")
        self.images_seen = self._counter("images_seen")
        self.evaluation_step = self._counter("evaluation_step")
        self.trackers = Trackers()
        self.monitor = QualityMonitor(self.image_shape, self.image_range, class_count is not None)
        self.auxiliary_layers = {}  # that `compile` adds; Keras tracks their state
        self._sampler = None
        self.built = True

    def _check_discriminator(self):
        """Refuses a discriminator that does not fit. Returns whether it gives class logits."""
        if inspection.takes_more(self.discriminator, self.labelling):
            if type(self).discriminate is GAN.discriminate:
                raise ValueError(
                    f"The discriminator takes {len(self.discriminator.inputs)} inputs; expected "
                    "images, or [images, labels] with class_count. For other inputs override "
                    "`GAN.discriminate`."
                )
            return False
        count = self.labelling.count
        return inspection.check_scores(self.discriminator, self.image_shape, count)

    # Networks.

    @classmethod
    def network_names(cls) -> tuple[str, ...]:
        """Names of all networks that training updates, attributes of the model, in order."""
        return (
            "generator",
            "discriminator",
            *cls.trained_with_generator,
            *cls.trained_with_discriminator,
        )

    @property
    def networks(self) -> dict[str, keras.Model]:
        """All networks that training updates: dict from names to Keras models."""
        return {name: getattr(self, name) for name in self.network_names()}

    def networks_of(self, side: str) -> dict[str, keras.Model]:
        """The networks that learn from one loss, as `networks`.

        Args:
            side: "generator" for those that learn from `generator_loss`, or "discriminator".
        """
        further = {
            "generator": self.trained_with_generator,
            "discriminator": self.trained_with_discriminator,
        }
        return {name: getattr(self, name) for name in (side, *further[side])}

    # Training.

    update_plan = UpdatePlan()  # of the step that runs; `execution` sets it on several devices

    def train_step(self, data) -> dict:
        """One step of all networks on a batch: images, or (images, labels).

        A subclass may call this one, and return its dict with more entries. Each is a number, or
        one for each image. Their means over an epoch are logged under the same names.
        """
        step = self.begin_step(data, training=True)
        with tf.GradientTape() as tape:
            # One forward pass serves both losses; it saves a tenth of a DCGAN's step.
            step = self.forward(step)
            with tape.stop_recording():
                self._update_discriminator(step)
            every_n_steps(self, lambda: self._update_generator(step, tape))
        images, seen = tf.cast(step.share.total, tf.int64), self.images_seen
        if self.average:
            self.average.follow(self.averaged_generator, self.generator, images=images, seen=seen)
        self.step.assign_add(1)
        self.images_seen.assign_add(images)
        return self.get_metrics_result()

    def test_step(self, data) -> dict:
        step = self.forward(self.begin_step(data, training=False))
        for side in ("discriminator", "generator"):
            _, logs = self._loss_and_logs(side, step)
            self.trackers.add(logs, step.share, by_image=True)
        self.evaluation_step.assign_add(1)
        return self.get_metrics_result()

    def begin_step(self, data, *, training: bool) -> Step:
        """The `Step` of a batch as `fit` reads it, still without fake images."""
        images, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        fit_arguments.refuse_weights(weights)
        images = to_range(images, self.image_shape, self.image_range)
        real = Batch(images, self.labelling.of_real(images, labels))
        share = replicas.share(real.size)
        number = self.step if training else self.evaluation_step
        random = RandomStreams(self.seed, number, share)
        return Step(number, real, random, share, training)

    def forward(self, step: Step) -> Step:
        """Makes what both losses use: as many fake images as there are real ones.

        Override it for another network whose outputs both losses need, such as an encoder. The
        gradient of `generator_loss` reaches all that is computed here; that of
        `discriminator_loss` nothing.

        Args:
            step: `model.Step` without fake images.

        Returns:
            The `model.Step` with `fake`, a `model.Batch` with labels and codings. Classes are
            those of the real images; clusters follow from the codings.
        """
        stream = step.random.stream(TRAINING if step.training else EVALUATION)
        codings = stream.normal(step.real.size, self.codings_size)
        labels = self.labelling.of_fake(codings, step.real.labels)
        inputs = self.labelling.generator_inputs(codings, labels)
        images = self(inputs, training=step.training)
        return step._replace(fake=Batch(images, labels, codings))

    def discriminate(self, batch: Batch, *, training: bool) -> Discriminated:
        """The outputs of the discriminator for a batch; the losses and the penalty call it.

        Override it for a discriminator that takes more than images, such as their codings, or for
        several discriminators.

        Args:
            batch: `model.Batch` of real or fake images, or of both.
            training: whether the discriminator runs in training mode.

        Returns:
            `model.Discriminated`.
        """
        return discriminate(
            self.discriminator, batch, classifies=self.classifies, training=training
        )

    def discriminator_loss(self, step: Step) -> tuple[tf.Tensor, dict]:
        """What the discriminator minimizes. Override it to add a term.

        Args:
            step: `model.Step` with fake images.

        Returns:
            (loss, logs): a scalar tensor, the mean over the images of this device; and a dict from
            names to tensors for the logs of `fit` and `evaluate`. The logs show the mean of a
            scalar over steps, and of a tensor with one row per image over images. The logs of
            `super()` have the entry `discriminator_loss`, without terms that you add. If the dict
            has no such entry, the whole loss is logged under this name.
        """
        return self.objective.discriminator(self.discriminate, step)

    def generator_loss(self, step: Step) -> tuple[tf.Tensor, dict]:
        """What the generator minimizes. Override it to add a term.

        Arguments and result are those of `discriminator_loss`. With `discriminator_steps` it is
        evaluated in some steps only, inside a `tf.cond`.
        """
        return self.objective.generator(self.discriminate, step)

    def _loss_and_logs(self, side, step):
        """The loss of one side; logs that lack the loss itself get it."""
        loss, logs = getattr(self, f"{side}_loss")(step)
        return loss, {f"{side}_loss": loss} | logs

    def _update_discriminator(self, step):
        # Only here: all passes of a step divide by the same norms.
        for network in self.networks.values():
            spectral.update(network)
        networks = self.networks_of("discriminator")
        with tf.GradientTape() as tape:
            loss, logs = self._loss_and_logs("discriminator", step)
            # The losses of the discriminator's own layers are in `loss`, of both its passes.
            loss += sum(layer_losses(networks[name]) for name in self.trained_with_discriminator)
        self._update(networks, tape, loss, logs, step, constraint=self.constraint)

    def _update_generator(self, step, tape):
        networks = self.networks_of("generator")
        loss, logs = self._loss_and_logs("generator", step)
        loss += sum(map(layer_losses, networks.values()))
        self._update(networks, tape, loss, logs, step)

    def _update(self, networks, tape, loss, logs, step, constraint=None):
        gradients = update(
            networks,
            self.optimizers,
            tape,
            loss,
            weight=step.share.weight,
            constraint=constraint,
            accumulations=self.update_plan.accumulations,
        )
        self.trackers.add(logs, step.share)
        for name, of_network in gradients.items():
            self.trackers.add_gradient_norm(name, of_network, self.optimizers[name])

    # Images.

    def call(self, codings: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Images (batch, *image_shape), float32 in `image_range`, from codings.

        A GAN with classes takes [codings, labels]. Outside training, images come from the averaged
        generator if there is one.
        """
        inputs = codings
        if self.class_count is not None:
            codings, labels = codings_and_labels(inputs)
            # Layers would take -1 for the last class. In training the labels have been checked.
            if not training:
                labels = among_the_classes(tf.cast(labels, tf.int32), self.class_count)
                inputs = [codings, labels]
        if codings.shape[-1] != self.codings_size or len(codings.shape) != 2:
            raise ValueError(
                f"The codings have the shape {tuple(codings.shape)}; this generator takes "
                f"(count, {self.codings_size})."
            )
        generator = self.generator if training else self.sampled_generator
        return tf.cast(generator(inputs, training=training), tf.float32)

    def generate(
        self,
        count: int,
        *,
        labels: int | Sequence[int] | None = None,
        seed: int = 0,
        truncation: float = 1.0,
    ) -> np.ndarray:
        """Images, ready to show or save: uint8, (count, *image_shape); see `Sampler.generate`."""
        return self.sampler().generate(count, labels=labels, seed=seed, truncation=truncation)

    def sampler(self) -> Sampler:
        """The `Sampler` of this model's generator; it follows the weights as they change."""
        generator = self.sampled_generator
        if self._sampler is None or self._sampler.generator is not generator:
            self._sampler = Sampler(
                generator,
                codings_size=self.codings_size,
                class_count=self.class_count,
                image_range=self.image_range,
            )
        return self._sampler

    # Quality and figures.

    @property
    def quality(self):
        """`gan_model.metrics.Quality`, measured in every evaluation; None measures nothing."""
        return self.monitor.quality

    @quality.setter
    def quality(self, quality):
        self.monitor.set_quality(quality)

    @property
    def metrics(self):
        return self._metrics_of(evaluating=self.evaluating)

    def _metrics_of(self, *, evaluating):
        aids = ("class_loss", "penalty", "augmentation_probability")
        without = [name for name in aids if getattr(self, name) is None]
        # Without the tracker of Keras's own loss, which this model never feeds, and without the
        # qualities that were ever set, which `evaluate` measures after its steps.
        of_subclass = [
            metric
            for metric in super().metrics
            if metric.name != "loss" and not hasattr(metric, "refer_to")
        ]
        return self.trackers.shown(evaluating=evaluating, without=without) + of_subclass

    @property
    def metrics_names(self):
        """Names of the numbers that `evaluate` gives, in their order; the quality's come last."""
        quality = () if self.quality is None else self.quality.names
        return [metric.name for metric in self._metrics_of(evaluating=True)] + [*quality]

    def get_metrics_result(self):
        return self.trackers.means(self.metrics)

    def make_train_function(self, force=False):
        if self.train_function is None or force:
            super().make_train_function(force=True)
            self.train_function = execution.train_function(self)

    def make_step_function(self, step, make):
        make = execution.on_devices(self) or make
        step = execution.with_all_figures(self, step)
        return without_registry_leak(make, execution.after_data(step))

    def _counter(self, name):
        # One count for all devices, which step together.
        counter = dict(shape=(), dtype="int64", initializer="zeros", trainable=False)
        return self.add_weight(name=name, aggregation="only_first_replica", **counter)
