"""Features: what is shipped is what was trained, and bits do not depend on the company."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_model import data, features
from gan_model.features import fashion_mnist, inception_v3
from gan_model.features.extractor import checksum_of


@pytest.fixture(scope="module")
def garments():
    _, (images, labels) = data.load("sample")
    return images, labels


def test_the_shipped_classifier_knows_the_sample_s_test_images(garments):
    images, labels = garments
    right = (features.fashion().classes(images) == labels).mean()
    assert right > 0.925


@pytest.mark.slow
def test_the_accuracy_that_the_docstring_tells():
    try:
        _, (images, labels) = data.load("fashion_mnist")
    except ValueError as error:  # no such files, no network
        pytest.skip(str(error))
    right = (features.fashion().classes(images) == labels).mean()
    assert f"{right:.2%}" == "93.27%"
    assert "93.27%" in fashion_mnist.FashionFeatures.__doc__


def test_fashion_features_are_64_numbers_from_0(garments):
    assert fashion_mnist.WEIGHTS.stat().st_size < 3_000_000
    vectors = features.fashion()(garments[0][:300])
    assert vectors.shape == (300, 64) and vectors.dtype == np.float32
    assert vectors.min() == 0 and vectors.max() > 1


def test_the_mean_and_covariance_are_those_of_such_garments(garments):
    """The 10,000 training images of the sample are among the 60,000 they were computed from."""
    fashion, vectors = features.fashion(), features.fashion()(data.load("sample")[0][0][::4])
    assert vectors.mean(axis=0) == pytest.approx(fashion.mean, abs=0.04)
    covariance = np.cov(vectors, rowvar=False)
    assert np.abs(covariance - fashion.covariance).max() < 0.1 * fashion.covariance.max()


def test_the_function_is_that_of_layers_written_out(garments):
    """The same weights through Keras's layers: another implementation, to float32 accuracy."""
    weights = np.load(fashion_mnist.WEIGHTS)
    values = garments[0][:20, ..., None].astype("float32") / 127.5 - 1
    for i, strides in enumerate(fashion_mnist.STRIDES):
        if i == 3:
            values = keras.layers.MaxPooling2D()(values)
        kernel = weights[f"kernel_{i}"]
        layer = keras.layers.Conv2D(
            kernel.shape[-1], 3, strides=strides, padding="same", activation="relu"
        )
        layer.build(values.shape)
        layer.set_weights([kernel, weights[f"bias_{i}"]])
        values = layer(values)
    values = keras.layers.GlobalAveragePooling2D()(values).numpy()
    expected = np.maximum(values @ weights["kernel_features"] + weights["bias_features"], 0)
    assert features.fashion()(garments[0][:20]) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("made", [features.fashion, features.pixels], ids=["fashion", "pixels"])
def test_a_vector_does_not_depend_on_how_many_follow(made, garments):
    images = garments[0][:300]
    assert np.array_equal(made()(images)[:7], made()(images[:7]))
    assert np.array_equal(made()(images[..., None]), made()(images))


def test_pixels_are_averages_of_cells():
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 24, 3), dtype=np.uint8)
    cells = images.reshape(3, 8, 2, 8, 3, 3).mean(axis=(2, 4)) / 255
    assert features.pixels()(images) == pytest.approx(cells.reshape(3, -1), abs=1e-6)


def test_a_pixel_counts_for_its_cell():
    images = tf.random.stateless_uniform((2, 16, 24, 3), [1, 2], maxval=255.0)
    with tf.GradientTape() as tape:
        tape.watch(images)
        vectors = features.pixels().differentiable(images)
    # Each of the 6 pixels of a cell has a sixth of it.
    assert tape.gradient(vectors, images).numpy() == pytest.approx(1 / 6 / 255, rel=1e-5)


def test_your_own_model_in_its_own_range():
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    own = features.from_model(model, name="preset_defaults", image_range=(-1, 1))
    assert (
        own.checksum
        != features.from_model(model, name="preset_defaults", image_range=(0, 1)).checksum
    )
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8), dtype=np.uint8)
    assert own(images) == pytest.approx(images.reshape(5, -1) / 127.5 - 1, abs=1e-6)
    assert own.image_shape == (8, 8, 1) and len(own.checksum) == 8


