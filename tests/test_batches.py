"""The order of the images: a function of (seed, pass) alone, over all images, resumable."""

import numpy as np
import pytest
import tensorflow as tf

from gan_model import data
from gan_model.data import ImageBatches, dataset


def numbered(count):
    """Images whose only pixel is their number, so that an order can be read off a batch."""
    return np.arange(count, dtype=np.int32).reshape(-1, 1, 1)


def order(batches):
    return [number for batch in batches for number in np.ravel(batch)]


def test_each_iteration_is_the_next_pass_which_holds_every_image_once():
    batches = dataset(numbered(60), batch_size=10)
    passes = [order(batches) for _ in range(3)]
    assert len(batches) == 6 and all(sorted(one) == list(range(60)) for one in passes)
    assert passes[0] != passes[1] != passes[2] != passes[0]
    again = dataset(numbered(60), batch_size=10)
    assert [order(again) for _ in range(3)] == passes
    assert order(dataset(numbered(60), batch_size=10, seed=1)) not in passes


def test_shuffled_over_all_images():
    """An image goes anywhere: no window. Mean distance of a random order is n / 3."""
    n = 3000
    moved = np.abs(np.array(order(dataset(numbered(n), batch_size=10))) - np.arange(n))
    assert moved.mean() == pytest.approx(n / 3, rel=0.1)
    assert moved.max() > 0.9 * n


@pytest.mark.parametrize("step", [0, 1, 6, 17, 100])
def test_epochs_from_any_step(step):
    """The run cut at `step` goes on with the batches that the uncut one would have had."""
    uncut = dataset(numbered(60), batch_size=10)
    position = tf.Variable(0, dtype=tf.int64)
    whole = order(uncut.epochs_from(position, step + 12))
    position.assign(step)
    assert order(uncut.epochs_from(position, 12)) == whole[step * 10 :]


def test_an_epoch_that_is_no_pass_goes_on_in_the_next():
    batches, position = dataset(numbered(60), batch_size=10), tf.Variable(0, dtype=tf.int64)
    epochs = batches.epochs_from(position, 4)
    cut = []
    for _ in range(3):
        cut += order(epochs)
        position.assign_add(4)
    assert sorted(cut[:60]) == list(range(60)) and sorted(cut[60:]) == sorted(
        order(batches.epochs_from(tf.Variable(6, dtype=tf.int64)))
    )
    assert len(epochs) == 4


class Overtaken(ImageBatches):
    """Whenever it has noted something, another thread reads a whole pass first."""

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if "overtaking" in vars(self):
            order(vars(self).pop("overtaking"))


@pytest.mark.parametrize("labels", [None, np.arange(33) + 100])
def test_workers_read_a_batch_together(labels):
    """33 by 16: the last batch has one image, for the first of three workers."""
    batches = dataset(numbered(33), labels, batch_size=16, drop_remainder=False)
    position = tf.Variable(0, dtype=tf.int64)
    parts = [batches.epochs_from(position, worker=number, workers=3) for number in range(3)]
    sizes = []
    for whole, *of_each in zip(batches.epochs_from(position), *parts, strict=True):
        sizes.append([len(tf.nest.flatten(part)[0]) for part in of_each])
        together = tf.nest.map_structure(lambda *rows: np.concatenate(rows), *of_each)
        tf.nest.map_structure(np.testing.assert_array_equal, together, whole)
    assert sizes == [[6, 6, 4], [6, 6, 4], [1, 0, 0]]


def test_two_threads_read_two_passes_of_the_same_batches():
    batches = Overtaken(numbered(60), batch_size=10, seed=0, shuffle=True, drop_remainder=True)
    alone = order(batches.epochs_from(tf.Variable(0)))
    assert order(batches.epochs_from(tf.Variable(6))) != alone
    vars(batches)["overtaking"] = batches.epochs_from(tf.Variable(12))
    assert order(batches.epochs_from(tf.Variable(0))) == alone
    assert "overtaking" not in vars(batches)


