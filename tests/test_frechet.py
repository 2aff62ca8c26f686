"""The Fréchet distance against closed forms, scipy and the laws it must keep."""

import numpy as np
import pytest

from gan_model.metrics.frechet import Moments, frechet_distance


def sample(count=200, size=6, seed=0):
    """Correlated vectors: no axis and no scale is special."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, size)) @ rng.normal(size=(size, size)) + rng.normal(size=size)


def distance(real, fake):
    return frechet_distance(Moments.of(real), Moments.of(fake))


def with_variances(mean, variances):
    """Moments of an axis-parallel Gaussian, as if of 101 vectors."""
    return Moments(101, np.array(mean, float), 100.0 * np.diag(variances))


def assert_same(these, those):
    assert these.count == those.count
    np.testing.assert_allclose(these.mean, those.mean, rtol=1e-12, atol=1e-12)
    scale = np.trace(those.scatter)
    np.testing.assert_allclose(these.scatter, those.scatter, rtol=0, atol=1e-12 * scale)


# The moments.


def test_moments_of_two_vectors():  # the docstring's numbers
    moments = Moments.of([[0, 0], [2, 4]])
    assert moments.count == 2
    assert moments.mean.tolist() == [1, 2]
    assert moments.scatter.tolist() == [[2, 4], [4, 8]]


def test_covariance_is_that_of_numpy():
    features = sample()
    expected = np.cov(features, rowvar=False)
    np.testing.assert_allclose(Moments.of(features).covariance, expected, rtol=1e-12)


@pytest.mark.parametrize("cuts", [[1], [199], [100], [3, 4, 90], list(range(1, 200))])
def test_moments_of_any_cut_are_those_of_the_whole(cuts):
    features = sample()
    first, *others = (Moments.of(part) for part in np.split(features, cuts))
    assert_same(sum(others, start=first), Moments.of(features))


@pytest.mark.parametrize("shift", [1e6, -1e8])
def test_a_large_mean_does_not_cancel(shift):
    features = np.round(sample() * 2**10) / 2**10  # so that the shift itself is exact
    near, far = Moments.of(features), Moments.of(features[:70] + shift)
    far += Moments.of(features[70:] + shift)
    np.testing.assert_allclose(far.covariance, near.covariance, rtol=1e-6, atol=1e-6)


def test_features_of_float32_are_summed_in_float64():
    features = (sample(1000) + 300).astype(np.float32)
    expected = np.cov(features.astype(np.float64), rowvar=False)
    np.testing.assert_allclose(Moments.of(features).covariance, expected, rtol=1e-12)


# The distance: closed forms.


def test_of_two_diagonal_gaussians():  # the docstring's number
    real, fake = with_variances([0, 0], [1, 4]), with_variances([3, 0], [9, 16])
    assert frechet_distance(real, fake) == pytest.approx(9 + 4 + 4, rel=1e-12)


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 3.0])
def test_of_a_stretched_and_shifted_copy(scale):
    """fake = s * real + d costs |(1 - s) m - d|^2 + (1 - s)^2 trace C, for any sample."""
    real, shift = sample(), np.arange(6.0)
    moments = Moments.of(real)
    apart = (1 - scale) * moments.mean - shift
    expected = apart @ apart + (1 - scale) ** 2 * np.trace(moments.covariance)
    assert distance(real, scale * real + shift) == pytest.approx(expected, rel=1e-10)


def test_against_the_square_root_of_scipy():
    linalg = pytest.importorskip("scipy.linalg")
    real, fake = sample(500, 64, seed=1), sample(700, 64, seed=2)
    apart = real.mean(axis=0) - fake.mean(axis=0)
    covariances = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    expected = apart @ apart + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert distance(real, fake) == pytest.approx(expected, rel=1e-6)


# The distance: laws.


def test_same_whichever_is_called_real():
    real, fake = sample(seed=1), sample(seed=2)
    assert distance(real, fake) == pytest.approx(distance(fake, real), rel=1e-12)


def test_same_in_a_rotated_space():
    real, fake = sample(seed=1), sample(seed=2)
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(6, 6)))
    assert distance(real @ turn, fake @ turn) == pytest.approx(distance(real, fake), rel=1e-10)


def test_same_after_a_common_shift():
    real, fake = sample(seed=1), sample(seed=2)
    assert distance(real + 1e6, fake + 1e6) == pytest.approx(distance(real, fake), rel=1e-7)


def test_grows_with_the_square_of_the_unit():
    real, fake = sample(seed=1), sample(seed=2)
    assert distance(10 * real, 10 * fake) == pytest.approx(100 * distance(real, fake), rel=1e-10)


# The distance: singular covariances.


@pytest.mark.parametrize("count", [2, 10, 64, 65, 1000])
def test_zero_for_the_same_moments(count):
    moments = Moments.of(sample(count, 64))
    assert 0 <= frechet_distance(moments, moments) < 1e-10 * np.trace(moments.covariance)


@pytest.mark.parametrize("count", [2, 10, 40])
def test_with_fewer_images_than_dimensions(count):
    """Laid in a larger space the numbers stay what they are in the small one."""
    real, fake = sample(count, 8, seed=1), sample(count, 8, seed=2)
    basis, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(100, 8)))
    expected = distance(real, fake)
    # The eigenvalues of C_r C_f, the usual way, are 1e-8 to 1e-7 off here.
    assert distance(real @ basis.T, fake @ basis.T) == pytest.approx(expected, rel=1e-10)


def test_of_two_small_sets_in_a_large_space():
    """trace (C_r C_f)^(1/2) is also the sum of the singular values of R F^T, for centred rows."""
    real, fake = sample(20, 300, seed=1), 2 * sample(30, 300, seed=2)
    apart = real.mean(axis=0) - fake.mean(axis=0)
    rows = [(x - x.mean(axis=0)) / (len(x) - 1) ** 0.5 for x in (real, fake)]
    shared = np.linalg.svd(rows[0] @ rows[1].T, compute_uv=False).sum()
    expected = apart @ apart + sum(np.sum(x**2) for x in rows) - 2 * shared
    assert distance(real, fake) == pytest.approx(expected, rel=1e-8)


def test_of_a_generator_that_makes_one_image():
    """A point has no spread, so it pays the whole of the other's."""
    real = sample()
    moments, point = Moments.of(real), np.ones(6)
    expected = np.sum((moments.mean - point) ** 2) + np.trace(moments.covariance)
    assert distance(real, np.tile(point, (50, 1))) == pytest.approx(expected, rel=1e-12)


def test_in_orthogonal_subspaces_nothing_is_shared():
    real, fake = with_variances([0] * 4, [1, 2, 0, 0]), with_variances([0] * 4, [0, 0, 3, 4])
    assert frechet_distance(real, fake) == pytest.approx(10, rel=1e-12)


def test_the_root_is_made_once():
    moments = Moments.of(sample())
    np.testing.assert_allclose(moments.root @ moments.root, moments.covariance, rtol=1e-9)
    assert moments.root is moments.root


# What is refused.


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: Moments.of(np.ones(5)), r"one row an image. Received: shape \(5,\)"),
        (lambda: Moments.of(np.ones((0, 5))), r"at least 1 vectors.*shape \(0, 5\)"),
        (lambda: Moments.of([[1, np.nan], [1, 2], [np.inf, 1]]), "2 of 3 vectors with nan or inf"),
        (lambda: Moments.of(np.ones((1, 5))).covariance, "2 or more images. Received: 1"),
        (lambda: distance(sample(size=6), sample(size=7)), "one size. Received: 6 and 7"),
        (lambda: Moments.of(sample(size=6)) + Moments.of(sample(size=7)), "Received: 6 and 7"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
