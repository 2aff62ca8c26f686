"""Objects that `compile` takes <-> their configuration in a `.keras` file."""

import numbers
from dataclasses import fields, is_dataclass

import keras


def is_integer(value):
    """Whether a value is a whole number, of Python or of numpy, and no bool."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def check_counts(**counts):
    """Refuses counts, by name, that are not integers of 1 or more."""
    for name, count in counts.items():
        if not is_integer(count) or count < 1:
            raise ValueError(f"`{name}` is an integer of 1 or more. Received: {name}={count!r}.")


class Serializable:
    """Lets a frozen dataclass be saved with the model that was compiled with it.

    So may a class without arguments; another one defines `get_config` itself.
    """

    def get_config(self):
        # Not `asdict`, which copies: Keras tells objects apart by their `id`, and while it writes a
        # file, the copy of one schedule may get the address of another's.
        names = [field.name for field in fields(self)] if is_dataclass(self) else ()
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config):
        # Keras has serialised the values that are objects, such as a schedule.
        return cls(**keras.saving.deserialize_keras_object(config))


class SerializableParts:
    """The same for one whose field `parts` is a tuple of such objects."""

    def get_config(self):
        return {"parts": [keras.saving.serialize_keras_object(part) for part in self.parts]}

    @classmethod
    def from_config(cls, config):
        return cls(tuple(map(keras.saving.deserialize_keras_object, config["parts"])))
