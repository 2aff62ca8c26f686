"""Steps of one's own: the examples resume to the bit, and are saved and loaded."""

import importlib
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_model import GAN, callbacks

EXAMPLES = Path(__file__).parent.parent / "experiments" / "examples"
SHAPE = (8, 8, 1)
IMAGES = np.random.default_rng(0).integers(0, 255, (64, *SHAPE), dtype=np.uint8)


@pytest.fixture
def example(request, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module(request.param)


def state(gan):
    return [variable.numpy() for variable in gan.state_variables]


def fit(example, folder):
    keras.utils.clear_session()  # layers are numbered, and a checkpoint knows their names
    keras.utils.set_random_seed(0)
    gan = example.build(SHAPE)
    gan.run_eagerly = example.__name__ != "infogan"  # tracing takes longer than so few steps
    kept = callbacks.Checkpoints(folder)
    options = {"batch_size": 16, "epochs": 2, "callbacks": [kept], "verbose": 0}
    return gan, gan.fit(IMAGES[:16], validation_data=IMAGES[:20], **options).history


@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "figures"),
    [
        ("infogan", {"mutual_information", "recognizer_gradient_norm"}),
        ("feature_matching", {"feature_distance"}),
        ("bigan", {"encoder_gradient_norm"}),
        ("two_discriminators", {"coarse_discriminator_gradient_norm"}),
    ],
    indirect=["example"],
)
def test_an_example_resumes_to_the_bit_and_is_saved(example, figures, tmp_path):
    gan, history = fit(example, tmp_path / "whole")
    assert figures <= set(history) and all(len(history[name]) == 2 for name in figures)
    assert np.isfinite([history[name] for name in history]).all()
    further = [*gan.networks][2:]
    for name in further:
        assert gan.optimizers[name].iterations == 2
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    (tmp_path / "cut" / "epoch-00002.npz").unlink()
    again, _ = fit(example, tmp_path / "cut")
    assert int(again.step.numpy()) == 2
    for one, other in zip(state(gan), state(again), strict=True):
        np.testing.assert_array_equal(one, other)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert type(loaded) is type(gan) and [*loaded.networks] == [*gan.networks]
    for one, other in zip(state(gan), state(loaded), strict=True):
        np.testing.assert_array_equal(one, other)
    assert example.picture(gan, IMAGES).shape == (100, *SHAPE)


def dense_network(inputs, outputs):
    return keras.Sequential(
        [keras.Input(inputs), keras.layers.Flatten(), keras.layers.Dense(outputs)]
    )


def dense_networks():
    images = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16)])
    images.add(keras.layers.Reshape((4, 4)))
    return images, dense_network((4, 4), 1)


class Further(GAN):
    trained_with_generator = ("further",)

    def __init__(self, *networks, further, **arguments):
        super().__init__(*networks, **arguments)
        self.further = further


class Reading(Further):
    """Its further network reads the codings off the images."""

    def generator_loss(self, step):
        loss, logs = super().generator_loss(step)
        found = self.further(step.fake.images, training=step.training)
        distances = tf.reduce_mean(tf.square(found - step.fake.codings), axis=1)
        return loss + tf.reduce_mean(distances), logs | {"distance": distances}


@pytest.mark.slow
def test_figures_are_the_same_however_a_step_is_executed():
    images = np.random.default_rng(0).uniform(-1, 1, (48, 4, 4)).astype("float32")
    histories = []
    # A graph without XLA is that of InfoGAN, above.
    for how in ({"run_eagerly": True}, {"jit_compile": True, "steps_per_execution": 3}):
        keras.utils.set_random_seed(0)
        gan = Reading(*dense_networks(), further=dense_network((4, 4), 4))
        gan.compile(**how)
        options = {"batch_size": 8, "validation_data": images[:12], "verbose": 0}
        histories.append(gan.fit(images, **options).history)
    assert {"distance", "val_distance", "further_gradient_norm"} <= set(histories[0])
    eager, compiled = histories
    assert eager.keys() == compiled.keys()
    for name, values in eager.items():
        np.testing.assert_allclose(compiled[name], values, rtol=1e-3, err_msg=name)


