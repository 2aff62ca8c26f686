"""What the package uses of Keras, TensorFlow and keras-tuner that they do not call public.

Keras's and TensorFlow's stand in `gan_model/keras_internals.py` alone. A failure names what another
version has changed, and what the package needs it for.
"""

import ast
import inspect
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import ops
from test_layout import KERAS_INTERNALS, OF_KERAS_TUNER, TREES

from gan_model import keras_internals

VERSIONS = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
ACCUMULATING = "gradients accumulated on several devices"
WORKERS = "how long workers wait for each other, and what they tell each other"
HYPERBAND = "the trials that Hyperband will run, to tell the time left"
SERVICE = """service_type service_leader cluster_register_timeout_in_ms heartbeat_timeout_in_ms
shutdown_barrier_timeout_in_ms coordinated_jobs""".split()
# Owner, name, what it is needed for, and its arguments: their number or names. None: no method.
USED = [
    ("model", "_flatten_layers", "layers inside wrappers and nested models", 0),
    ("model", "_make_function", "a step on several devices, or without a graph left", 1),
    ("model", "_maybe_symbolic_build", "devices whose batches differ in size", ["iterator"]),
    ("optimizer", "_all_reduce_sum_gradients", "gradients that are summed before clipping", 1),
    ("optimizer", "_iterations", ACCUMULATING, None),
    ("optimizer", "_accumulated_gradients", ACCUMULATING, None),
    ("optimizer", "_get_variable_index", ACCUMULATING, 1),
    ("optimizer", "_backend_increment_gradient_accumulators", ACCUMULATING, 2),
    ("optimizer", "_apply_weight_decay", ACCUMULATING, 1),
    ("optimizer", "_clip_gradients", ACCUMULATING, 1),
    ("optimizer", "_backend_update_step", ACCUMULATING, 3),
    ("writer", "_resource", "the start of a session on TensorBoard", None),
    ("gradients", "_registry", "the memory of graphs after their model", None),
    ("context", "configure_coordination_service", WORKERS, SERVICE),
    ("context", "set_config_key_value", WORKERS, 2),
    ("context", "get_config_key_value", WORKERS, 2),
    ("tuner", "_build_hypermodel", "trials that Hyperband continues", 1),
    ("oracle", "_retry_queue", "trials that are handed out again", None),
    ("oracle", "_seed_state", "a search that is read again", None),
    ("oracle", "_get_num_brackets", HYPERBAND, 0),
    ("oracle", "_get_num_rounds", HYPERBAND, 1),
    ("oracle", "_get_epochs", HYPERBAND, 2),
    ("oracle", "_get_size", HYPERBAND, 2),
]


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


@pytest.mark.parametrize(("owner", "name", "purpose", "arguments"), USED, ids=lambda v: str(v)[:40])
def test_a_private_name_is_as_it_was(owner, name, purpose, arguments, owners):
    needed = f"({VERSIONS}), which the package needs for {purpose}."
    assert hasattr(owners[owner], name), f"The {owner} has no `{name}` any more {needed}"
    if arguments is not None:
        by_name = dict.fromkeys(arguments if isinstance(arguments, list) else ())
        by_place = () if by_name else range(arguments)
        try:
            inspect.signature(getattr(owners[owner], name)).bind(*by_place, **by_name)
        except TypeError as error:
            pytest.fail(f"`{name}` of the {owner} takes other arguments {needed} {error}")


def test_fit_has_its_batches_evaluated():
    told = {}

    class Watched(keras.Sequential):
        def evaluate(self, *args, **arguments):
            told.update(by_fit=keras_internals.called_by_fit(arguments))
            told.update(steps=self._eval_epoch_iterator.steps_per_execution)
            return super().evaluate(*args, **arguments)

    model, batch = Watched([keras.layers.Dense(1)]), np.zeros((4, 1))
    model.compile(loss="mse", run_eagerly=True)
    model.fit(batch, batch, validation_data=(batch, batch), verbose=0)
    assert told == {"by_fit": True, "steps": 1}, (
        f"`fit` calls `evaluate` otherwise now ({VERSIONS}): see GAN.evaluate."
    )


def test_an_accumulated_update_is_that_of_keras():
    """Clipped, decayed, by a schedule, with a constraint: two updates of two batches each."""

    def optimizer(variable):
        rate = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
        settings = dict(weight_decay=0.1, clipnorm=0.5, gradient_accumulation_steps=2)
        made = keras.optimizers.Adam(rate, **settings)
        made.build([variable])
        return made

    def variable():
        return keras.Variable([1.0, 2.0], constraint=keras.constraints.MaxNorm(2.0))

    ours, keras_own = variable(), variable()
    one, other = optimizer(ours), optimizer(keras_own)
    for batch in range(4):
        gradient = tf.constant([1.0 + batch, -0.5])
        assert keras_internals.batches_seen(one) == batch
        keras_internals.accumulate(one, [gradient], [ours], update=batch % 2 == 1)
        other.apply_gradients([(gradient, keras_own)])
        np.testing.assert_allclose(ours, keras_own, rtol=1e-6)
    assert not np.allclose(ours, [1.0, 2.0])


def test_private_names_of_keras_stand_in_one_file():
    """Names with an underscore, and modules that TensorFlow does not document."""
    home = Path(keras_internals.__file__)
    tree = ast.parse(home.read_text())
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.FunctionDef)]
    found = {node.attr if isinstance(node, ast.Attribute) else node.name for node in nodes}
    text = home.read_text()
    tested = {name for _, name, *_ in USED} - set(OF_KERAS_TUNER)
    assert all(name in found or f'"{name}"' in text for name in tested)
    assert set(KERAS_INTERNALS) <= tested | {"_eval_epoch_iterator"}
    for path, tree in TREES.items():
        modules = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        inside = ("tensorflow.python", "tensorflow.compiler", "keras.src", "keras_tuner.src")
        assert path == home or not any(name.startswith(inside) for name in modules), path


def test_each_name_of_keras_tuner_is_looked_at():
    assert set(OF_KERAS_TUNER) <= {name for _, name, *_ in USED}
