"""Features learned without labels: what they compute, that they repeat, what they see."""

import contextlib
import math
import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from processes import PATIENCE, finish, forked, program, wait_for

from gan_model import features, metrics
from gan_model.features import distortions, learned_network
from gan_model.features.learned_network import seen_shape, to_seen
from gan_model.storage.locks import locked

SHAPE = (16, 20, 3)


def discs(count, *, seed=0, shape=SHAPE):
    """Coloured discs on grey ground, uint8 (count, *shape)."""
    random = np.random.default_rng(seed)
    rows, columns = np.indices(shape[:2])
    centres = random.uniform(4, np.array(shape[:2]) - 4, (count, 2))
    distances = np.hypot(rows - centres[:, 0, None, None], columns - centres[:, 1, None, None])
    inside = distances < random.uniform(2, 6, (count, 1, 1))
    colours = random.integers(0, 256, (count, 1, 1, shape[2]))
    return np.where(inside[..., None], colours, 128).astype(np.uint8)


@pytest.fixture(scope="module")
def learned():
    return features.learned(discs(400), steps=150, keep=False)


@contextlib.contextmanager
def eagerly():
    """Without a graph of the step, which takes longer to make than a few steps."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.fixture
def eager():
    with eagerly():
        yield


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A cache, and the features in it: of other images and few steps."""
    cache = tmp_path_factory.mktemp("kept") / "cache"
    with pytest.MonkeyPatch.context() as patched, eagerly():
        patched.setenv("GAN_MODEL_CACHE", str(cache))
        return cache, features.learned(discs(200), steps=3)


@pytest.fixture
def hasty(kept, eager, tmp_path, monkeypatch):
    """These features, with a copy of the cache in use."""
    cache, its_features = kept
    monkeypatch.setenv("GAN_MODEL_CACHE", str(shutil.copytree(cache, tmp_path / "cache")))
    return its_features


def in_range(images):
    return tf.constant(images / np.float32(127.5) - 1, tf.float32)


def fid(known, real, fake):
    vectors = (metrics.Moments.of(known(images)) for images in (real, fake))
    return metrics.frechet_distance(*vectors)


# What is computed.


def test_the_contrast_of_projections():
    """Guessing among seven others; and cosines of 1 to the partner, 0 to the six others."""
    assert float(learned_network.contrast(tf.ones((8, 5)))) == pytest.approx(math.log(7), rel=1e-5)
    views = tf.tile(tf.eye(4), (2, 1))
    expected = -math.log(math.exp(5) / (math.exp(5) + 6))
    assert float(learned_network.contrast(views)) == pytest.approx(expected, rel=1e-4)


def test_folded_arrays_compute_what_the_network_computes():
    model = learned_network.network(SHAPE, seed=3)
    images = in_range(discs(8))
    model(images, training=True)  # moves the batch norms from their first values
    vectors = learned_network.vectors(images, learned_network.arrays_of(model))
    np.testing.assert_allclose(vectors, model(images, training=False), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(16, 16, 1), (28, 28, 1), (48, 64, 3), (20, 36, 3), (5, 4, 1)])
def test_images_of_many_shapes(shape):
    model = learned_network.network(shape, seed=0)
    vectors = learned_network.vectors(tf.zeros((2, *shape)), learned_network.arrays_of(model))
    assert vectors.shape == (2, learned_network.SIZE)


def test_half_whitened_vectors_have_the_root_of_the_variances():
    images = discs(300)
    arrays = learned_network.arrays_of(learned_network.network(SHAPE, seed=1))
    before = np.linalg.eigvalsh(np.cov(learned_network.vectors(in_range(images), arrays).numpy().T))
    vectors = learned_network.vectors(
        in_range(images), learned_network.half_whitened(arrays, images)
    ).numpy()
    after = np.linalg.eigvalsh(np.cov(vectors.T.astype(np.float64)))
    kept = before > 2e-3 * before.mean()
    ratios = after[kept] / np.sqrt(before[kept])
    np.testing.assert_allclose(ratios, ratios[-1], rtol=0.02)
    np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=1e-3)
    assert np.square(vectors).mean() == pytest.approx(1, rel=1e-3)