def test_a_network_that_no_loss_trains_is_refused():
    class Forgotten(Further):
        trained_with_generator = ()

    further = dense_network((4, 4), 4)
    gan = Forgotten(*dense_networks(), further=further)
    with pytest.raises(ValueError, match="no loss trains"):
        gan.compile()
    further.trainable = False  # it is given, and stays as it is
    gan.compile()


def test_a_loss_that_leaves_out_a_network_names_it():
    gan = Further(*dense_networks(), further=dense_network((4, 4), 4))
    gan.compile(run_eagerly=True)
    with pytest.raises(ValueError, match="weights of the further"):
        gan.fit(np.zeros((8, 4, 4), np.uint8), batch_size=8, verbose=0)


def test_names_of_networks_are_a_tuple():
    with pytest.raises(TypeError, match=r"Type trained_with_generator = \('further',\)"):
        type("Wrong", (GAN,), {"trained_with_generator": "further"})


@pytest.mark.parametrize(
    ("further", "match"),
    [
        (None, "further"),
        (keras.layers.Dense(1), "not built"),
        ("the discriminator", "shares"),
    ],
    ids=str,
)
def test_a_further_network_that_cannot_be_trained_is_refused(further, match):
    generator, discriminator = dense_networks()
    further = discriminator if further == "the discriminator" else further
    gan = Further(generator, discriminator, further=further)
    with pytest.raises(ValueError, match=match):
        gan.compile()


def test_optimizers_are_of_further_networks():
    gan = Further(*dense_networks(), further=dense_network((4, 4), 2))
    with pytest.raises(ValueError, match="generator"):
        gan.compile(optimizers={"generator": "adam"})
    gan.compile(optimizers={"further": keras.optimizers.SGD(0.5)})
    assert [*gan.optimizers] == ["generator", "discriminator", "further"]
    assert float(gan.optimizers["further"].learning_rate.numpy()) == 0.5
    with pytest.raises(ValueError, match="same optimizer"):
        gan.compile(None, gan.further_optimizer, optimizers={"further": gan.further_optimizer})


def test_a_loss_without_logs_is_logged_by_itself():
    class Quiet(GAN):
        def generator_loss(self, step):
            loss, _ = super().generator_loss(step)
            return 2.0 * loss, {"rows": step.fake.codings[:, 0]}

    gan = Quiet(*dense_networks())
    gan.compile(run_eagerly=True)
    images = np.zeros((8, 4, 4), "float32")
    history = gan.fit(images, validation_data=images, batch_size=8, verbose=0).history
    assert {"generator_loss", "rows", "val_generator_loss", "val_rows"} <= set(history)
    quiet = gan.train_step(images)
    assert quiet["generator_loss"] > 0


def test_a_penalty_gets_labels_and_codings():
    seen = []

    def penalty(scores, real, fake, random):
        seen.append((real, fake))
        return 0.0 * (scores(real) + scores(fake))

    gan = GAN(*dense_networks())
    gan.compile(penalty=penalty, run_eagerly=True)
    gan.fit(np.zeros((8, 4, 4), "float32"), batch_size=8, verbose=0)
    ((real, fake),) = seen
    assert real.codings is None and fake.codings.shape == (8, 4)
    np.testing.assert_allclose(gan.generator(fake.codings), fake.images, atol=0.01)


def test_a_layer_that_is_no_network_is_in_the_state_too():
    """Such as a count of one's own: a resumed run has it."""

    class Counting(GAN):
        def __init__(self, *networks, **arguments):
            super().__init__(*networks, **arguments)
            self.total = self.add_weight(shape=(), initializer="zeros", trainable=False, name="n")

    gan = Counting(*dense_networks())
    gan.compile()
    assert sum(variable is gan.total for variable in gan.state_variables) == 1
