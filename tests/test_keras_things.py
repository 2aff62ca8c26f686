"""Keras's callbacks, settings and methods with a GAN: what docs/keras.md says of each is so."""

import contextlib
import csv
import functools
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from dense_gan import dense_gan
from tensorflow.python.framework.config import disable_op_determinism

from gan_model.augmenting import Adaptive, HorizontalFlip
from gan_model.averaging import ExponentialMovingAverage
from gan_model.penalties import R1

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 4, 4), dtype=np.uint8)
EVALUATED = {"validation_data": IMAGES}
CODINGS = np.ones((3, 2), "float32")
PAGE = Path(__file__).parents[1] / "docs" / "keras.md"
CASES = {}
config = keras.config


def case(name):
    return lambda function: CASES.setdefault(name, function)


def made(*, seed=0, **settings):
    keras.utils.set_random_seed(seed)
    gan = dense_gan((4, 4), codings_size=2)
    gan.compile(**({"run_eagerly": True} | settings))
    return gan


@functools.cache
def shared():
    """A GAN for cases that may be given one that others have trained."""
    return made()


def fit(gan=None, *callbacks, **arguments):
    """A `History`; of one epoch of one step unless told otherwise."""
    return (gan or shared()).fit(
        IMAGES, batch_size=8, verbose=0, callbacks=list(callbacks), **arguments
    )


def same_weights(one, other):
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


def rows():
    """Names and outcomes of the tables of the page."""
    cells = re.findall(r"^\| (.+?) \| (works|refused|not tried) \|", PAGE.read_text(), re.MULTILINE)
    return {name.strip("`"): outcome for name, outcome in cells}


# Callbacks.


class Interrupted(Exception):
    pass


def interrupt(epoch, logs):
    if epoch == 1:
        raise Interrupted


@case("BackupAndRestore")
def backup(folder):
    gan = made()
    stop = keras.callbacks.LambdaCallback(on_epoch_end=interrupt)
    with pytest.raises(Interrupted):
        fit(gan, stop, keras.callbacks.BackupAndRestore(folder / "backup"), epochs=2)
    resumed = made(seed=1)
    again = fit(resumed, keras.callbacks.BackupAndRestore(folder / "backup"), epochs=2)
    whole = made()
    fit(whole, epochs=2)
    assert again.epoch == [1] and same_weights(resumed, whole)


@case("CSVLogger")
def csv_logger(folder):
    history = fit(
        None,
        keras.callbacks.CSVLogger(folder / "a.csv"),
        **EVALUATED,
        epochs=2,
        validation_freq=2,
    ).history
    with open(folder / "a.csv", newline="") as file:
        first, last = csv.DictReader(file)
    assert last.keys() - {"epoch"} == history.keys()
    assert float(last["val_real_score"]) == pytest.approx(history["val_real_score"][0])
    assert "val_generator_gradient_norm" not in first and first["val_real_score"] == "NA"
    fit(None, keras.callbacks.CSVLogger(folder / "a.csv"))
    assert "val_" not in (folder / "a.csv").read_text()


@case("CallbackList")
def callback_list(folder):
    history = keras.callbacks.History()
    shared().fit(IMAGES, batch_size=8, verbose=0, callbacks=keras.callbacks.CallbackList([history]))
    assert history.epoch == [0]


@case("EarlyStopping")
def early_stopping(folder):
    stop = keras.callbacks.EarlyStopping("val_generator_loss", mode="min", min_delta=1e9)
    assert fit(None, stop, **EVALUATED, epochs=9).epoch == [0, 1]


@case("History")
def history(folder):
    own = keras.callbacks.History()
    assert fit(None, own).history == own.history


@case("LambdaCallback")
def lambda_callback(folder):
    epochs = []
    fit(None, keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _: epochs.append(epoch)))
    assert epochs == [0]


@case("LearningRateScheduler")
def learning_rate_scheduler(folder):
    fit(shared(), keras.callbacks.LearningRateScheduler(lambda _: 0.1))


@case("ModelCheckpoint")
def model_checkpoint(folder):
    gan, how = shared(), {"monitor": "val_generator_loss", "mode": "min", "save_best_only": True}
    fit(gan, keras.callbacks.ModelCheckpoint(folder / "a.keras", **how), **EVALUATED)
    assert same_weights(keras.models.load_model(folder / "a.keras"), gan)


@case("ProgbarLogger")
def progbar_logger(folder):
    fit(None, keras.callbacks.ProgbarLogger())


@case("ReduceLROnPlateau")
def reduce_on_plateau(folder):
    fit(shared(), keras.callbacks.ReduceLROnPlateau("val_generator_loss"))


