"""`compile` of a GAN, which checks all arguments before it changes anything."""

import contextlib
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from gan_model import replicas
from gan_model.augmenting import Adaptive, Augmenter, AugmentFunction
from gan_model.augmenting.adaptive import Probability
from gan_model.averaging import Average
from gan_model.keras_internals import take_gradients_as_sums
from gan_model.losses import ClassCrossEntropy, ClassLoss, Loss, NonSaturating
from gan_model.model import checks
from gan_model.model.cloning import clone_generator
from gan_model.model.discriminating import takes_both_at_once
from gan_model.model.objective import Objective
from gan_model.penalties import PenaltyFunction
from gan_model.storage.serializable import check_counts

COMPILED_OBJECTS = ("loss", "class_loss", "penalty", "constraint", "augment", "average")
# Optimizer -> the ids of the weights that `compile` has built it for, which it keeps alive. Keras
# does not build it again, and would only refuse other weights in the middle of the first step.
_BUILT_FOR = weakref.WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class _AllOptimizers:
    """What Keras and its callbacks read of `model.optimizer`, of a model that has several.

    Args:
        iterations: training steps done, a variable.
        each: all optimizers. Keras's TensorBoard would give their rates one name, if it saw them.
    """

    iterations: Any
    each: tuple
    built = True

    @property
    def variables(self):
        return [variable for optimizer in self.each for variable in optimizer.variables]

    def __getattr__(self, name):
        raise AttributeError(
            f"`optimizer.{name}` is of one optimizer, and a GAN has {len(self.each)}. Type "
            f"gan.generator_optimizer.{name} or gan.discriminator_optimizer.{name}."
        )


