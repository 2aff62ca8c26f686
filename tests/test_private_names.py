"""What the package uses of Keras, TensorFlow and keras-tuner that they do not call public.

A failure names what another version has changed, and what the package needs it for.
"""

import inspect

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import ops
from test_layout import FOREIGN

VERSIONS = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
OF_PYTHON = {"_exit", "_replace"}
# Names that `FOREIGN` lacks: the package overrides them, or has them from a private module.
MORE = {
    "_make_function": "Keras: a step that leaves no graph in memory",
    "_maybe_symbolic_build": "Keras: it would add up the batches of several devices",
    "_build_hypermodel": "keras-tuner: Hyperband would load weights that it keeps itself",
    "_registry": "TensorFlow: entries that would keep the graphs of each `fit` in memory",
    "configure_coordination_service": "TensorFlow: how long workers wait for each other",
    "set_config_key_value": "TensorFlow: texts from worker to worker",
    "get_config_key_value": "TensorFlow: the same",
}
PURPOSES, last = {}, None
for private, purpose in (FOREIGN | MORE).items():
    PURPOSES[private] = last = last if purpose.endswith(": the same") else purpose
SERVICE = """service_type service_leader cluster_register_timeout_in_ms heartbeat_timeout_in_ms
shutdown_barrier_timeout_in_ms coordinated_jobs""".split()
# By the owner's name: an attribute (None), or a method's number of arguments or their names.
USED = {
    "model": {"_flatten_layers": 0, "_make_function": 1, "_maybe_symbolic_build": ["iterator"]},
    "optimizer": {
        "_iterations": None,
        "_accumulated_gradients": None,
        "_get_variable_index": 1,
        "_backend_increment_gradient_accumulators": 2,
        "_apply_weight_decay": 1,
        "_clip_gradients": 1,
        "_backend_update_step": 3,
        "_all_reduce_sum_gradients": 1,
    },
    "tuner": {"_build_hypermodel": 1},
    "oracle": {
        "_retry_queue": None,
        "_seed_state": None,
        "_get_num_brackets": 0,
        "_get_num_rounds": 1,
        "_get_epochs": 2,
        "_get_size": 2,
    },
    "writer": {"_resource": None},
    "gradients": {"_registry": None},
    "context": {
        "configure_coordination_service": SERVICE,
        "set_config_key_value": 2,
        "get_config_key_value": 2,
    },
}


@pytest.fixture(scope="module")
def owners(tmp_path_factory):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    optimizer = keras.optimizers.Adam(gradient_accumulation_steps=2)
    optimizer.build(model.trainable_variables)
    folder = tmp_path_factory.mktemp("search")
    tuner = keras_tuner.Hyperband(lambda hp: model, objective="loss", directory=folder)
    return {
        "model": model,
        "optimizer": optimizer,
        "tuner": tuner,
        "oracle": tuner.oracle,
        "writer": tf.summary.create_file_writer(str(folder)),
        "gradients": ops.gradient_registry,
        "context": context.context(),
    }


@pytest.mark.parametrize(
    ("owner", "name"), [(o, name) for o, names in USED.items() for name in names]
)
def test_a_private_name_is_as_it_was(owner, name, owners):
    needed = f"({VERSIONS}), which the package needs for {PURPOSES[name]}."
    assert hasattr(owners[owner], name), f"The {owner} has no `{name}` any more {needed}"
    if (arguments := USED[owner][name]) is not None:
        by_name = dict.fromkeys(arguments if isinstance(arguments, list) else ())
        by_place = () if by_name else range(arguments)
        try:
            inspect.signature(getattr(owners[owner], name)).bind(*by_place, **by_name)
        except TypeError as error:
            pytest.fail(f"`{name}` of the {owner} takes other arguments {needed} {error}")


def test_fit_has_its_batches_evaluated():
    told = {}

    class Watched(keras.Sequential):
        def evaluate(self, *args, **kwargs):
            told.update(kwargs, steps=self._eval_epoch_iterator.steps_per_execution)
            return super().evaluate(*args, **kwargs)

    model, batch = Watched([keras.layers.Dense(1)]), np.zeros((4, 1))
    model.compile(loss="mse", run_eagerly=True)
    model.fit(batch, batch, validation_data=(batch, batch), verbose=0)
    assert told["_use_cached_eval_dataset"] and told["steps"] == 1, (
        f"`fit` calls `evaluate` otherwise now ({VERSIONS}): see GAN.evaluate."
    )


def test_each_name_is_looked_at():
    names = {name for names in USED.values() for name in names}
    assert names == set(FOREIGN | MORE) - OF_PYTHON - {"_eval_epoch_iterator"}
