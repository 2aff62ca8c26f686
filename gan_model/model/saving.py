"""A GAN -> a `.keras` file, and back.

Keras saves the weights of both networks and the state of both optimizers. This module adds both
networks to the configuration, and the losses, penalties and optimizers to the compile
configuration. It also saves the counters, and the random state of layers such as dropout, which
no Keras file format saves.
"""

from pathlib import Path

import keras
import numpy as np

# Their classes are registered when they are imported: whoever has `GAN` can load all that it saves.
from gan_model import augmenting, averaging, losses, networks, penalties, replicas  # noqa: F401
from gan_model.model.compiling import COMPILED_OBJECTS
from gan_model.model.labels import LookedUpLabels, with_labels
from gan_model.networks.layers import dtype_policy
from gan_model.storage.file_format import FORMAT, check_format
from gan_model.storage.messages import reason_of

_BY_ARGUMENT = ("generator", "discriminator")  # their optimizers are arguments of `compile`


class SavedAsKerasFile:
    """The methods that Keras calls in `save`, `save_weights`, `load_model` and `load_weights`."""

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            "format": FORMAT,
            **{name: serialize(network) for name, network in self.networks.items()},
            "codings_size": self.codings_size,
            "class_count": self.class_count,
            "image_range": self.image_range,
            "seed": self.seed,
            "name": self.name,
            "averaged": self.averaged_generator is not None,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        check_format(config.pop("format", None), "This GAN")
        averaged = config.pop("averaged")
        for name in cls.network_names():
            config[name] = keras.saving.deserialize_keras_object(config[name], custom_objects)
        gan = cls(**config)
        if averaged:
            # Here and not in `compile`, because load_model(..., compile=False) needs it too.
            gan.add_averaged_generator()
        return gan

    def get_compile_config(self):
        if not self.compiled:
            return {}
        serialize = keras.saving.serialize_keras_object
        optimizers = {name: serialize(one) for name, one in self.optimizers.items()}
        of_arguments = {f"{name}_optimizer": optimizers.pop(name) for name in _BY_ARGUMENT}
        return {
            **{name: serialize(getattr(self, name)) for name in COMPILED_OBJECTS},
            **of_arguments,
            "optimizers": optimizers,
            "discriminator_steps": self.discriminator_steps,
            **self.execution_settings,
        }

    def compile_from_config(self, config):
        deserialize = keras.saving.deserialize_keras_object
        names = (*COMPILED_OBJECTS, *(f"{name}_optimizer" for name in _BY_ARGUMENT))
        objects = {name: deserialize(config[name]) for name in names}
        objects["optimizers"] = {
            name: deserialize(optimizer) for name, optimizer in config["optimizers"].items()
        }
        if replicas.count() > 1:  # the file may be of a single device
            objects["jit_compile"] = False
        self.compile(**{**config, **objects})

    def save(self, filepath, *arguments, **keras_arguments):
        """Keras's, to a `.keras` file."""
        if Path(filepath).suffix in (".h5", ".hdf5"):
            raise ValueError(
                f"A GAN is saved as a .keras file. Received: {filepath}. Type "
                f"gan.save({str(Path(filepath).with_suffix('.keras'))!r})."
            )
        super().save(filepath, *arguments, **keras_arguments)

    def export(self, filepath, format="tf_saved_model", **keras_arguments):
        """Keras's `export` of what `gan(codings)`, or `gan([codings, labels])`, gives.

        That is float32 images in `image_range`, of the averaged generator if there is one.
        `gan_model.exporting.export` writes uint8 images, and checks what it wrote.
        """
        try:
            self._images_model().export(filepath, format, **keras_arguments)
        except ValueError as error:
            raise ValueError(
                f"Keras cannot export the GAN: {reason_of(error)}. Type "
                "gan_model.exporting.export(gan, 'exported', format='savedmodel')."
            ) from error

    def _images_model(self):
        """A Keras model of the generator alone, without the discriminator and the optimizers."""
        with dtype_policy("float32"):  # another one would round the codings
            codings, labels = keras.Input((self.codings_size,), name="codings"), None
            inputs = codings
            if self.class_count is not None:
                labels = keras.Input((), dtype="int32", name="labels")
                inputs = [codings, labels]
                labels = LookedUpLabels(self.class_count)(labels)
            images = self.sampled_generator(with_labels(codings, labels))
            model = keras.Model(inputs, keras.ops.cast(images, "float32"))
        model(keras.tree.map_structure(lambda x: np.zeros((1, *x.shape[1:]), x.dtype), inputs))
        return model  # which some formats refuse before it is called

    def quantize(self, *arguments, **keras_arguments):
        raise ValueError(
            "A GAN cannot be trained with quantized weights. Quantize its generator: "
            "gan.sampled_generator.quantize('int8')."
        )

    def get_build_config(self):
        return None  # both networks are already built

    @property
    def state_variables(self):
        """All variables that the next step depends on, in the order of checkpoints.

        They are the counters, all networks with the random state of layers such as dropout, the
        layers that `compile` added, all optimizers, and whatever else a subclass has added to the
        model. Metrics are not included, because they are reset at the beginning of an epoch.
        """
        auxiliary = [self.auxiliary_layers.get(name) for name in ("augmentation", "average")]
        layers = *self.networks.values(), *filter(None, auxiliary)
        known = [
            *(self.step, self.images_seen, self.evaluation_step),
            *(variable for layer in layers for variable in layer.variables),
            *(v for optimizer in self.optimizers.values() for v in optimizer.variables),
        ]
        ids = set(map(id, known))
        return known + [variable for variable in self.variables if id(variable) not in ids]

    def save_own_variables(self, store):
        for name, variable in self._own_state().items():
            store[name] = np.asarray(variable)

    def load_own_variables(self, store):
        for name, variable in self._own_state().items():
            variable.assign(np.asarray(store[name]))

    def _own_state(self):
        """Variables that no layer saves: counters, and the random state of layers like dropout."""
        weights = {id(weight) for weight in self.weights}
        random = [variable for variable in self.variables if id(variable) not in weights]
        counters = {"step": self.step, "images_seen": self.images_seen}
        return counters | {f"random_{i}": variable for i, variable in enumerate(random)}