class Compiles:
    """`compile` of a Keras model with `networks`, a generator and a discriminator among them.

    Attributes:
        loss, class_loss, penalty, constraint, augment, average, discriminator_steps: arguments of
            `compile`, or their defaults.
        generator_optimizer, discriminator_optimizer: Keras optimizers; so for each further network
            of a subclass.
        optimized: the ids of the weights that the optimizers were built for.
        objective: the `Objective` of these losses and penalties.
        execution_settings: dict of the arguments that Keras's `compile` takes.
        functions_by_steps: dict from `steps_per_execution` to what Keras has made for it, the
            functions of training and of evaluation; for numbers that are not in use.
        auxiliary_layers: dict of the layers that `compile` adds to the model, "average" and
            "augmentation".
    """

    class_loss = penalty = constraint = augment = average = None
    discriminator_steps = 1
    objective = execution_settings = None

    def compile(
        self,
        loss: Loss | None = None,
        generator_optimizer: keras.Optimizer | None = None,
        discriminator_optimizer: keras.Optimizer | None = None,
        *,
        optimizers: dict[str, keras.Optimizer] | None = None,
        class_loss: ClassLoss | None = None,
        penalty: PenaltyFunction | None = None,
        constraint: Callable | None = None,
        augment: AugmentFunction | None = None,
        average: Average | None = None,
        discriminator_steps: int = 1,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        run_eagerly: bool = False,
    ) -> None:
        """Sets the losses, the optimizers and everything else that training depends on.

        A GAN can be compiled again. Its weights and counters are kept. The average and the
        probability of an adaptive augmentation are kept if the GAN is compiled with one again.
        The state of an optimizer is kept if it is given again, for the same weights. If an error is
        raised, nothing has changed.

        Args:
            loss: an object of `gan_model.losses`, or of your own class with the same two methods.
                None: `NonSaturating()`.
            generator_optimizer: Keras optimizer or its name. None: Adam with learning rate 2e-4
                and beta_1 0.5 (Radford et al., 2016). A learning rate schedule is called with
                the number of batches that this network has learned from.
            discriminator_optimizer: the same for the discriminator; must be another object.
            optimizers: those of the further networks of a subclass, a dict from their names. A
                network that is left out has the default of the generator.
            class_loss: function of (labels, class_logits), for a discriminator that classifies.
                None: `losses.ClassCrossEntropy()`.
            penalty: an object of `gan_model.penalties`, or a sum of them, which is added to the
                discriminator loss. It is logged as `penalty`, not in `discriminator_loss`.
            constraint: function that is applied to each weight of the discriminator after its
                update, such as `penalties.WeightClipping()`.
            augment: an object of `gan_model.augmenting`, or a sum of them. It changes real and
                fake images before the discriminator sees them, in training only. The probability
                of an adaptive one is logged as `augmentation_probability`.
            average: an object of `gan_model.averaging`. It updates a second generator,
                `gan.averaged_generator`, which then generates all images that are shown, saved or
                measured. None: no average; that of an earlier `compile` is deleted.
            discriminator_steps: discriminator steps per generator step. Each batch is one
                discriminator step. Arjovsky et al. (2017) use 5.
            steps_per_execution: number of steps between two calls of the callbacks. Larger values
                are faster if a step takes only milliseconds.
            jit_compile: whether to compile the step with XLA. "auto": on a single GPU.
            run_eagerly: whether to run the step without a graph, for debugging.

        Raises:
            ValueError: if an argument is invalid or would have no effect; XLA on several devices.
        """
        loss = NonSaturating() if loss is None else loss
        if class_loss is None and self.classifies:
            class_loss = ClassCrossEntropy()
        optimizers = _optimizers(
            self.networks,
            {"generator": generator_optimizer, "discriminator": discriminator_optimizer},
            optimizers or {},
        )
        checks.check_further(self)
        checks.check_trainable(**self.networks)
        checks.check_objects(
            *(loss, class_loss, penalty, constraint, augment, average),
            discriminator=self.discriminator,
            classifies=self.classifies,
        )
        check_counts(
            discriminator_steps=discriminator_steps, steps_per_execution=steps_per_execution
        )
        made_for = self.distribute_strategy.num_replicas_in_sync
        checks.check_devices(jit_compile, devices=replicas.count(), made_for=made_for)
        # `build` can raise too. Optimizers are built because only then can they load a checkpoint.
        optimized = self._build(optimizers)
        auxiliary_layers = self._auxiliary_layers_for(augment, average)
        # All checks have passed. Nothing below raises an error for an argument.
        self._execute(
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,  # not resolved: "auto" depends on the machine
            run_eagerly=run_eagerly,
        )
        self._set_auxiliary_layers(auxiliary_layers)
        self.optimized = optimized
        self.loss, self.class_loss, self.penalty = loss, class_loss, penalty
        self.constraint, self.augment, self.average = constraint, augment, average
        self.discriminator_steps = int(discriminator_steps)  # numpy's would be kept in files
        for name, optimizer in optimizers.items():
            setattr(self, f"{name}_optimizer", optimizer)
        self.optimizer = _AllOptimizers(self.step, tuple(optimizers.values()))
        boundary = getattr(loss, "boundary", 0.0)
        augmenter = Augmenter(augment, self.image_range, auxiliary_layers["augmentation"], boundary)
        jointly = all(map(takes_both_at_once, self.networks_of("discriminator").values()))
        self.objective = Objective(loss, class_loss, penalty, augmenter, jointly)

    def compile_arguments(self):
        """What `compile` was given or chose: a dict of its arguments, with the same objects."""
        named = ("generator", "discriminator")
        further = {name: one for name, one in self.optimizers.items() if name not in named}
        return {
            **{f"{name}_optimizer": self.optimizers[name] for name in named},
            **({"optimizers": further} if further else {}),
            **{name: getattr(self, name) for name in COMPILED_OBJECTS},
            "discriminator_steps": self.discriminator_steps,
            **self.execution_settings,
        }

    @property
    def optimizers(self):
        """The optimizers of all networks: dict from the names of `networks`."""
        return {name: getattr(self, f"{name}_optimizer") for name in self.networks}

    @property
    def averaged_generator(self):
        """The moving average of `generator`, a Keras model; None without one."""
        return self.auxiliary_layers.get("average")

    @property
    def sampled_generator(self):
        """The generator that generates images: the averaged one if there is one."""
        return self.generator if self.averaged_generator is None else self.averaged_generator

    @property
    def augmentation_probability(self):
        """The probability of an adaptive augmentation, a variable; None without one."""
        probability = self.auxiliary_layers.get("augmentation")
        return None if probability is None else probability.p

    def add_averaged_generator(self):
        """Adds an averaged generator, with the weights of `generator`."""
        self.auxiliary_layers["average"] = self._clone()

    def _build(self, optimizers):
        """Builds the optimizers; gives the ids of the weights that they know.

        Raises:
            ValueError: one of them was built for other weights.
        """
        weights = {name: [*one.trainable_variables] for name, one in self.networks.items()}
        ids = {name: tuple(map(id, of_network)) for name, of_network in weights.items()}
        for name, optimizer in optimizers.items():
            if _BUILT_FOR.get(optimizer, ids[name]) != ids[name]:
                raise ValueError(
                    f"The {name}_optimizer was built for other weights: those of another network, "
                    "or before a layer was frozen or made trainable. Type a new one: "
                    f"{type(optimizer).__name__}(...)."
                )
        for name, optimizer in optimizers.items():
            with _one_variable_name():
                optimizer.build(weights[name])
            _BUILT_FOR[optimizer] = ids[name]
        return frozenset(known for of_network in ids.values() for known in of_network)

    def _auxiliary_layers_for(self, augment, average):
        """The layers that `augment` and `average` need: existing ones if possible, or new ones."""
        made = {"augmentation": None, "average": None}
        if isinstance(augment, Adaptive):
            made["augmentation"] = self.auxiliary_layers.get("augmentation") or Probability()
        if average is not None:
            made["average"] = self.averaged_generator or self._clone()
        return made

    def _set_auxiliary_layers(self, auxiliary_layers):
        kept = {name: layer for name, layer in auxiliary_layers.items() if layer is not None}
        if [*self.auxiliary_layers.items()] == [*kept.items()]:
            return
        # All of them, so that the order of the weights is one: a loaded GAN had its average before.
        self.auxiliary_layers.clear()
        self.auxiliary_layers.update(kept)

    def _clone(self):
        return clone_generator(self.generator, self.codings_size, self.class_count)

    def _execute(self, **settings):
        # "auto" would be XLA on GPUs; see `checks.check_devices`.
        possible = {"jit_compile": False} if replicas.count() > 1 else {}
        super().compile(optimizer=None, **settings | possible)
        self.execution_settings, self.functions_by_steps = settings, {}