@case("RemoteMonitor")
def remote_monitor(folder):
    sent = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("requests.post", lambda *_, **sending: sent.append(sending["json"]))
        fit(None, keras.callbacks.RemoteMonitor(send_as_json=True))
    assert sent[0]["epoch"] == 0 and "real_score" in sent[0]


@case("SwapEMAWeights")
def swap_averages(folder):
    fit(shared(), keras.callbacks.SwapEMAWeights())


@case("TensorBoard")
def tensorboard(folder):
    board = keras.callbacks.TensorBoard(folder, write_steps_per_second=True, histogram_freq=1)
    fit(None, board)
    tags = set()
    for path in map(str, folder.glob("*/events*")):
        for event in tf.compat.v1.train.summary_iterator(path):
            tags |= {value.tag for value in event.summary.value}
    assert {"epoch_steps_per_second", "epoch_real_score"} < tags


@case("TerminateOnNaN")
def terminate_on_nan(folder):
    gan = made()
    gan.set_weights([weight * np.nan for weight in gan.get_weights()[:-3]] + gan.get_weights()[-3:])
    assert fit(gan, keras.callbacks.TerminateOnNaN(), epochs=3).epoch == [0]


# Settings.


@contextlib.contextmanager
def setting(set_, value, before):
    set_(value)
    try:
        yield
    finally:
        set_(before)


def trains(**settings):
    gan = made(**settings)
    for figures in (
        gan.train_on_batch(IMAGES, return_dict=True),
        gan.test_on_batch(IMAGES, return_dict=True),
    ):
        assert all(type(value) is float and np.isfinite(value) for value in figures.values())


@case('keras.config.set_floatx("bfloat16")')
def floatx(folder):
    keras.layers.Dense(1)  # the dtype policy is known from now on
    with setting(config.set_floatx, "bfloat16", "float32"):
        trains()


@case('keras.config.set_dtype_policy("mixed_bfloat16")')
def mixed_bfloat16(folder):
    with setting(config.set_dtype_policy, "mixed_bfloat16", "float32"):
        trains()


@case('keras.config.set_dtype_policy("bfloat16")')
def bfloat16(folder):
    with setting(config.set_dtype_policy, "bfloat16", "float32"):
        trains()


@case('keras.config.set_dtype_policy("mixed_float16")')
def mixed_float16(folder):
    with setting(config.set_dtype_policy, "mixed_float16", "float32"):
        made()


@case('keras.config.set_image_data_format("channels_first")')
def channels_first(folder):
    with setting(config.set_image_data_format, "channels_first", "channels_last"):
        made()


@case("keras.config.set_epsilon(1e-3)")
def epsilon(folder):
    with setting(config.set_epsilon, 1e-3, 1e-7):
        trains()


@case("keras.config.set_max_epochs(1)")
def max_epochs(folder):
    with setting(config.set_max_epochs, 1, None), pytest.warns(UserWarning, match="epochs"):
        assert fit(epochs=3).epoch == [0]


@case("keras.RematScope()")
def rematerialization(folder):
    with keras.RematScope(mode="full"):
        made()


@case("compile(run_eagerly=True)")
def run_eagerly(folder):
    trains(run_eagerly=True)


@case("tf.config.run_functions_eagerly(True)")
def functions_eagerly(folder):
    with setting(tf.config.run_functions_eagerly, True, False):
        trains(run_eagerly=False)


@case("tf.debugging.enable_check_numerics()")
def check_numerics(folder):
    tf.debugging.enable_check_numerics()
    try:
        trains(
            average=ExponentialMovingAverage(), penalty=R1(1.0), augment=Adaptive(HorizontalFlip())
        )
    finally:
        tf.debugging.disable_check_numerics()


@case("tf.config.experimental.enable_op_determinism()")
def determinism(folder):
    tf.config.experimental.enable_op_determinism()
    try:
        trains()
    finally:
        disable_op_determinism()


# Methods.


@case("compile(metrics=...)")
def metrics(folder):
    made().compile(metrics=["mae"])


@case("compile(optimizer=...)")
def optimizer(folder):
    made().compile(optimizer="adam")


@case("compile_from_config")
def compile_from_config(folder):
    gan, other = made(discriminator_steps=3), made()
    other.compile_from_config(gan.get_compile_config())
    assert other.discriminator_steps == 3


@case("count_params")
def count_params(folder):
    gan = shared()
    assert gan.count_params() == sum(weight.numpy().size for weight in gan.weights)


@case("evaluate")
def evaluate(folder):
    gan = shared()
    figures = gan.evaluate(IMAGES, verbose=0, return_dict=True)
    assert gan.evaluate(IMAGES, verbose=0) == [figures[name] for name in gan.metrics_names]
    assert figures.keys() == set(gan.metrics_names)