def test_large_images_are_seen_at_64_pixels():
    assert learned_network.seen_shape((256, 128, 3)) == (64, 32, 3)
    assert learned_network.seen_shape((64, 48, 1)) == (64, 48, 1)
    image = np.zeros((1, 128, 128, 1), np.uint8)
    image[:, ::2] = 200  # averages to 100
    assert float(learned_network.to_seen(image, (64, 64, 1))[0, 0, 0, 0]) == 100


# Distortions.


@pytest.mark.parametrize("shape", [(16, 16, 1), SHAPE])
def test_distorted_images_stay_in_range_and_tell_each_amount(shape):
    images = in_range(discs(64, shape=shape))
    distorted, amounts = distortions.distort(images, tf.random.Generator.from_seed(0))
    assert distorted.shape == images.shape
    assert amounts.shape == (64, 14 if shape[2] == 3 else 10)
    assert np.abs(distorted).max() <= 1 and np.abs(amounts).max() <= 1
    assert (np.std(amounts, axis=0) > 0.1).all()


@pytest.mark.parametrize(
    "name", ["shift", "mix", "paste", "coarsen", "warp", "shade", "recolour", "blur", "add_noise"]
)
def test_an_amount_of_0_leaves_the_image_alone_and_others_do_not(name):
    random = tf.random.Generator.from_seed(1)
    images = random.uniform((64, *SHAPE), -1.0, 1.0)
    distorted, amounts = getattr(distortions, name)(images, random)
    changes = np.abs(distorted - images).max(axis=(1, 2, 3))
    without = np.abs(amounts).max(axis=1) == 0
    np.testing.assert_allclose(changes[without], 0, atol=1e-6)
    assert without.any() and (changes[~without] > 1e-3).mean() > 0.7


def test_shift_moves_by_the_pixels_that_it_tells():
    images = in_range(discs(16))
    moved, amounts = distortions.shift(images, tf.random.Generator.from_seed(2))
    down, right = np.rint(2 * amounts[5]).astype(int)  # an eighth of 16 pixels is 2
    rows = np.clip(np.arange(16) + down, 0, 15)
    columns = np.clip(np.arange(20) + right, 0, 19)
    np.testing.assert_array_equal(moved[5], images[5].numpy()[rows][:, columns])


# The same again, and what stays of it.


@pytest.mark.slow
def test_the_seed_decides_and_the_random_numbers_of_others_are_left_alone(hasty):
    def drawn():
        return random.random(), np.random.random(), float(tf.random.normal(()))

    keras.utils.set_random_seed(5)
    expected = drawn()
    keras.utils.set_random_seed(5)
    other = features.learned(discs(200), steps=3, seed=1, keep=False)
    assert drawn() == expected and other.checksum != hasty.checksum


@pytest.mark.slow
def test_a_file_gives_the_same_vectors_and_is_chosen_by_its_path(learned, tmp_path):
    path = tmp_path / "features.npz"
    learned.save(path)
    loaded = features.from_file(path)
    assert loaded.name == learned.name == f"learned_{learned.checksum[:4]}"
    assert loaded.image_shape == SHAPE
    np.testing.assert_array_equal(loaded(discs(30, seed=1)), learned(discs(30, seed=1)))
    measure, _ = metrics.measures(discs(30, seed=1), str(path))
    assert measure.features.name == learned.name
    assert measure.metrics[0].name == f"fid_{learned.name}"
    with pytest.raises(ValueError, match=f"{learned.name}.*take images of shape"):
        metrics.measures(np.zeros((30, 28, 28), np.uint8), str(path))


