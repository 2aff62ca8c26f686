"""The power spectrum, against closed forms and against what it is for: blur and fine patterns."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d

from gan_model import data, metrics
from gan_model.metrics import PowerSpectrum

SPECTRUM = PowerSpectrum()


def noise(side, *, deviation=20.0, seed=0, count=400, shape=(3,)):
    drawn = np.random.default_rng(seed).normal(128, deviation, (count, side, side, *shape))
    return np.clip(drawn, 0, 255).round().astype(np.uint8)


def distance(real, fake):
    statistics = (SPECTRUM.statistics(SPECTRUM.describe(images)) for images in (real, fake))
    return SPECTRUM.numbers(*statistics)["spectrum"]


@pytest.fixture(scope="module")
def garments():
    (images, _), _ = data.load("sample")
    return images[:400], images[400:800]


@pytest.mark.slow
@pytest.mark.parametrize("side", [4, 7, 28, 80])
def test_white_noise_has_its_variance_at_each_frequency(side):
    power = SPECTRUM.statistics(SPECTRUM.describe(noise(side)))
    # The mean that is taken away of each image is that of its own values, so small ones lose more.
    assert power[1:].mean() == pytest.approx(400, rel=0.05 if side > 7 else 0.15)
    assert len(power) == min(32, side // 2) ** 2


def test_decibels_are_those_of_the_definition(garments):
    images, _ = garments
    assert distance(images, images) == 0
    assert distance(noise(28), noise(28, deviation=40.0)) == pytest.approx(6.02, abs=0.1)
    dark = images // 2 * 2  # so that half of it is exact
    assert distance(dark, dark // 2) == pytest.approx(20 * np.log10(2), abs=0.01)


def test_a_wave_is_where_its_frequency_is():
    """Of half the Nyquist frequency along the columns, in an image of 64 pixels."""
    wave = 128 + 100 * np.sin(np.arange(64) * np.pi / 2)
    images = np.tile(wave.round().astype(np.uint8), (20, 64, 1))
    power = SPECTRUM.statistics(SPECTRUM.describe(images)).reshape(32, 32)
    assert np.unravel_index(power.argmax(), power.shape) == (0, 16)


@pytest.mark.parametrize("side", [7, 8, 15, 31, 32, 66, 128, 256])
def test_one_wave_along_an_image_is_beside_the_mean_that_is_left_out(side):
    wave = 128 + 100 * np.sin(2 * np.pi * (np.arange(side) + 0.5) / side)
    images = np.tile(wave.round().astype(np.uint8), (3, side, 1))
    cells = min(32, side // 2)
    power = SPECTRUM.statistics(SPECTRUM.describe(images)).reshape(cells, cells)
    assert power[0].argmax() == 1


@pytest.mark.parametrize("axis", [1, 2])
def test_a_wave_that_does_not_end_where_it_began_stays_in_its_cells(axis):
    """10.5 waves along an axis: without a window its ends would be an edge, at all frequencies."""
    wave = 128 + 100 * np.sin(2 * np.pi * 10.5 * np.arange(64) / 64)
    images = np.tile(wave.round().astype(np.uint8), (3, 64, 1))
    images = images.swapaxes(1, 2) if axis == 1 else images
    power = SPECTRUM.statistics(SPECTRUM.describe(images)).reshape(32, 32)
    along = power[:, 0] if axis == 1 else power[0]
    assert along.argmax() in (10, 11)
    assert along[20:].max() < 1e-5 * along.max()  # 2e-3 without a window


def test_shading_of_large_images_is_seen():
    """One wave along both axes, which fills no other cell than the first beside the mean's."""
    waves = np.cos(2 * np.pi * np.arange(256) / 256)
    plain = noise(256, deviation=10.0, count=8, shape=())
    shaded = np.clip(plain + 40 * np.outer(waves, waves), 0, 255).round().astype(np.uint8)
    assert distance(plain, shaded) > 1  # 0 where it lies in the cell of the mean


def test_grey_images_may_come_without_a_channel_and_colours_are_a_mean(garments):
    images, _ = garments
    plain, *others = (
        SPECTRUM.describe(one)
        for one in (images, images[..., None], np.repeat(images[..., None], 3, axis=3))
    )
    for other in others:
        np.testing.assert_allclose(other, plain, rtol=1e-4)


def test_it_does_not_matter_in_which_batches_images_come(garments, monkeypatch):
    images, _ = garments
    whole = SPECTRUM.describe(images)
    monkeypatch.setattr("gan_model.metrics.spectrum._BLOCK_NUMBERS", 28 * 28 * 7)
    np.testing.assert_array_equal(SPECTRUM.describe(images), whole)


def test_it_sees_blur_noise_and_a_weave_and_not_other_images(garments):
    images, others = garments
    floor = distance(images, others)
    blurred = uniform_filter1d(uniform_filter1d(others, 2, axis=1), 2, axis=2)
    rng = np.random.default_rng(0)
    noisy = np.clip(others + rng.normal(0, 20, others.shape), 0, 255).astype(np.uint8)
    weave = 16 * (-1) ** np.arange(28)[:, None] * (-1) ** np.arange(28)
    woven = np.clip(others + weave, 0, 255).astype(np.uint8)
    for fault in (blurred, noisy, woven):
        assert distance(images, fault) > 2 * floor


def test_black_images_count_as_rounding():
    black = np.zeros((20, 16, 16), np.uint8)
    assert distance(black, black) == 0 and np.isfinite(distance(noise(16), black))


@pytest.mark.parametrize(
    "images", [np.zeros((2, 28, 28), np.float32), np.zeros((2, 3, 28), np.uint8), np.zeros(4, "u1")]
)
def test_other_images_are_refused(images):
    with pytest.raises(ValueError, match="of uint8 images"):
        SPECTRUM.describe(images)


def test_it_is_measured_beside_learned_features(monkeypatch):
    learned = metrics.choice.features.fashion()
    monkeypatch.setattr(metrics.choice.features, "learned", lambda images: learned)
    images = np.zeros((2, 28, 28), np.uint8)
    kinds = [type(one) for one in metrics.measures(images, "learned", training=images)]
    assert kinds == [metrics.FeatureMetrics, PowerSpectrum]
