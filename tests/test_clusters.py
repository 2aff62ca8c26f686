"""Clusters in the place of classes: against k-means itself, in a GAN, and out of the run folder."""

import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from processes import finish, forked, images_in, invoke, program
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from gan_model import GAN, averaging, callbacks, data, exporting, losses, presets, runs
from gan_model.model import find_clusters
from gan_model.model.random import numbered
from gan_model.networks.clusters import Clusters
from gan_model.networks.conditional import ConditionalBatchNormalization, Projection
from gan_model.storage import checkpoint

COUNT = 5


@pytest.fixture(scope="module")
def images():
    """Garments, float32 (600, 28, 28, 1) from -1 to 1."""
    (images, _), _ = data.load("sample")
    return (images[:600].astype("float32") / 127.5 - 1)[..., None]


@pytest.fixture(scope="module")
def clusters(images):
    layer = Clusters(COUNT, (28, 28, 1))
    layer.build((None, 4))
    assert not layer.is_learned
    layer.learn([images])
    return layer


def gan_of(seed=0, **arguments):
    keras.utils.set_random_seed(seed)
    gan = presets.modern((16, 16, 1), clusters=COUNT, codings_size=4, seed=3, **arguments)
    adams = (keras.optimizers.Adam(1e-3) for _ in range(2))
    # Without a graph, which takes longer to make than a few steps.
    gan.compile(gan.loss, *adams, average=gan.average, run_eagerly=True)
    return gan


def small_gan(seed=0):
    """The layers of `modern` that know clusters, in few others."""
    keras.utils.set_random_seed(seed)
    codings = keras.Input((4,))
    cluster = Clusters(COUNT, (16, 16, 1))(codings)
    maps = layers.Reshape((4, 4, 4))(layers.Dense(64)(codings))
    maps = layers.ReLU()(ConditionalBatchNormalization(COUNT)([maps, cluster]))
    made = layers.Conv2D(1, 3, padding="same", activation="tanh")(layers.UpSampling2D(4)(maps))
    images, labels = keras.Input((16, 16, 1)), keras.Input((), dtype="int32")
    judged = Projection(COUNT)([layers.Flatten()(images), labels])
    gan = GAN(keras.Model(codings, made), keras.Model([images, labels], judged), seed=3)
    adams = (keras.optimizers.Adam(1e-3) for _ in range(2))
    average = averaging.ExponentialMovingAverage(100)
    gan.compile(losses.NonSaturating(), *adams, average=average, run_eagerly=True)
    return gan


def uint8(count=96):
    rng = np.random.default_rng(0)
    return rng.choice([20, 90, 160, 230], (count, 1, 1)).astype("u1") + rng.integers(
        0, 20, (count, 16, 16), "u1"
    )


def same(some, others):
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


@pytest.mark.slow
def test_a_batch_alone_finds_no_clusters():
    gan = small_gan()
    for method in (gan.train_on_batch, gan.test_on_batch):
        with pytest.raises(ValueError, match=r"Type gan_model.model.find_clusters\(gan, images\)"):
            method(uint8(8))
    find_clusters(gan, uint8())
    gan.train_on_batch(uint8(8))


# The layer.


@pytest.mark.slow
def test_an_image_belongs_to_the_nearest_centre_of_k_means(clusters, images):
    """As scikit-learn finds it, among the principal components of images of 14 x 14."""
    small = images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(images), -1)
    components = PCA(40, svd_solver="full").fit_transform(small)
    expected = KMeans(COUNT, n_init=1, random_state=0).fit_predict(components)
    found = clusters.of_images(images).numpy()
    pairs = set(zip(expected, found, strict=True))  # the numbers of clusters have no meaning
    assert len(pairs) == COUNT


def test_as_many_codings_as_images_belong_to_each_cluster(clusters, images):
    shares = np.bincount(clusters.of_images(images), minlength=COUNT) / len(images)
    bounds = np.r_[-np.inf, clusters.bounds, np.inf]
    assert np.diff(norm.cdf(bounds)) == pytest.approx(shares, abs=1e-6)
    codings = np.c_[bounds[1:-1], np.zeros(COUNT - 1)].astype("float32")
    assert clusters(codings).numpy().tolist() == [1, 2, 3, 4]
    assert clusters(np.nextafter(codings, -np.inf)).numpy().tolist() == [0, 1, 2, 3]