@pytest.mark.slow
def test_features_are_learned_once(hasty, tmp_path, capfd):
    assert features.learned(discs(200), steps=3).checksum == hasty.checksum
    assert capfd.readouterr().err == ""
    (path,) = tmp_path.rglob("*.npz")
    path.write_bytes(path.read_bytes()[:1000])  # but a damaged file again
    assert features.learned(discs(200), steps=3).checksum == hasty.checksum
    assert "Features learned from 200 images in" in capfd.readouterr().err
    assert features.from_file(path).checksum == hasty.checksum


def noise():
    """The images of `learn_features.py`."""
    return np.random.default_rng(0).integers(0, 256, (200, 16, 16, 1), dtype=np.uint8)


def interrupt(*arguments):
    raise KeyboardInterrupt


@pytest.mark.slow
def test_learning_that_was_stopped_begins_again(kept, eager, tmp_path, monkeypatch):
    _, hasty = kept
    monkeypatch.setenv("GAN_MODEL_CACHE", str(tmp_path))
    images = discs(200)
    with monkeypatch.context() as patched:
        patched.setattr(learned_network.np.random, "default_rng", interrupt)
        with pytest.raises(KeyboardInterrupt):
            features.learned(images, steps=3)
    (entry,) = tmp_path.glob("features-*")
    assert (entry / ".lock").exists() and not list(tmp_path.rglob("*.npz"))
    assert features.learned(images, steps=3).checksum == hasty.checksum
    features.learned(discs(200, seed=1), steps=1)  # other images have their own
    assert len(list(tmp_path.rglob("*.npz"))) == 2