@case("export")
def export(folder):
    gan = shared()
    gan.export(folder / "exported", verbose=False)
    loaded = tf.saved_model.load(str(folder / "exported"))
    assert np.allclose(loaded.serve(CODINGS), gan(CODINGS), atol=1e-6)
    kept = sum(np.size(variable) for variable in loaded.variables)
    assert kept == gan.generator.count_params()


@case("fit(class_weight=...)")
def class_weight(folder):
    fit(class_weight={0: 1.0})


@case("fit(sample_weight=...)")
def sample_weight(folder):
    fit(shared(), sample_weight=np.ones(8))


@case("fit(validation_freq=2)")
def validation_freq(folder):
    figures = fit(**EVALUATED, epochs=4, validation_freq=2).history
    assert [len(figures[name]) for name in ("real_score", "val_real_score")] == [4, 2]


@case("from_config")
def from_config(folder):
    gan = shared()
    assert type(gan).from_config(gan.get_config()).image_shape == gan.image_shape


@case("get_layer")
def get_layer(folder):
    gan = shared()
    assert gan.get_layer(gan.generator.name) is gan.generator


@case("get_weights")
def get_weights(folder):
    gan, other = made(), made(seed=1)
    other.set_weights(gan.get_weights())
    assert same_weights(gan, other)


@case("keras.models.clone_model")
def clone_model(folder):
    gan = shared()
    clone = keras.models.clone_model(gan)
    assert clone.image_shape == gan.image_shape and not same_weights(gan, clone)


@case("load_weights")
def load_weights(folder):
    gan, other = made(), made(seed=1)
    fit(gan)
    gan.save_weights(folder / "a.weights.h5")
    other.load_weights(folder / "a.weights.h5")
    assert same_weights(gan, other) and int(other.step) == 1
    assert int(other.generator_optimizer.iterations) == 1


@case("predict")
def predict(folder):
    gan = shared()
    assert np.allclose(gan.predict(CODINGS, verbose=0), gan(CODINGS), atol=1e-6)


@case("predict_on_batch")
def predict_on_batch(folder):
    gan = shared()
    assert np.allclose(gan.predict_on_batch(CODINGS), gan(CODINGS), atol=1e-6)


@case("quantize")
def quantize(folder):
    shared().quantize("int8")


@case("reset_metrics")
def reset_metrics(folder):
    gan = made()
    gan.train_on_batch(IMAGES)
    gan.reset_metrics()
    assert not any(map(float, gan.get_metrics_result().values()))


@case("save")
def save(folder):
    gan = made()
    fit(gan)
    gan.save(folder / "a.keras")
    assert same_weights(keras.models.load_model(folder / "a.keras"), gan)


@case('save("gan.h5")')
def save_h5(folder):
    shared().save(folder / "gan.h5")


@case("summary")
def summary(folder):
    gan, lines = shared(), []
    gan.summary(print_fn=lambda text, **_: lines.append(text))
    parameters = sum(np.size(variable) for variable in gan.optimizer.variables)
    assert f"Optimizer params: {parameters}" in "".join(lines)


@case("test_on_batch")
def test_on_batch(folder):
    gan = shared()
    one = gan.test_on_batch(IMAGES, return_dict=True)
    assert one == pytest.approx(gan.evaluate(IMAGES, verbose=0, return_dict=True))
    assert gan.test_on_batch(IMAGES) == pytest.approx([one[name] for name in gan.metrics_names])


test_on_batch.__test__ = False


@case("to_json")
def to_json(folder):
    assert keras.models.model_from_json(shared().to_json()).image_shape == (4, 4)


@case("train_on_batch")
def train_on_batch(folder):
    gan = made()
    figures = gan.train_on_batch(IMAGES, return_dict=True)
    assert set(gan.metrics_names) < figures.keys() and int(gan.step) == 1


@case("train_step")
def train_step(folder):
    """Its modes are those of test_own_figures.py."""
    networks = dense_gan((4, 4), codings_size=2)

    class More(type(networks)):
        def train_step(self, data):
            return {**super().train_step(data), "seven": 7.0}

    gan = More(networks.generator, networks.discriminator)
    gan.compile(run_eagerly=True)
    assert gan.train_on_batch(IMAGES, return_dict=True)["seven"] == 7.0


def test_the_page_has_all_cases_and_all_callbacks_of_keras():
    tried = {name for name, outcome in rows().items() if outcome != "not tried"}
    assert tried == CASES.keys()
    of_keras = {name for name in dir(keras.callbacks) if name[0].isupper()}
    assert of_keras - {"Callback"} <= rows().keys()


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if n == "BackupAndRestore" else ()) for n in CASES],
)
def test_it_is_as_the_page_says(name, tmp_path):
    if rows()[name] == "works":
        CASES[name](tmp_path)
    else:
        with pytest.raises((ValueError, TypeError)):
            CASES[name](tmp_path)
