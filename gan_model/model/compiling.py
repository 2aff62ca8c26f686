"""`compile`: the loss, the optimizers and the aids of a GAN, checked before anything changes."""

import keras

from gan_model import replicas
from gan_model.augmenting import Adaptive, Augmenter
from gan_model.augmenting.adaptive import Probability
from gan_model.losses import ClassCrossEntropy, NonSaturating
from gan_model.model import checks, inspection
from gan_model.model.cloning import clone_generator
from gan_model.model.game import Game


class Compiles:
    """`compile` of a Keras model with a `generator` and a `discriminator`.

    Attributes, all as `compile` was given them: `loss`, `class_loss`, `penalty`, `constraint`,
    `augment`, `average`, `discriminator_steps`, `generator_optimizer`, `discriminator_optimizer`.
    And what it makes of them: `game`, a `Game`; `execution_settings`, a dict; and in `companions`,
    a dict of layers whose state belongs to the model, "average" and "augmentation".
    """

    class_loss = penalty = constraint = augment = average = None
    discriminator_steps = 1
    game = execution_settings = None

    def compile(
        self,
        loss=None,
        generator_optimizer=None,
        discriminator_optimizer=None,
        *,
        class_loss=None,
        penalty=None,
        constraint=None,
        augment=None,
        average=None,
        discriminator_steps=1,
        steps_per_execution=1,
        jit_compile="auto",
        run_eagerly=False,
    ):
        """Sets what each player pays and how it learns.

        Weights and counters stay as they are when a GAN is compiled again; so do a running
        average and the probability of an adaptive augmentation, if it is compiled with one
        again. Optimizers start from scratch. An error changes nothing.

        Args:
            loss: an object of `gan_model.losses`, or your own with the same two methods.
                None: `NonSaturating()`.
            generator_optimizer: Keras optimizer or its name. None: Adam with learning rate 2e-4
                and beta_1 0.5 (Radford et al., 2016). Its learning rate may be one of
                `keras.optimizers.schedules`, a function of the steps of this player.
            discriminator_optimizer: the same for the discriminator; another object.
            class_loss: cost of wrong classes, for a discriminator that classifies, called with
                (labels, class_logits). None: `losses.ClassCrossEntropy()`.
            penalty: an object of `gan_model.penalties`, or a sum of them, which the
                discriminator pays as well. It is logged by itself, not in `discriminator_loss`.
            constraint: applied to each weight of the discriminator after its update, as
                `penalties.WeightClipping()`.
            augment: an object of `gan_model.augmenting`, or a sum of them: how real and fake
                images are changed before the discriminator, in training only. The probability of
                an adaptive one is logged as `augmentation_probability`.
            average: an object of `gan_model.averaging`. Then a second generator,
                `gan.averaged_generator`, follows the trained one; it makes all images
                that are shown, kept or measured. None: no average; one of an earlier `compile`
                is dropped.
            discriminator_steps: discriminator steps per generator step (Arjovsky et al., 2017,
                have 5). Each batch is one step of the discriminator; the generator learns in
                every n-th of them. On one device.
            steps_per_execution: steps run between two calls of the callbacks. More is faster
                where a step takes only milliseconds.
            jit_compile: whether XLA compiles the step. "auto": on a single GPU.
            run_eagerly: run the step line by line, for a debugger.

        Raises:
            ValueError: an argument that cannot be used, or would silently have no effect.
        """
        loss = NonSaturating() if loss is None else loss
        if class_loss is None and self.classifies:
            class_loss = ClassCrossEntropy()
        optimizers = _optimizers(generator_optimizer, discriminator_optimizer)
        self._check(loss, class_loss, penalty, constraint, augment, average)
        steps = {"discriminator_steps": discriminator_steps}
        steps |= {"steps_per_execution": steps_per_execution}
        checks.check_steps(**steps, devices=replicas.count())
        # Both may refuse too. Only built optimizers can load a checkpoint.
        optimizers[0].build(self.generator.trainable_variables)
        optimizers[1].build(self.discriminator.trainable_variables)
        companions = self._companions_for(augment, average)
        # From here on nothing is refused.
        self._execute(
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,  # as given: "auto" means another thing elsewhere
            run_eagerly=run_eagerly,
        )
        self._set_companions(companions)
        self.loss, self.class_loss, self.penalty = loss, class_loss, penalty
        self.constraint, self.augment, self.average = constraint, augment, average
        self.discriminator_steps = discriminator_steps
        self.generator_optimizer, self.discriminator_optimizer = optimizers
        augmenter = Augmenter(augment, self.image_range, companions["augmentation"])
        self.game = Game(loss, class_loss, penalty, augmenter)

    @property
    def averaged_generator(self):
        """The moving average of `generator`, a Keras model; None without one."""
        return self.companions.get("average")

    @property
    def sampled_generator(self):
        """The generator that images are made with: the averaged one if there is one."""
        return self.generator if self.averaged_generator is None else self.averaged_generator

    @property
    def augmentation_probability(self):
        """The probability of an adaptive augmentation, a variable; None without one."""
        probability = self.companions.get("augmentation")
        return None if probability is None else probability.p

    def add_averaged_generator(self):
        """Starts an averaged generator with the weights of `generator`."""
        self.companions["average"] = self._clone()

    def _check(self, loss, class_loss, penalty, constraint, augment, average):
        inspection.check_trainable(generator=self.generator, discriminator=self.discriminator)
        checks.check_loss(loss)
        checks.check_class_loss(class_loss, self.classifies)
        checks.check_penalty(penalty, self.discriminator)
        checks.check_constraint(constraint)
        checks.check_augment(augment)
        checks.check_average(average)

    def _companions_for(self, augment, average):
        """The layers that the augmentation and the average need: those there are, or new ones."""
        made = {"augmentation": None, "average": None}
        if isinstance(augment, Adaptive):
            made["augmentation"] = self.companions.get("augmentation") or Probability()
        if average is not None:
            made["average"] = self.averaged_generator or self._clone()
        return made

    def _set_companions(self, companions):
        for name, layer in companions.items():
            if layer is None:
                self.companions.pop(name, None)
            elif self.companions.get(name) is not layer:
                self.companions[name] = layer

    def _clone(self):
        return clone_generator(self.generator, self.codings_size, self.class_count)

    def _execute(self, **settings):
        # On several devices neither Keras's loop over steps nor XLA works (Keras 3.15).
        possible = {"steps_per_execution": 1, "jit_compile": False} if replicas.count() > 1 else {}
        super().compile(optimizer=None, **settings | possible)
        self.execution_settings = settings


def _optimizers(*given):
    """Keras optimizers, one for each player.

    Raises:
        ValueError: optimizers that a GAN cannot use.
    """
    optimizers = [
        keras.optimizers.Adam(2e-4, beta_1=0.5) if one is None else keras.optimizers.get(one)
        for one in given
    ]
    checks.check_optimizers(*optimizers, devices=replicas.count())
    return optimizers