def test_a_model_that_does_not_say_what_it_takes():
    class Mean(keras.Model):
        def call(self, images, training=False):
            return keras.ops.mean(images, axis=(1, 2))

    own = features.from_model(Mean(), name="mean", image_range=(0, 255))
    images = np.random.default_rng(0).integers(0, 256, (5, 9, 8, 3), dtype=np.uint8)
    assert own(images) == pytest.approx(images.mean(axis=(1, 2)), rel=1e-5)


def test_a_model_of_images_without_channels_is_refused():
    model = keras.Sequential([keras.Input((8, 8)), keras.layers.Flatten()])
    with pytest.raises(ValueError, match=r"'own' takes images of shape \(8, 8\).*Reshape\(\(8, 8"):
        features.from_model(model, name="own", image_range=(-1, 1))


def test_a_checksum_tells_other_weights():
    weights = [np.ones(3, "float32"), np.zeros((2, 2), "float32")]
    other = [np.ones(3, "float32"), np.array([[0, 0], [0, 1e-7]], "float32")]
    assert checksum_of(weights) == checksum_of([w.copy() for w in weights])
    assert checksum_of(weights) != checksum_of(other)


@pytest.mark.parametrize(
    ("images", "text"),
    [
        (np.zeros((4, 28, 28), "float32"), "uint8 images"),
        (np.zeros((0, 28, 28), "uint8"), "uint8 images"),
        (np.zeros((28, 28), "uint8"), "uint8 images"),
        (np.zeros((4, 32, 32), "uint8"), r"of shape \(28, 28, 1\)"),
        (np.zeros((4, 28, 28, 3), "uint8"), r"Received: \(28, 28, 3\)"),
    ],
)
def test_other_images_are_refused(images, text):
    with pytest.raises(ValueError, match=text):
        features.fashion()(images)


def test_a_damaged_file_is_told(monkeypatch, tmp_path):
    damaged = tmp_path / "fashion.npz"
    content = bytearray(fashion_mnist.WEIGHTS.read_bytes())
    content[5000] ^= 1
    damaged.write_bytes(content)
    monkeypatch.setattr(fashion_mnist, "WEIGHTS", damaged)
    with pytest.raises(ValueError, match="is damaged"):
        fashion_mnist.fashion.__wrapped__()
    monkeypatch.setattr(fashion_mnist, "WEIGHTS", tmp_path / "missing.npz")
    with pytest.raises(ValueError, match="cannot be read"):
        fashion_mnist.fashion.__wrapped__()


def test_inception_without_its_weights_is_one_sentence(monkeypatch):
    """Stands for a machine without network, which may hold on to a connection for minutes."""

    def no_network(**_):
        random.random()  # as making layers does
        raise Exception("URL fetch failure on https://...: None -- [Errno -2] unknown")

    monkeypatch.setattr(keras.applications, "InceptionV3", no_network)
    random.seed(3)
    with pytest.raises(ValueError, match=r"not on this machine.*or choose other features"):
        features.inception()
    random_after = random.random()
    random.seed(3)
    assert random_after == random.random()


def test_inception_sees_images_from_minus_1_to_1_between_whose_pixels_it_interpolates():
    """Four pixels: with bilinear interpolation the sides change evenly between the two centres."""
    seen = []
    seen_by = inception_v3._seen_by(lambda images, training: seen.append(images) or images)
    seen_by(tf.constant([[[0.0], [255.0]], [[0.0], [255.0]]])[None])
    (images,) = seen
    assert images.shape == (1, 299, 299, 3)
    centres = (np.arange(299) + 0.5) * 2 / 299  # in pixels of the small image
    expected = np.clip(centres - 0.5, 0, 1) * 2 - 1
    np.testing.assert_allclose(images[0, :, :, 1], np.tile(expected, (299, 1)), atol=1e-5)
    turned = seen_by(tf.constant([[[0.0], [0.0]], [[255.0], [255.0]]])[None])
    np.testing.assert_allclose(turned[0, :, :, 0], np.tile(expected, (299, 1)).T, atol=1e-5)


@pytest.mark.soak
def test_inception_gives_2048_numbers_of_grey_and_colour_images():
    """With random weights: the sizes, and that a seeded program does not notice."""
    random.seed(3)
    seen_by = inception_v3._seen_by(inception_v3._network(None))
    after = random.random()
    random.seed(3)
    assert after == random.random()
    made = features.Features("inception", seen_by, checksum="none", block=2)
    grey = np.random.default_rng(0).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    assert made(grey).shape == (3, 2048)
    assert made(grey) == pytest.approx(made(grey[..., None].repeat(3, axis=-1)), abs=1e-6)