def test_the_same_images_and_seed_give_the_same_clusters(clusters, images):
    again, other = (Clusters(COUNT, (28, 28)) for _ in range(2))
    for layer, seed in ((again, 0), (other, 1)):
        layer.build((None, 4))
        layer.learn([images[..., 0]], seed=seed)
    assert same(again.get_weights(), clusters.get_weights())
    assert not same(other.get_weights(), clusters.get_weights())


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(64, 48, 3), (33, 16), (9, 9, 1)])
def test_images_of_any_shape(shape):
    layer = Clusters(3, shape)
    layer.build((None, 4))
    levels = np.repeat([-0.8, 0.0, 0.8], 10).reshape(-1, *[1] * len(shape))
    layer.learn([np.broadcast_to(levels, (30, *shape)).astype("float32")])
    found = layer.of_images(np.broadcast_to(levels, (30, *shape))).numpy()
    assert layer.slopes.shape[0] <= 16 * 16 * 3
    assert [len(set(part)) for part in (found[:10], found[10:20], found[20:])] == [1, 1, 1]
    assert sorted(found[::10]) == [0, 1, 2]


@pytest.mark.parametrize("count", [1, 2.0, True, "5"])
def test_a_count_that_is_none(count):
    with pytest.raises(ValueError, match="`count` is 2 clusters or more, an integer"):
        Clusters(count, (8, 8))


def test_fewer_images_than_clusters(images):
    layer = Clusters(COUNT, (28, 28))
    layer.build((None, 4))
    fewer = r"There are 3 different images for 5 clusters.*Use 2 clusters"
    with pytest.raises(ValueError, match=fewer):
        layer.learn([images[:3]])
    with pytest.raises(ValueError, match=fewer):
        layer.learn([images[:3]] * 4)


def test_of_many_images_few_are_in_memory():
    class OnDisk:
        """Images of which a thousand can be read at a time."""

        read = []  # noqa: RUF012

        def __len__(self):
            return 30_000

        def __getitem__(self, rows):
            assert len(rows) <= 1000
            self.read.extend(rows)
            return np.random.default_rng(rows[0]).integers(0, 256, (len(rows), 28, 28), np.uint8)

    gan = presets.modern((28, 28, 1), clusters=2)
    find_clusters(gan, OnDisk())
    assert len(set(OnDisk.read)) == 20_000 and gan.clusters.is_learned


# In a GAN.


@pytest.mark.slow
def test_fit_finds_the_clusters_and_the_discriminator_is_told_them():
    gan = gan_of()
    told = []
    judge = gan.discriminator.call
    gan.discriminator.call = lambda inputs, **more: told.append(inputs[1]) or judge(inputs, **more)
    images = uint8()
    gan.fit(images, batch_size=32, epochs=1, steps_per_epoch=1, verbose=0)
    of_both, _ = (labels.numpy() for labels in told)  # the discriminator's pass, the generator's
    real, fake = np.split(of_both, 2)
    drawn = gan.clusters.of_images(images[..., None].astype("float32") / 127.5 - 1).numpy()
    assert np.bincount(real, minlength=COUNT).sum() == 32
    assert set(real) <= set(drawn) and len(set(fake)) > 1 and not np.array_equal(real, fake)


