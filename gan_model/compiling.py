"""The rule of a game and how each player learns it -> a model that is ready for its steps."""

import keras

from gan_model import players, rules
from gan_model.execution import devices
from gan_model.losses import NonSaturating


class Compiled:
    """`compile` of a model with a `generator` and a `discriminator`."""

    penalty = constraint = class_loss = None  # until `compile` says otherwise
    discriminator_steps = 1

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
        """Sets the rule of the game and how each player learns.

        Weights and counters stay as they are when a GAN is compiled again; so do a running
        average and the probability of an adaptive augmentation, where it is compiled with one
        again. Optimizers begin anew.

        Args:
            loss: an object of `gan_model.losses`, or your own with the same two methods.
                None: `NonSaturating()`.
            generator_optimizer: Keras optimizer or its name. None: Adam with the rate 2e-4
                and beta_1 0.5 (Radford et al., 2016). Its learning rate may be one of
                `keras.optimizers.schedules`, a function of the steps of this player.
            discriminator_optimizer: the same for the discriminator; another object.
            class_loss: what wrong classes cost where the discriminator tells them, called with
                (labels, class_logits). None: `conditioning.CrossEntropy()`.
            penalty: an object of `gan_model.penalties`, or a sum of them, which the
                discriminator pays on top. It is logged by itself, not in `discriminator_loss`.
            constraint: applied to each weight of the discriminator after its update, as
                `penalties.WeightClipping()`.
            augment: an object of `gan_model.augmenting`, or a sum of them: how real and fake
                images are changed before the discriminator, in training alone. An adaptive
                one is logged as `augmentation`.
            average: an object of `gan_model.averaging`. Then a second generator,
                `gan.averaged_generator`, follows the one that learns; it makes all images
                that are shown, kept or measured, and `gan.generator` is the raw one. None:
                no average; one of an earlier `compile` is dropped.
            discriminator_steps: steps of the discriminator to one of the generator (Arjovsky et
                al., 2017, have 5). Each batch is one step of the discriminator; the generator
                moves in every n-th of them, of the model's whole life. On one device.
            steps_per_execution: steps run between two looks at the callbacks and the progress
                bar. More is faster where a step takes only milliseconds.
            jit_compile: whether XLA compiles the step. "auto": on a single GPU.
            run_eagerly: run the step line by line, for a debugger.
        """
        self._execution = {
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,  # as given: "auto" means another thing elsewhere
            "run_eagerly": run_eagerly,
        }
        # All that can be refused comes before anything is changed.
        players.check_trainable(generator=self.generator, discriminator=self.discriminator)
        checked = {
            "discriminator_steps": rules.checked_steps(discriminator_steps, devices()),
            "loss": rules.checked_loss(NonSaturating() if loss is None else loss),
            "class_loss": rules.checked_class_loss(class_loss, self),
            "penalty": rules.checked_penalty(penalty, self.discriminator),
            "constraint": rules.checked_constraint(constraint),
        }
        optimizers = rules.checked_optimizers(
            generator_optimizer or _adam(), discriminator_optimizer or _adam(), devices=devices()
        )
        self._compile_augment(augment)
        self._compile_average(average)
        # On several devices neither Keras's loop over steps nor XLA works (Keras 3.15).
        possible = {"steps_per_execution": 1, "jit_compile": False} if devices() > 1 else {}
        super().compile(optimizer=None, **self._execution | possible)
        for name, value in checked.items():
            setattr(self, name, value)
        self.generator_optimizer, self.discriminator_optimizer = optimizers
        # Now, not at the first step: only built optimizers can load a checkpoint.
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)


def _adam():
    return keras.optimizers.Adam(2e-4, beta_1=0.5)
