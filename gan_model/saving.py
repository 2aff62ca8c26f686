"""What of a GAN goes into a `.keras` file, and how it comes back.

Keras saves the weights of the players and the state of both optimizers by itself. Added here:
the players as part of the configuration, the game and the optimizers as part of the
compilation, the counters, and the random state of layers such as dropout, which no format of
Keras keeps.
"""

import keras
import numpy as np

_COMPILED_OBJECTS = (
    "loss",
    "generator_optimizer",
    "discriminator_optimizer",
    "class_loss",
    "penalty",
    "constraint",
    "augment",
    "average",
)


class Saved:
    """The methods that `save`, `save_weights`, `load_model` and `load_weights` ask for."""

    def get_config(self):
        network = keras.saving.serialize_keras_object
        return {
            "generator": network(self.generator),
            "discriminator": network(self.discriminator),
            "codings_size": self.codings_size,
            "class_count": self.class_count,
            "image_range": self.image_range,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        for player in ("generator", "discriminator"):
            network = keras.saving.deserialize_keras_object(config[player], custom_objects)
            config = {**config, player: network}
        return cls(**config)

    def get_compile_config(self):
        if not self.compiled:
            return {}
        given = {name: getattr(self, name) for name in _COMPILED_OBJECTS}
        return {
            **{name: keras.saving.serialize_keras_object(given[name]) for name in given},
            "discriminator_steps": self.discriminator_steps,
            **self._execution,
        }

    def compile_from_config(self, config):
        # Only those there are: older files lack the newer ones.
        objects = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in _COMPILED_OBJECTS
            if name in config
        }
        self.compile(**{**config, **objects})

    def get_build_config(self):
        return None  # both players are built before they get here

    def save_own_variables(self, store):
        for name, variable in self._own_state().items():
            store[name] = np.asarray(variable)

    def load_own_variables(self, store):
        for name, variable in self._own_state().items():
            variable.assign(np.asarray(store[name]))

    def _own_state(self):
        """What no layer saves: the counters, and the random state of layers such as dropout."""
        weights = {id(weight) for weight in self.weights}
        random = [variable for variable in self.variables if id(variable) not in weights]
        counters = {"step": self.step, "images_seen": self.images_seen}
        return counters | {f"random_{i}": variable for i, variable in enumerate(random)}