def test_labels_stay_with_their_images():
    batches = dataset(numbered(40), np.arange(40) * 3, batch_size=8)
    assert batches.element_spec[0].shape == (8, 1, 1)
    for images, labels in batches:
        assert np.array_equal(np.ravel(images) * 3, labels)


def test_the_order_of_the_bytes_of_an_array_does_not_matter():
    numbers = np.arange(12, dtype=">i4")
    images = (numbers.reshape(-1, 1, 1) / 3).astype(">f4")
    images, labels = next(iter(dataset(images, numbers[::-1], batch_size=12)))
    assert images.dtype == tf.float32 and labels.dtype == tf.int32
    assert np.ravel(images) == pytest.approx((11 - labels.numpy()) / 3)
    assert sorted(labels.numpy()) == list(range(12))


def test_the_remainder():
    kept = dataset(numbered(25), batch_size=10, drop_remainder=False, shuffle=False)
    assert order(kept) == list(range(25)) and len(kept) == 3
    batches = dataset(numbered(25), batch_size=10)
    left_out = [frozenset(range(25)) - set(order(batches)) for _ in range(4)]
    assert {len(images) for images in left_out} == {5}
    assert len(set(left_out)) > 1  # other images in each pass


def test_in_order_all_images_come_as_they_stand_in_the_array_each_time():
    images = np.arange(7, dtype=np.uint8)[:, None, None]
    ordered = dataset(images, batch_size=3, shuffle=True).in_order()
    assert ordered.in_order() is ordered
    for _ in range(2):
        assert np.concatenate(list(ordered.as_numpy_iterator())).ravel().tolist() == [*range(7)]


def test_it_is_a_dataset_like_any_other():
    batches = dataset(numbered(40), batch_size=8)
    assert isinstance(batches, tf.data.Dataset) and isinstance(batches, ImageBatches)
    doubled = batches.map(lambda images: images * 2).take(2)
    assert [batch.shape for batch in doubled] == [(8, 1, 1)] * 2


def test_a_map_of_a_file_is_read_by_the_batch(tmp_path):
    np.save(tmp_path / "images.npy", numbered(50))
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert sorted(order(dataset(mapped, batch_size=10))) == list(range(50))


def test_a_name_stands_for_its_training_images():
    batches = dataset("sample", batch_size=100)
    images, labels = next(iter(batches))
    assert images.shape == (100, 28, 28) and labels.shape == (100,) and len(batches) == 100
    (train_images, _), _ = data.load("sample")
    assert images.dtype == train_images.dtype == np.uint8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(images=numbered(0)), "There are no images"),
        (dict(images=numbered(5), batch_size=8), "5 images do not fill one batch of 8"),
        (dict(images=numbered(5), batch_size=0), "`batch_size` counts images"),
        (dict(images=numbered(5), batch_size=2.0), "`batch_size` is an integer. Received"),
        (dict(images=numbered(5), batch_size=2, seed=None), "`seed` is an integer. Received"),
        (dict(images=numbered(5), batch_size=2, seed=1.5), "seed=1.5"),
        (dict(images=numbered(5), batch_size=2, seed=-1), "`seed` is 0 or more"),
        (dict(images=numbered(5), batch_size=2, seed=2**32), "`seed` is 0 or more and below"),
        (dict(images=numbered(5), batch_size=True), "`batch_size` is an integer. Received"),
        (dict(images=tf.zeros((5, 2, 2)), batch_size=2), r"EagerTensor. Type.*np.asarray"),
        (dict(images=[[[1]], [[2]]], batch_size=2), "images as list"),
        (dict(images=numbered(5), labels=np.arange(4), batch_size=2), "4 labels came with 5"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        dataset(**arguments)


def test_small_numbers_of_numpy_do_not_overflow():
    batches = dataset(numbered(600), batch_size=np.uint8(30), seed=np.int8(0))
    assert order(batches) == order(dataset(numbered(600), batch_size=30))
