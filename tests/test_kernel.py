"""The kernel distance against slow loops, torch-fidelity and its promise to have no bias."""

import importlib.util
import subprocess

import numpy as np
import pytest
from processes import program

from gan_model.metrics.kernel import KernelBlocks, kernel_distance


def sample(count, size=5, seed=0, shift=0.0):
    return np.random.default_rng(seed).normal(size=(count, size)) + shift


def distance(real, fake, block=1000):
    return kernel_distance(KernelBlocks.of(real, block=block), KernelBlocks.of(fake, block=block))


def slow_distance(real, fake):
    """The unbiased estimate for one block, pair by pair, in words of its definition."""

    def kernel(x, y):
        return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3

    def of_pairs(vectors):
        pairs = [(x, y) for i, x in enumerate(vectors) for j, y in enumerate(vectors) if i != j]
        return sum(kernel(x, y) for x, y in pairs) / len(pairs)

    pairs = [(x, y) for i, x in enumerate(real) for j, y in enumerate(fake) if i != j]
    between = sum(kernel(x, y) for x, y in pairs) / len(pairs)
    return of_pairs(real) + of_pairs(fake) - 2 * between


# Numbers.


def test_of_zeros_and_ones():  # the docstring's number
    value, error = distance(np.zeros((8, 3)), np.ones((8, 3)), block=4)
    assert value == pytest.approx(7, rel=1e-12)
    assert error == 0


def test_inside_a_block():  # the docstring's number
    np.testing.assert_allclose(KernelBlocks.of(np.ones((8, 2)), block=4).within, [8, 8])