@pytest.mark.soak
def test_killed_while_it_learns_it_begins_again_to_the_same_bits(eager, tmp_path, monkeypatch):
    cache = tmp_path / "killed"
    monkeypatch.setenv("GAN_MODEL_CACHE", str(cache))
    in_the_middle = tmp_path / "in the middle"
    with forked(program("learn_features.py", in_the_middle)) as process:
        wait_for(in_the_middle.exists, process)
        process.kill()
        process.communicate()
    assert list(cache.glob("features-*/.lock")) and not list(cache.rglob("*.npz"))
    resumed = finish(program("learn_features.py"), starting=forked)
    assert resumed.returncode == 0, resumed
    monkeypatch.setenv("GAN_MODEL_CACHE", str(tmp_path / "whole"))
    whole = features.learned(noise(), steps=10)
    assert len(whole.checksum) == 8 and resumed.stdout == f"{whole.checksum}\n"
    assert "Features learned from 200 images" in resumed.stderr


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_told_and_done_without(
    eager, tmp_path, monkeypatch, capfd
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GAN_MODEL_CACHE", str(tmp_path / "file"))
    assert features.learned(discs(200), steps=2).name.startswith("learned_")
    assert "cannot be kept in" in capfd.readouterr().err


@pytest.mark.slow
def test_a_cache_that_can_only_be_read_is_read(hasty, monkeypatch, capfd):
    def locked(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("gan_model.features.learned_features.locked", locked)
    assert features.learned(discs(200), steps=3).checksum == hasty.checksum
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_who_waits_for_another_that_learns_the_same_is_told_so(hasty, tmp_path, capfd):
    (path,) = tmp_path.rglob("*.npz")
    content = path.read_bytes()
    path.unlink()
    with ThreadPoolExecutor(1) as pool, locked(path.parent):
        second = pool.submit(features.learned, discs(200), steps=3)
        told, deadline = "", time.monotonic() + PATIENCE
        while "Another process learns features of these images; waiting." not in told:
            told += capfd.readouterr().err
            if second.done() or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        path.write_bytes(content)  # the other one is ready
    assert "; waiting." in told
    assert second.result().checksum == hasty.checksum
    assert "Features learned" not in told + capfd.readouterr().err


def test_a_file_that_is_damaged_or_none_of_features_is_refused(kept, tmp_path):
    path = tmp_path / "some.npz"
    kept[1].save(path)
    whole = path.read_bytes()
    contents = [b"", b"PK damaged", whole[:-1]]
    for of_byte in (6, 8, 10):  # in the directory of the file: version, flags, compression
        content = bytearray(whole)
        content[content.index(b"PK\x01\x02") + of_byte] ^= 0b1000001
        contents.append(bytes(content))
    for arrays in ({"images": np.zeros(3)}, None):
        with open(path, "wb") as file:
            np.savez(file, **arrays) if arrays else np.save(file, np.zeros(3))
        contents.append(path.read_bytes())
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"some\.npz cannot be read as learned features"):
            features.from_file(path)


@pytest.mark.parametrize("size", [(96, 96), (100, 70), (65, 16)])
def test_images_larger_than_they_see_have_gradients(size):
    """Averaging down is linear, so each pixel's gradient follows from images of one pixel."""
    shape = seen_shape((*size, 1))
    images = tf.constant(np.random.default_rng(0).uniform(0, 255, (2, *size, 1)), tf.float32)
    weights = tf.constant(np.random.default_rng(1).normal(size=(2, *shape)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        weighted = tf.reduce_sum(weights * to_seen(images, shape))
    gradient = tape.gradient(weighted, images)
    np.testing.assert_allclose(weighted, tf.reduce_sum(gradient * images), rtol=1e-4)
    for row, column in ((0, 0), (size[0] // 2, size[1] // 3), (size[0] - 1, size[1] - 1)):
        one = np.zeros((2, *size, 1), np.float32)
        one[1, row, column] = 1
        by_one = tf.reduce_sum(weights * to_seen(one, shape))
        np.testing.assert_allclose(gradient[1, row, column, 0], by_one, rtol=1e-4, atol=1e-5)


def test_images_to_learn_nothing_from_are_refused():
    with pytest.raises(ValueError, match=r"200 images or more\. Received: 199"):
        features.learned(discs(199))
    nearly = np.full((200, 128, 128), 100, np.uint8)
    nearly[0, 0, 0] = 101  # a quarter of a level in the 64 x 64 pixels that they see
    for images in (np.zeros((200, 16, 16), np.uint8), nearly):
        with pytest.raises(ValueError, match="nothing to learn"):
            features.learned(images)


# What they see.


@pytest.mark.slow
def test_they_see_noise_blur_colours_shifts_and_missing_groups(learned):
    held_out, real = discs(300, seed=7), discs(300, seed=8)
    floor = fid(learned, held_out, real)
    noise = np.random.default_rng(0).normal(size=real.shape)
    noisy = [np.clip(real + s * noise, 0, 255).astype(np.uint8) for s in (8, 25, 60)]
    moved = [np.roll(real, by, axis=2) for by in (2, 4)]
    reads = [fid(learned, held_out, images) for images in noisy]
    assert floor < reads[0] < reads[1] < reads[2] and reads[2] > 5 * floor
    assert floor < fid(learned, held_out, moved[0]) < fid(learned, held_out, moved[1])
    assert fid(learned, held_out, real[..., [1, 2, 0]]) < 3 * floor  # all colours are as likely
    red = real[real[..., 0].mean(axis=(1, 2)) > 128]
    assert fid(learned, held_out, np.resize(red, real.shape)) > 2 * floor
    assert fid(learned, held_out, np.resize(real[:20], real.shape)) > 2 * floor
    shuffled = metrics.shuffled_pixels(real)
    assert fid(learned, held_out, shuffled) > 10 * floor


# What is chosen.


def test_learned_features_are_chosen_where_no_others_fit(monkeypatch):
    chosen = []
    monkeypatch.setattr(
        features, "learned", lambda images: chosen.append(len(images)) or features.pixels()
    )
    held_out = discs(30, seed=1)
    measure, _ = metrics.measures(held_out, training=discs(200))
    assert measure.features.name == "pixels" and chosen == [200]
    assert metrics.measures(held_out, training=discs(199))[0].metrics[0].name == "swd"
    assert metrics.measures(held_out)[0].metrics[0].name == "swd"
    with pytest.raises(ValueError, match="Features are learned from training images"):
        metrics.measures(held_out, "learned")
