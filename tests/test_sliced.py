"""The sliced Wasserstein distance against slow loops, and what it must see and not see."""

import math

import numpy as np
import pytest

from gan_model import data, metrics
from gan_model.metrics.sliced import SlicedWasserstein, enlarged, pyramid


@pytest.fixture(scope="module")
def garments():
    """2,000 grey images of 28 x 28."""
    return data.load("sample")[0][0][:2000]


def noise_images(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def noisy(images, amount, seed=0):
    added = np.random.default_rng(seed).normal(size=images.shape) * amount
    return np.clip(np.rint(images + added), 0, 255).astype(np.uint8)


def blurred(images, times):
    images = images.astype(float)
    for _ in range(times):
        padded = np.pad(images, [(0, 0), (1, 1), (1, 1)], mode="edge")
        across = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
        images = (across[..., :-2] + 2 * across[..., 1:-1] + across[..., 2:]) / 16
    return np.rint(images).astype(np.uint8)


def statistics(measure, images, first=0):
    return measure.statistics(measure.describe(images, first=first))


def distance(real, fake, **settings):
    measure = SlicedWasserstein(**settings)
    return measure.numbers(statistics(measure, real), statistics(measure, fake))["swd"]


# Numbers.


def black_and_white(black, white):
    return np.repeat(np.uint8([0] * black + [255] * white), 49).reshape(-1, 7, 7)


def test_two_of_four_images_black_against_three():  # the docstring's number
    """Each patch is one value v at all 49 places, and its projection v * sum(w).

    v is -1, -1, 1, 1 against (-1, -1, -1, 3) / sqrt(3). The sum of a random unit vector in 49
    dimensions is 7 |cos|, whose mean is 7 Gamma(24.5) / (sqrt(pi) Gamma(25)).
    """
    apart = np.abs(np.array([-1, -1, 1, 1]) - np.array([-1, -1, -1, 3]) / 3**0.5).mean()
    mean_sum = 7 * math.exp(math.lgamma(24.5) - math.lgamma(25)) / math.pi**0.5
    assert 1000 * apart * mean_sum == pytest.approx(632, abs=0.5)
    found = distance(black_and_white(2, 2), black_and_white(3, 1), directions=20_000, patches=1)
    assert found == pytest.approx(632, rel=0.03)


def test_half_the_contrast_is_not_seen(garments):  # as the docstring says
    even = garments // 2 * 2
    assert distance(even, even // 2) == pytest.approx(0, abs=0.01)


def test_zero_for_the_same_images(garments):
    assert distance(garments, garments) == 0


@pytest.mark.parametrize("channels", [1, 3])
def test_one_level_against_slow_loops(channels):
    """Images of 7 x 7 are one patch at one level, so no place is drawn."""
    measure = SlicedWasserstein(patches=1, directions=5, seed=3)
    real, fake = noise_images(30, 7, 7, channels), noise_images(30, 7, 7, channels, seed=1) // 3
    fake[:9] += 70
    directions = np.random.default_rng(3).normal(size=(5, 49 * channels))

    def normalised(images):
        planes = [images[..., c].astype(float) for c in range(channels)]
        planes = [(plane - plane.mean()) / plane.std() for plane in planes]
        return [np.stack([p[i] for p in planes], axis=-1).ravel() for i in range(len(images))]

    total = 0.0
    for w in directions:
        w = w / math.sqrt(sum(w * w))
        ranked = [sorted(sum(x * w) for x in normalised(images)) for images in (real, fake)]
        total += np.mean([abs(a - b) for a, b in zip(*ranked, strict=True)])
    found = measure.numbers(statistics(measure, real), statistics(measure, fake))["swd"]
    assert found == pytest.approx(1000 * total / 5, rel=1e-6)


def test_the_mean_over_the_levels(garments):
    measure = SlicedWasserstein()
    pair = statistics(measure, garments[:1000]), statistics(measure, garments[1000:])
    each = measure.distances(*pair)
    assert len(each) == 3
    assert measure.numbers(*pair) == {"swd": pytest.approx(sum(each) / 3)}
    assert [metric.name for metric in measure.metrics] == ["swd"]


# The pyramid.


@pytest.mark.parametrize(
    "shape, sides",
    [
        ((28, 28, 1), [(28, 28), (14, 14), (7, 7)]),
        ((15, 17, 3), [(15, 17), (8, 9)]),
        ((8, 8, 1), [(8, 8)]),
        ((12, 40, 1), [(12, 40)]),
        ((64, 50, 3), [(64, 50), (32, 25), (16, 13), (8, 7)]),
    ],
)
def test_levels_sum_to_the_image(shape, sides):
    images = noise_images(5, *shape)
    levels = pyramid(images)
    assert [level.shape[1:3] for level in levels] == sides
    image = levels[-1]
    for level in levels[-2::-1]:
        image = level + enlarged(image, level.shape[1:3])
    np.testing.assert_allclose(image, images, atol=1e-3)


@pytest.mark.parametrize("height, width", [(28, 28), (15, 17)])
def test_a_level_against_slow_loops(height, width):
    """Filtered with (1, 4, 6, 4, 1) / 16 both ways, then every other pixel; and back."""
    image = noise_images(height, width).astype(float)
    weights = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256

    def filtered(padded):
        rows, columns = padded.shape[0] - 4, padded.shape[1] - 4
        return np.array(
            [
                [np.sum(padded[y : y + 5, x : x + 5] * weights) for x in range(columns)]
                for y in range(rows)
            ]
        )

    smaller = filtered(np.pad(image, 2, mode="edge"))[::2, ::2]
    spaced = np.zeros([2 * side + 4 for side in smaller.shape])
    spaced[::2, ::2] = np.pad(smaller, 1, mode="edge")
    larger = 4 * filtered(spaced)[:height, :width]
    levels = pyramid(image[None, ..., None])
    np.testing.assert_allclose(levels[0][0, ..., 0], image - larger, atol=1e-3)
    if len(levels) == 2:
        np.testing.assert_allclose(levels[1][0, ..., 0], smaller, atol=1e-3)


def test_a_flat_image_has_no_structure():
    fine, middle, coarse = pyramid(np.full((1, 28, 28, 1), 77))
    assert abs(fine).max() < 1e-4
    assert abs(middle).max() < 1e-4
    np.testing.assert_allclose(coarse, 77, rtol=1e-6)


# What it sees.


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault, amounts", [(noisy, (0, 5, 10, 20, 40, 80)), (blurred, (0, 1, 2, 4))]
)
def test_the_worse_the_farther(garments, fault, amounts):
    real, others = garments[:1000], garments[1000:]
    found = [distance(real, fault(others, amount)) for amount in amounts]
    assert found == sorted(found)
    assert found[-1] > 2 * found[0]


def test_noise_shows_at_the_finest_level_first(garments):
    measure = SlicedWasserstein()
    real = statistics(measure, garments)
    fine, _, coarse = measure.distances(real, statistics(measure, noisy(garments, 20)))
    assert fine > 3 * coarse


def test_more_images_lower_the_floor(garments):
    few = distance(garments[:100], garments[1000:1100])
    many = distance(garments[:1000], garments[1000:])
    assert many < 0.7 * few


def test_same_whichever_is_called_real(garments):
    real, fake = garments[:1000], garments[1000:]
    assert distance(real, fake) == distance(fake, real)


def test_colours_are_normalised_one_by_one():
    """A red twice as strong is a matter of contrast, channels exchanged are not."""
    real = noise_images(200, 8, 8, 3) // 2
    real[..., 1] = real[..., 0]
    assert distance(real, real * np.uint8([2, 1, 1])) == pytest.approx(0, abs=0.01)
    assert distance(real, real[..., [0, 2, 1]]) > 20


# Descriptions.


@pytest.mark.parametrize("shape", [(8, 8), (15, 17), (15, 17, 1), (28, 28), (33, 20, 3)])
@pytest.mark.parametrize("patches", [1, 3])
def test_described_in_any_cut(shape, patches):
    measure, images = SlicedWasserstein(patches=patches), noise_images(20, *shape)
    whole = measure.describe(images)
    assert whole.dtype == np.float32
    for cuts in ([1], [7, 8], range(1, 20)):
        firsts = [0, *cuts]
        parts = zip(np.split(images, cuts), firsts, strict=True)
        described = np.concatenate([measure.describe(part, first=i) for part, i in parts])
        assert (described == whole).all()


def test_described_in_blocks_of_any_size(monkeypatch):
    measure, images = SlicedWasserstein(), noise_images(20, 15, 17)
    whole = measure.describe(images)
    monkeypatch.setattr("gan_model.metrics.sliced._BLOCK_NUMBERS", 3 * 15 * 17)
    assert (measure.describe(images) == whole).all()


def test_patches_are_cut_from_their_level():
    """Of images whose pixels all differ, each patch is found where its first pixel is."""
    image = np.random.default_rng(0).permutation(256).astype(np.uint8).reshape(1, 16, 16)
    colour = np.stack([image, 255 - image, image // 2], axis=-1)
    measure = SlicedWasserstein(patches=6)
    found = measure.describe(colour)[0]
    assert found[0] == 3
    patches = found[1:].reshape(2, 6, 7, 7, 3)
    for level, those in zip(pyramid(colour), patches, strict=True):
        for patch in those:
            top, left = np.argwhere((level[0] == patch[0, 0]).all(axis=-1))[0]
            assert (level[0, top : top + 7, left : left + 7] == patch).all()


def test_places_differ_from_image_to_image_and_reach_the_borders():
    image = np.arange(100, dtype=np.uint8).reshape(1, 10, 10)  # the pixel tells the place
    found = SlicedWasserstein(patches=4).describe(np.repeat(image, 300, axis=0))
    corners = found[:, 1:].reshape(300, 4, 49)[:, :, 0]
    counts = np.unique_counts(corners)
    assert counts.values.tolist() == [10 * top + left for top in range(4) for left in range(4)]
    assert counts.counts.min() > 45  # 75 each on average
    assert len(np.unique(corners, axis=0)) > 250


def test_a_seed_tells_the_places_and_directions(garments):
    one, same, other = (SlicedWasserstein(seed=seed) for seed in (1, 1, 2))
    images = garments[:50]
    assert (one.describe(images) == same.describe(images)).all()
    assert (one.describe(images) != other.describe(images)).any()
    described = one.describe(images)
    assert (one.statistics(described)[0] != other.statistics(described)[0]).any()


def test_images_with_and_without_a_channel_axis(garments):
    measure, images = SlicedWasserstein(), garments[:20]
    assert (measure.describe(images) == measure.describe(images[..., None])).all()


def test_images_that_are_all_black():
    black = np.zeros((20, 28, 28), np.uint8)
    assert distance(black, black) == 0
    assert math.isfinite(distance(noise_images(20, 28, 28), black))


# What is refused.


def of_counts(real, fake):
    return distance(noise_images(real, 8, 8), noise_images(fake, 8, 8))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: SlicedWasserstein().describe(np.zeros((2, 8, 8))), "uint8 images.*float64"),
        (lambda: SlicedWasserstein().describe(noise_images(2, 6, 8)), r"7 pixels.*\(2, 6, 8\)"),
        (lambda: SlicedWasserstein().describe(noise_images(2, 8, 8, 2)), r"\(2, 8, 8, 2\)"),
        (lambda: SlicedWasserstein().describe(noise_images(8, 8)), r"shape \(8, 8\)"),
        (lambda: SlicedWasserstein().describe(noise_images(0, 8, 8)), r"shape \(0, 8, 8\)"),
        (lambda: of_counts(9, 10), r"as many images of one size.*\(128, 72\).*\(128, 80\)"),
        (lambda: SlicedWasserstein(patches=0), "1 or more. Received: patches=0"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("shape", [(16, 16, 3), (20, 16)])
def test_images_of_other_shapes_are_not_compared(shape):
    reference = metrics.Reference([SlicedWasserstein()], noise_images(20, 16, 16))
    assert reference.compare(noise_images(20, 16, 16, 1))["swd"] == 0
    with pytest.raises(ValueError, match=r"shape \(16, 16, 1\), the generated ones .*data.load\("):
        reference.compare(noise_images(20, *shape))
