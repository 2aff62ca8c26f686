"""Precision, recall, density and coverage against the authors' package, loops and closed forms."""

import numpy as np
import pytest

from gan_model.metrics.neighbours import Neighbourhoods, nearest, prdc


def sample(count, size=8, seed=0, scale=1.0):
    return np.random.default_rng(seed).normal(size=(count, size)) * scale


def scores(real, fake, ks=(3, 5)):
    return prdc(Neighbourhoods.of(real, ks=ks), Neighbourhoods.of(fake, ks=ks))


def clusters(modes, count=50, seed=0):
    """Vectors in narrow heaps that lie 10 apart, `count` in each."""
    rng = np.random.default_rng(seed)
    return np.concatenate([[10.0 * m, 0.0] + 0.1 * rng.normal(size=(count, 2)) for m in modes])


def duplicated(seed):
    """Whole numbers, so that ties are exact in any arithmetic, half of them twice or more."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-3, 4, (150, 3)).astype(float)
    return np.concatenate([vectors, vectors[:80], vectors[:20]])


PAIRS = {
    "alike": lambda: (sample(300, seed=1), sample(300, seed=2)),
    "narrower": lambda: (sample(300, seed=1), sample(250, seed=2, scale=0.7)),
    "wider": lambda: (sample(250, seed=1), sample(300, seed=2, scale=1.3)),
    "of 64 numbers": lambda: (sample(1100, 64, seed=1), sample(900, 64, seed=2, scale=0.9)),
    "far from zero": lambda: (sample(300, seed=1) + 1e4, sample(300, seed=2) + 1e4),
    "with duplicates": lambda: (duplicated(1), duplicated(2)),
    "copied": lambda: (sample(300), np.concatenate([sample(300)[:100], sample(200, seed=2)])),
}


def slow_scores(real, fake, ks):
    """The definitions, one vector at a time."""

    def radius(vectors, i, k):
        return sorted(
            np.sum((vectors[i] - vectors[j]) ** 2) for j in range(len(vectors)) if j != i
        )[k - 1]

    def around(vectors, k):
        return [radius(vectors, i, k) for i in range(len(vectors))]

    def inside(x, centre, square):
        # A tie is outside, and sums in another order may break it by the last digits.
        return np.sum((x - centre) ** 2) < square - 1e-12

    real_small, fake_small, real_large = (
        around(real, ks[0]),
        around(fake, ks[0]),
        around(real, ks[1]),
    )
    precise = [any(map(inside, [f] * len(real), real, real_small)) for f in fake]
    recalled = [any(map(inside, [r] * len(fake), fake, fake_small)) for r in real]
    within = [sum(map(inside, [f] * len(real), real, real_large)) for f in fake]
    covered = [any(inside(f, r, s) for f in fake) for r, s in zip(real, real_large, strict=True)]
    return np.mean(precise), np.mean(recalled), np.mean(within) / ks[1], np.mean(covered)


# Against others.


@pytest.mark.slow
@pytest.mark.parametrize("k", [3, 5])
@pytest.mark.parametrize("pair", PAIRS)
def test_against_the_package_of_the_authors(pair, k, capsys):
    prdc = pytest.importorskip("prdc")
    real, fake = PAIRS[pair]()
    theirs = prdc.compute_prdc(real, fake, nearest_k=k)
    capsys.readouterr()  # it prints
    assert scores(real, fake, ks=(k, k))._asdict() == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("ks", [(3, 5), (2, 1)])
@pytest.mark.parametrize("seed", [1, 2])
def test_against_slow_loops(seed, ks):
    real, fake = sample(70, 4, seed=seed), sample(60, 4, seed=seed + 10, scale=0.8)
    fake[:10] = real[:10]
    assert scores(real, fake, ks) == pytest.approx(slow_scores(real, fake, ks), abs=1e-12)


# Closed forms.


def test_radii_of_four_numbers():  # the docstring's numbers
    radii = Neighbourhoods.of([[0], [1], [3], [7]], ks=(1, 2)).radii
    np.testing.assert_allclose(radii, [[1, 3], [1, 2], [2, 3], [4, 6]], rtol=1e-12)


def test_a_set_among_itself():  # the docstring's numbers
    assert scores(sample(300), sample(300)) == (1, 1, 1, 1)


def test_sets_far_apart():
    assert scores(sample(300), sample(300, seed=1) + 100) == (0, 0, 0, 0)


def test_half_of_the_modes_dropped():
    """All fakes are good, half of the kinds are missing."""
    precision, recall, _, coverage = scores(clusters(range(6)), clusters(range(3), 100, seed=1))
    assert precision > 0.9
    assert recall == pytest.approx(0.5, abs=0.03)
    assert coverage == pytest.approx(0.5, abs=0.03)


def test_half_of_the_fakes_of_an_unknown_kind():
    precision, recall, _, coverage = scores(
        clusters(range(3), 100), clusters(range(6), 100, seed=1)
    )
    assert precision == pytest.approx(0.5, abs=0.03)
    assert recall > 0.9
    assert coverage > 0.9


def test_a_generator_that_makes_one_image():
    """In the midst of the real ones: precise, and nothing is covered but what is around it."""
    real = sample(500, 2)
    precision, recall, density, coverage = scores(real, np.zeros((400, 2)))
    assert (precision, recall) == (1, 0)
    assert density == pytest.approx(coverage * 500 / 5)
    assert 1 / 500 <= coverage < 0.05


def test_density_may_be_above_one():
    assert scores(sample(500), sample(500, seed=1, scale=0.1)).density > 2


@pytest.mark.parametrize("copies", [4, 9])
def test_copies_are_neighbours_at_distance_zero(copies):
    """Exactly 0, where the sum of squares leaves some 1e-8."""
    found = Neighbourhoods.of(np.repeat(sample(30, 64), copies, axis=0), ks=(3, copies)).radii
    assert (found[:, 0] == 0).all()
    assert (found[:, 1] > 1).all()


# Laws.


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x + 1e5,
        lambda x: x * 1e-3,
        lambda x: x * 1e4,
        lambda x: x @ np.linalg.qr(sample(8, 8, seed=9))[0],
        lambda x: x[np.random.default_rng(0).permutation(len(x))],
    ],
    ids=["shifted", "smaller", "larger", "rotated", "in another order"],
)
def test_same_scores(change):
    real, fake = PAIRS["narrower"]()
    assert scores(change(real), change(fake)) == pytest.approx(scores(real, fake), abs=1e-12)


def test_a_large_mean_does_not_cancel():
    near = np.round(sample(300) * 2**10) / 2**10  # so that the shift itself is exact
    found, expected = Neighbourhoods.of(near + 1e6).radii, Neighbourhoods.of(near).radii
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    places = nearest(near[:100] + 1e8, near[100:] + 1e8)[0]
    assert (places == nearest(near[:100], near[100:])[0]).all()


def test_precision_of_the_one_is_recall_of_the_other():
    real, fake = PAIRS["narrower"]()
    assert scores(real, fake).precision == scores(fake, real).recall
    assert scores(real, fake).recall == scores(fake, real).precision


@pytest.mark.parametrize("count", [6, 100, 999])
def test_radii_against_all_distances(count):
    vectors = sample(count, 3)
    apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    expected = np.sort(apart, axis=1)[:, [3, 5]]
    np.testing.assert_allclose(Neighbourhoods.of(vectors).radii, expected, rtol=1e-9)


def test_same_in_blocks_of_any_size(monkeypatch):
    real, fake = PAIRS["narrower"]()
    whole, places = scores(real, fake), nearest(fake, real)[0]
    monkeypatch.setattr("gan_model.metrics.neighbours._BLOCK_NUMBERS", 7 * 300)
    assert scores(real, fake) == pytest.approx(whole, abs=1e-12)
    assert (nearest(fake, real)[0] == places).all()


# The nearest.


def test_the_nearest_of_three_numbers():  # the docstring's numbers
    places, distances = nearest([[2], [9]], [[0], [3], [7]])
    assert places.tolist() == [1, 2]
    assert distances.tolist() == [1, 2]


def test_the_nearest_is_the_nearest():
    features, among = sample(200, seed=1) + 50, sample(300, seed=2) + 50
    apart = np.linalg.norm(features[:, None] - among[None], axis=2)
    places, distances = nearest(features, among)
    assert (places == apart.argmin(axis=1)).all()
    np.testing.assert_allclose(distances, apart.min(axis=1), rtol=1e-12)


def test_a_copy_is_at_zero():
    among = sample(300, 64).astype(np.float32) + 3
    places, distances = nearest(among[[7, 150, 299]], among)
    assert places.tolist() == [7, 150, 299]
    assert (distances == 0).all()


# What is refused.


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: Neighbourhoods.of(sample(5)), r"ks=\(3, 5\) at least 6 vectors.*shape \(5, 8\)"),
        (lambda: Neighbourhoods.of(sample(9) * np.inf), "9 of 9 vectors with nan or inf"),
        (lambda: Neighbourhoods.of(sample(9), ks=(3,)), r"two counts.*Received: ks=\(3,\)"),
        (lambda: Neighbourhoods.of(sample(9), ks=(0, 5)), r"1 or more.*Received: ks=\(0, 5\)"),
        (lambda: scores(sample(9, 5), sample(9, 6)), "one size. Received: 5 and 6"),
        (lambda: nearest(sample(9, 5), sample(9, 6)), "one size. Received: 5 and 6"),
        (
            lambda: prdc(Neighbourhoods.of(sample(9)), Neighbourhoods.of(sample(9), ks=(5, 5))),
            r"same `ks`. Received: \(3, 5\) and \(5, 5\)",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
