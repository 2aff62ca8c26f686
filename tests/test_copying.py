"""Is it copying? Numbers by hand, closed cases, and copies that must be found."""

import numpy as np
import pytest

from gan_model.metrics import copying, report


def draws(seed, count=400, size=3):
    return np.random.default_rng(seed).normal(size=(count, size))


# The two numbers.


@pytest.mark.parametrize(
    ("fake", "held_out", "expected"),
    [
        ([1, 2], [2, 3], 0.875),
        ([2, 3], [1, 2], 0.125),
        ([0, 0, 0], [1, 2], 1.0),
        ([9], [1, 2], 0.0),
        ([5, 5], [5, 5, 5], 0.5),
        ([1, 3, 5], [2, 4], 0.5),
    ],
)
def test_copying_probability_by_hand(fake, held_out, expected):
    assert copying.copying_probability(fake, held_out) == expected


def test_copying_probability_is_the_mean_over_all_pairs():
    rng = np.random.default_rng(0)
    fake, held_out = rng.integers(0, 9, 40), rng.integers(2, 12, 30)
    pairs = [(f < h) + (f == h) / 2 for f in fake for h in held_out]
    assert copying.copying_probability(fake, held_out) == pytest.approx(np.mean(pairs), abs=1e-12)


@pytest.mark.parametrize("distances", [np.arange(200.0), np.zeros(200), np.repeat([1.0, 2.0], 100)])
def test_held_out_images_against_themselves_are_half(distances):
    assert copying.copying_probability(distances, distances) == pytest.approx(0.5, abs=1e-12)


def test_the_band_of_chance_holds_nineteen_times_in_twenty():
    assert copying.chance_band(2000, 2000) == pytest.approx(0.0179, abs=1e-4)
    rng = np.random.default_rng(0)
    read = [copying.copying_probability(rng.random(50), rng.random(80)) for _ in range(2000)]
    outside = np.mean(np.abs(np.array(read) - 0.5) > copying.chance_band(50, 80))
    assert outside == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize(
    ("fake", "held_out", "expected"),
    [
        ([0, 0, 5, 9], np.arange(1, 101), 0.5),
        ([0, 1, 1.5, 9], np.arange(1, 101), 0.5),
        ([0, 1, 2, 2.5], np.arange(1, 201), 0.75),
        ([0, 0], np.arange(1, 101), 1.0),
        ([1, 2], [1, 2], 0.5),
    ],
)
def test_duplicates_by_hand(fake, held_out, expected):
    assert copying.duplicates(fake, held_out) == expected


def test_copies_are_duplicates_also_where_held_out_images_are_copies_too():
    assert copying.duplicates([0, 0, 3], np.repeat([0.0, 3.0], [20, 80])) == pytest.approx(2 / 3)


@pytest.mark.parametrize(("count", "expected"), [(100, 1 / 101), (1000, 10 / 1001), (9, 0.1)])
def test_the_duplicates_expected_are_those_that_come(count, expected):
    assert copying.duplicates_expected(count) == pytest.approx(expected)
    rng = np.random.default_rng(1)
    read = [copying.duplicates(rng.random(100), rng.random(count)) for _ in range(3000)]
    assert np.mean(read) == pytest.approx(expected, rel=0.12)


@pytest.mark.parametrize("number", [copying.copying_probability, copying.duplicates])
def test_what_is_no_list_of_distances_is_refused(number):
    for wrong in ([], np.ones((2, 2))):
        with pytest.raises(ValueError, match=r"Compute them with neighbours.nearest"):
            number(wrong, [1.0])
        with pytest.raises(ValueError, match=r"expected \(n,\) and \(m,\)"):
            number([1.0], wrong)
    with pytest.raises(ValueError, match="not numbers"):
        number([1.0, np.nan], [1.0])


# The pictures.


def test_closest_by_hand():
    places, distances = copying.closest([[0.0]], [[3.0], [-1.0], [2.0]], count=2)
    assert places.tolist() == [[1, 2]] and distances.tolist() == [[1.0, 2.0]]


def test_closest_is_what_sorting_all_distances_gives():
    rows, among = draws(0, 7), draws(1, 90)
    all_of_them = np.sqrt(((rows[:, None] - among) ** 2).sum(-1))
    places, distances = copying.closest(rows, among)
    assert places.shape == (7, 5)
    assert np.array_equal(places, all_of_them.argsort(axis=1)[:, :5])
    np.testing.assert_allclose(distances, np.sort(all_of_them, axis=1)[:, :5])


def test_the_worst_come_first_and_none_comes_twice():
    distances = np.arange(50.0)[::-1]
    shown = copying.worth_a_look(distances)
    assert shown[:4].tolist() == [49, 48, 47, 46]
    assert len(set(shown.tolist())) == 8
    assert np.array_equal(shown, copying.worth_a_look(distances))
    assert shown[4:].tolist() != copying.worth_a_look(distances, seed=1)[4:].tolist()
    assert sorted(copying.worth_a_look(distances[:3]).tolist()) == [0, 1, 2]


# All of it.


def look(fake, train=None):
    """As from images: here the "images" are their own descriptors."""
    return copying.look_for_copies(
        lambda images: images,
        fake_images=fake,
        held_out_images=draws(1),
        train_images=draws(0, 1000) if train is None else train,
    )


def test_new_images_are_no_copies():
    found = look(draws(2))
    assert found.copying_probability == pytest.approx(0.5, abs=copying.chance_band(400, 400))
    assert found.duplicates < 0.05
    assert found.counts == (400, 400, 1000)


def test_copies_are_found_with_their_originals():
    train = draws(0, 1000)
    found = look(train[300:700], train)
    assert found.copying_probability == 1.0 and found.duplicates == 1.0
    assert np.array_equal(found.training[:, 0], found.shown + 300)
    assert not found.distances[:, 0].any()


def test_a_few_copies_among_new_images_are_shown_first():
    train, fake = draws(0, 1000), draws(2)
    fake[[7, 77]] = train[[500, 600]] + 1e-9
    found = look(fake, train)
    assert set(found.shown[:2].tolist()) == {7, 77}
    assert set(found.training[:2, 0].tolist()) == {500, 600}


def test_bad_images_are_far():
    assert look(draws(2) + 30).copying_probability == 0.0


@pytest.mark.parametrize(
    ("fake", "verdict"),
    [
        (draws(2), "new images: 0.5 ± 0.040, copies: 1; so there is no sign of copying"),
        (draws(0, 1000)[:400], "1.000  new images: 0.5 ± 0.040, copies: 1; nearer than new images"),
        (draws(2) + 30, "0.000  new images: 0.5 ± 0.040, copies: 1; farther away than new images"),
    ],
    ids=["new", "copies", "bad"],
)
def test_the_report_says_what_it_means(fake, verdict):
    text = report.copying(look(fake), "dice")
    assert text.startswith("Copying, by distances to 1,000 training images in dice\n")
    assert verdict in text
    assert "new images: 0.010, copies: 1" in text