@pytest.mark.parametrize("fakes", [60, 45])
def test_against_slow_loops(fakes):
    """Blocks of 20 real and of 20 or 15 fake vectors: mean and spread of three estimates."""
    real = KernelBlocks.of(sample(60, seed=1), block=20)
    fake = KernelBlocks.of(sample(fakes, seed=2, shift=0.3), block=fakes // 3)
    slow = [slow_distance(r, f) for r, f in zip(real.blocks, fake.blocks, strict=True)]
    value, error = kernel_distance(real, fake)
    assert value == pytest.approx(np.mean(slow), rel=1e-10)
    assert error == pytest.approx(np.std(slow, ddof=1) / 3**0.5, rel=1e-8)


def test_against_the_sums_of_the_paper():
    """Gretton et al. (2012), equation 4: the sum of h(z_i, z_j) over i != j / m(m - 1)."""
    real, fake = KernelBlocks.of(sample(100, 32)), KernelBlocks.of(sample(100, 32, seed=1))
    values = []
    for r, f in zip(real.blocks, fake.blocks, strict=True):
        both = np.vstack([r, f])
        kernel = np.power(both @ both.T / 32 + 1, 3)
        m = len(r)
        h = kernel[:m, :m] + kernel[m:, m:] - kernel[:m, m:] - kernel[m:, :m]
        values.append(h[~np.eye(m, dtype=bool)].sum() / (m * (m - 1)))
    assert kernel_distance(real, fake).value == pytest.approx(np.mean(values), rel=1e-10)


@pytest.mark.slow
def test_against_torch_fidelity(tmp_path):
    """Two blocks of 1,000, by its sums without the pairs of equal numbers."""
    if importlib.util.find_spec("torch_fidelity") is None:
        pytest.skip("torch-fidelity is not installed: pip install torch-fidelity")
    real = KernelBlocks.of(sample(2000, 64, seed=1))
    fake = KernelBlocks.of(sample(2000, 64, seed=2, shift=0.2))
    np.savez(tmp_path / "sets.npz", real=real.blocks, fake=fake.blocks)
    # In a process of its own: PyTorch and TensorFlow in one process crash it.
    line = program("torch_fidelity_kid.py", tmp_path / "sets.npz")
    told = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    expected = np.mean([float(line) for line in told.split()])
    assert kernel_distance(real, fake).value == pytest.approx(expected, rel=1e-9)


# What it promises.


def test_zero_on_average_for_one_distribution():
    """So some readings are negative; a biased estimate is some 70 errors off."""
    readings = [distance(sample(40, seed=i), sample(40, seed=i + 1000)) for i in range(400)]
    values = np.array([reading.value for reading in readings])
    assert abs(values.mean()) < 4 * values.std(ddof=1) / len(values) ** 0.5
    assert 0.3 < (values < 0).mean() < 0.9


def test_zero_on_average_where_the_images_of_both_have_the_same_labels():
    """As those of a GAN with classes have; the kernel of one class is far above that of two."""
    values = []
    for i in range(400):
        labels = np.random.default_rng(i).integers(0, 10, 60)
        centres = 3 * np.eye(10)[labels]
        values.append(distance(centres + sample(60, 10, i), centres + sample(60, 10, i + 1000)))
    values = np.array(values)[:, 0]
    assert abs(values.mean()) < 4 * values.std(ddof=1) / len(values) ** 0.5


def test_the_error_is_the_spread_of_readings():
    """Of other images of the same kind, to about a tenth."""
    readings = [
        distance(sample(200, seed=i), sample(200, seed=i + 1000, shift=0.5), block=20)
        for i in range(200)
    ]
    values, errors = np.array(readings).T
    told = np.sqrt(np.mean(errors**2))
    assert told == pytest.approx(values.std(ddof=1), rel=0.15)


def test_same_whichever_is_called_real():
    real, fake = sample(100, seed=1), sample(100, seed=2, shift=1.0)
    assert distance(real, fake, 25) == pytest.approx(distance(fake, real, 25), rel=1e-12)


def test_same_in_a_rotated_space():
    real, fake = sample(100, seed=1), sample(100, seed=2, shift=1.0)
    turn, _ = np.linalg.qr(sample(5, 5, seed=3))
    assert distance(real @ turn, fake @ turn, 25) == pytest.approx(distance(real, fake, 25))


def test_features_of_float32_are_compared_in_float64():
    real, fake = (sample(100, 64, seed=i).astype(np.float32) * 30 for i in (1, 2))
    expected = distance(real.astype(np.float64), fake.astype(np.float64))
    assert distance(real, fake) == expected


# The cut into blocks.


@pytest.mark.parametrize(
    "count, block, shape",
    [(4, 1000, (2, 2)), (7, 1000, (2, 3)), (100, 30, (3, 33)), (1999, 1000, (2, 999))],
)
def test_how_sets_are_cut(count, block, shape):
    assert KernelBlocks.of(sample(count), block=block).blocks.shape[:2] == shape


def test_blocks_share_no_image():
    numbers = np.arange(103.0)[:, None]
    blocks = KernelBlocks.of(numbers, block=10).blocks
    assert len(np.unique(blocks)) == blocks.size == 100


@pytest.mark.parametrize("order", [np.sort, lambda labels: labels])
def test_images_in_the_order_of_their_classes(order):
    """Sorted or in turn, each block of 100 has some of each of 10 classes."""
    labels = order(np.tile(np.arange(10.0), 100))[:, None]
    for block in KernelBlocks.of(labels, block=100).blocks:
        assert len(np.unique(block)) == 10


def test_the_smaller_set_tells_the_number_of_blocks():
    real, fake = KernelBlocks.of(sample(100), block=10), KernelBlocks.of(sample(30), block=10)
    few = KernelBlocks(real.blocks[:3], real.within[:3])
    assert kernel_distance(real, fake) == kernel_distance(few, fake)


# What is refused.


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: KernelBlocks.of(sample(3)), r"at least 4 vectors.*shape \(3, 5\)"),
        (lambda: KernelBlocks.of(sample(9) * np.nan), "9 of 9 vectors with nan or inf"),
        (lambda: KernelBlocks.of(sample(9), block=1), "2 or more. Received: block=1"),
        (lambda: distance(sample(9, 5), sample(9, 6)), "one size. Received: 5 and 6"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