@pytest.mark.slow
def test_it_goes_on_to_the_bit(tmp_path):
    def fit(gan, folder, *others):
        listed = [callbacks.Checkpoints(tmp_path / folder), *others]
        shape = {"batch_size": 32, "steps_per_epoch": 1, "verbose": 0}
        gan.fit(uint8(), epochs=2, callbacks=listed, **shape)
        return gan

    def keep(epoch, logs):
        """As a process leaves it that is killed after its first epoch."""
        if epoch == 0:
            shutil.copytree(tmp_path / "whole", tmp_path / "cut")

    whole = fit(small_gan(), "whole", keras.callbacks.LambdaCallback(on_epoch_end=keep))
    ended = fit(small_gan(seed=1), "cut")
    assert same(checkpoint.collect(ended).values(), checkpoint.collect(whole).values())
    averaged = whole.averaged_generator.get_layer(whole.clusters.name)
    assert same(averaged.get_weights(), whole.clusters.get_weights())
    whole.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert same(loaded.clusters.get_weights(), whole.clusters.get_weights())


@pytest.mark.slow
def test_a_run_that_goes_back_to_its_beginning_keeps_them(tmp_path):
    def breaks(batch, logs=None):
        if int(gan.step) == 1 and float(gan.generator_optimizer.learning_rate) > 6e-4:
            found.extend(gan.clusters.get_weights())
            weight = gan.generator.trainable_variables[0]
            weight.assign(weight * float("nan"))

    gan, found, checkpoints = small_gan(), [], callbacks.Checkpoints(tmp_path)
    lost = keras.callbacks.LambdaCallback(on_train_batch_begin=breaks)
    listed = [lost, callbacks.Recover(checkpoints), checkpoints]
    history = gan.fit(uint8(), batch_size=32, epochs=1, callbacks=listed, verbose=0).history
    assert history["recoveries"] == [1]
    assert found[0].any() and same(found, gan.clusters.get_weights())


@pytest.mark.slow
def test_images_that_are_no_array_need_their_clusters_before():
    gan = small_gan()
    batches = tf.data.Dataset.from_tensor_slices(uint8(16)).batch(8)
    with pytest.raises(ValueError, match=r"Received: a _BatchDataset\..*find_clusters"):
        gan.fit(batches, verbose=0)
    find_clusters(gan, uint8())
    gan.fit(batches, verbose=0)
    assert int(gan.step.numpy()) == 2


@pytest.mark.slow
def test_who_goes_on_with_other_images_finds_other_clusters():
    source = small_gan()
    find_clusters(source, uint8())
    before = source.clusters.get_weights()
    gan = presets.fine_tuned(source)
    assert not gan.clusters.is_learned
    find_clusters(gan, 255 - uint8())
    averaged = gan.averaged_generator.get_layer(gan.clusters.name)
    assert same(averaged.get_weights(), gan.clusters.get_weights())
    assert not same(gan.clusters.get_weights(), before)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_half_precision_changes_no_cluster(policy):
    keras.config.set_dtype_policy(policy)
    try:
        gan = presets.modern((16, 16, 1), clusters=COUNT, codings_size=4)
    finally:
        keras.config.set_dtype_policy("float32")
    gan.clusters.bounds.assign([-1.001, -0.5, 0.0, 1.001])
    codings = tf.constant([[-1.0, 0, 0, 0], [-1.002, 0, 0, 0], [1.0, 0, 0, 0]])
    in_generator = keras.Model(gan.generator.input, gan.clusters.output)
    assert in_generator(codings).numpy().tolist() == [1, 0, 3]
    assert gan.clusters(codings).numpy().tolist() == [1, 0, 3]


def test_clusters_are_no_classes():
    gan = small_gan()
    assert gan.class_count is None
    with pytest.raises(ValueError, match="Leave class_count out"):
        GAN(gan.generator, gan.discriminator, class_count=COUNT)
    with pytest.raises(ValueError, match="takes no labels"):
        gan.generate(4, labels=2)


def test_neighbouring_numbers_have_similar_clusters():
    """Of images of five levels: their clusters are in the order of the levels, or in reverse."""
    levels = np.linspace(-1, 1, 5, dtype=np.float32)
    images = np.tile(levels[:, None, None, None], (1, 4, 4, 1))
    noise = np.random.default_rng(0).normal(0, 0.01, (100, 4, 4, 1))
    clusters = Clusters(5, (4, 4, 1))
    clusters.build((None, 3))
    clusters.learn([np.repeat(images, 20, axis=0) + noise])
    assert clusters.of_images(images).numpy().tolist() in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0])