@contextlib.contextmanager
def _one_variable_name():
    """Gives all TensorFlow variables that are made here the same name.

    TensorFlow keeps the operation that makes a variable for the rest of the process, 35 KB for each
    new name. Keras numbers the names of layers and optimizers, so those of a new GAN are all new.
    Names and paths of the Keras variables do not change.
    """
    if replicas.count() > 1:  # a strategy derives the names of its copies
        yield
        return

    def create(next_creator, **arguments):
        # The slash makes the name absolute: without the names of the optimizer and its scopes.
        return next_creator(**arguments | {"name": "optimizer_variable/"})

    with tf.variable_creator_scope(create):
        yield


def _optimizers(networks, by_argument, by_name):
    """The Keras optimizer of each network, a dict from its name.

    Args:
        networks: the networks, by name.
        by_argument: optimizers of the generator and the discriminator, by name; None: the default.
        by_name: those of further networks, by name, as far as they are given.

    Raises:
        ValueError: if a GAN cannot use them.
    """
    further = [name for name in networks if name not in by_argument]
    if unknown := set(by_name) - set(further):
        raise ValueError(
            f"`optimizers` is for the further networks of a subclass, which are {further}. "
            f"Received: {sorted(unknown)}."
        )
    chosen = by_argument | {name: by_name.get(name) for name in further}
    optimizers = {
        name: keras.optimizers.Adam(2e-4, beta_1=0.5)
        if optimizer is None
        else keras.optimizers.get(optimizer)
        for name, optimizer in chosen.items()
    }
    checks.check_optimizers(optimizers)
    for optimizer in optimizers.values() if replicas.count() > 1 else ():
        take_gradients_as_sums(optimizer)  # of `update`
    return optimizers
