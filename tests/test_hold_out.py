"""Which images of a folder are held out, by the hashes of their pixels."""

import math

import numpy as np
import pytest

from gan_model.data.splits import hash_of, held_out


def chosen(*classes):
    """Whether images are held out, for lists of the fractions of each class."""
    labels = np.repeat(np.arange(len(classes)), [*map(len, classes)])
    hashes = np.array([int(fraction * 2**64) for one in classes for fraction in one], np.uint64)
    rows = held_out(hashes, labels).tolist()
    return [[rows.pop(0) for _ in one] for one in classes]


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ([[0.09, 0.11, 0.5]], [[1, 0, 0]]),
        ([[0.5, 0.19, 0.18, 0.9]], [[0, 0, 1, 0]]),  # the lowest
        ([[0.5, 0.15], [0.21, 0.7]], [[0, 1], [0, 0]]),
        ([[0.5], [0.9, 0.05]], [[0], [0, 1]]),
        ([[0.01], [0.9, 0.05]], [[0], [0, 1]]),  # the only image of a class is trained on
        ([[0.01, 0.03, 0.02], [0.9, 0.8]], [[1, 0, 1], [0, 0]]),  # the highest is trained on
        ([[0.5, 0.4]], [[0, 1]]),  # two images are enough
        ([[0.01, 0.02]], [[1, 0]]),
        ([[0.5], [0.3, 0.9], [0.2]], [[0], [1, 0], [0]]),  # no only image, if there are others
        ([[0.5], [0.3], [0.4]], [[0], [1], [0]]),
        # Copies go the same way.
        ([[0.05, 0.9, 0.05], [0.8, 0.05]], [[1, 0, 1], [0, 1]]),
        ([[0.05, 0.9, 0.06], [0.05]], [[0, 0, 1], [0]]),  # one is the only image of a class
        ([[0.11, 0.15, 0.9], [0.15, 0.9]], [[1, 0, 0], [0, 0]]),  # one is not the lowest
        ([[0.5, 0.5, 0.6]], [[1, 1, 0]]),
    ],
)
def test_what_is_held_out(classes, expected):
    assert chosen(*classes) == expected


def test_what_was_trained_on_is_not_held_out_when_images_are_added():
    """But for images of classes that had nothing else to train on."""
    rng, exceptions, compared = np.random.default_rng(0), 0, 0
    for _ in range(300):
        count = int(rng.integers(4, 80))
        labels = np.sort(rng.integers(0, 4, count))
        hashes = rng.integers(0, 2**64, count, dtype=np.uint64)
        hashes[rng.integers(0, count, 3)] = hashes[rng.integers(0, count, 3)]  # copies
        old = rng.random(count) < 0.7
        if len(set(hashes[old])) < 2:
            continue
        held_before, held_now = held_out(hashes[old], labels[old]), held_out(hashes, labels)
        for moved in set(hashes[old][~held_before]) & set(hashes[held_now]):
            of = [hashes[old & (labels == label)] for label in labels[old & (hashes == moved)]]
            assert any(
                moved == others.max() < 0.2 * 2**64 or len(set(others)) == 1 for others in of
            )
            exceptions += 1
        compared += np.count_nonzero(~held_before)
    assert compared > 5000 and exceptions < 0.005 * compared


def test_each_class_holds_out_about_a_tenth():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (5 * 400, 4, 4, 3), np.uint8)
    labels = np.repeat(np.arange(5), 400)
    rows = held_out([hash_of(image) for image in images], labels)
    spread = math.sqrt(400 * 0.1 * 0.9)
    assert (np.abs(np.bincount(labels[rows]) - 40) <= 4 * spread).all()


def test_a_grey_image_has_the_same_hash_with_one_channel_and_three():
    grey = np.random.default_rng(0).integers(0, 256, (4, 4, 1), np.uint8)
    assert hash_of(grey) == hash_of(np.repeat(grey, 3, axis=-1))
    colour = np.concatenate([grey, grey, grey[::-1]], axis=-1)
    assert hash_of(colour) != hash_of(grey)