# Out of the run folder.


@pytest.mark.slow
def test_walks_and_truncation_leave_an_image_in_its_cluster():
    gan, seen = small_gan(), []
    find_clusters(gan, uint8())
    sampler = gan.sampler()
    sampler._images = lambda codings: seen.append(codings.numpy()) or tf.zeros((len(codings), 1))
    list(sampler.walk(3, stops=2, frames=4))
    sampler.generate(64, truncation=0.5)
    sampler.images_of(numbered(0, 64, 4, seed=0).numpy(), truncation=0.5)
    *walk, truncated, of_codings = seen
    assert np.array_equal(of_codings, truncated)
    assert np.ptp([frame[:, 0] for frame in walk], axis=0).max() == 0
    assert np.ptp([frame[:, 1:] for frame in walk], axis=0).min() > 0
    drawn = numbered(0, 64, 4, seed=0).numpy()
    assert np.array_equal(truncated[:, 0], drawn[:, 0])
    assert np.array_equal(truncated[:, 1:], drawn[:, 1:] / 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("format", "name"),
    [("savedmodel", "generator"), ("litert", "g.tflite"), ("onnx", "g.onnx")],
)
def test_another_program_needs_codings_only(format, name, tmp_path):
    gan = small_gan()
    find_clusters(gan, uint8())
    exported = exporting.export(gan, tmp_path / name, format=format)
    assert exported.greatest_difference <= 1
    assert list(exported.about["inputs"]) == ["codings"]


# Of TensorFlow: that its data sets are not run eagerly.
@pytest.mark.filterwarnings("ignore:Even though the:UserWarning")
@pytest.mark.slow
def test_the_command_trains_in_bfloat16_and_names_the_preset_that_has_clusters(tmp_path):
    images_in(tmp_path / "noise", count=40)
    words = "train --data noise --epochs 1 --steps-per-epoch 1 --batch-size 8".split()
    wrong = invoke(*words, "--preset", "dense", "--clusters", 0, cwd=tmp_path)
    assert wrong.exit_code == 2
    assert "--clusters is for modern, not for dense. Leave --clusters out." in wrong.output
    tf.config.run_functions_eagerly(True)  # a graph takes longer to make than a step
    try:
        right = ["--preset", "modern", "--clusters", 5, "--bfloat16", "--run-dir", "run"]
        ended = invoke(*words, *right, cwd=tmp_path)
    finally:
        tf.config.run_functions_eagerly(False)
    assert ended.exit_code == 0, ended.output
    gan = keras.models.load_model(tmp_path / "run/gan.keras")
    assert gan.clusters.count == 5 and gan.clusters.is_learned
    computes = [
        {layer.compute_dtype for layer in network.layers if "conv" in layer.name}
        for network in (gan.generator, gan.discriminator, gan.averaged_generator)
    ]
    assert computes == [{"bfloat16", "float32"}, {"bfloat16"}, {"float32"}]


@pytest.mark.slow
@pytest.mark.soak
def test_many_images_have_clusters_and_a_run_keeps_them(tmp_path):
    """The sample has 10,000 images."""
    line = program("train_eagerly.py", "train", "--preset", "modern", "--run-dir", tmp_path)
    line += ["--steps-per-epoch", 1, "--batch-size", 2, "--validate-every", 9]
    for said in ("epoch 1/1", "This run has its 1 epochs"):  # the second goes on, without a step
        ended = finish([*line, "--epochs", 1], starting=forked)
        assert ended.returncode == 0 and said in ended.stdout, ended
    assert keras.models.load_model(tmp_path / "gan.keras").clusters.count == 20


@pytest.mark.slow
def test_many_images_have_clusters_unless_others_or_none_are_asked_for():
    settings = {"preset": "modern", "image_shape": (16, 16), "image_count": 60_000, "seed": 0}
    assert runs.build(settings | {"image_count": 10_000}).clusters.count == 20
    assert runs.build(settings | {"clusters": 0}).clusters is None
    assert runs.build(settings | {"clusters": 3}).clusters.count == 3
