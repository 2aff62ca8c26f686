"""Numbers and seconds as a person reads them."""

import pytest

from gan_model.text import clock, duration, fixed_number, number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.5, "1,234"),
        (999.96, "1,000"),
        (12.345, "12.35"),
        (12.3, "12.3"),
        (0.0123456, "0.01235"),
        (0, "0"),
        (-0.5, "-0.5"),
    ],
)
def test_a_number_has_four_digits_at_most(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.08744, "0.0874"),
        (6.2, "6.20"),
        (-12.34, "-12.3"),
        (999.4, "999"),
        (999.5, "1,000"),
        (12345.6, "12,346"),
        (0, "0.00"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_a_fixed_number_has_three_digits(value, text):
    assert fixed_number(value) == text


def test_more_digits():
    assert [number(value, 10) for value in (0.1, 1 / 3, 2000)] == ["0.1", "0.3333333333", "2,000"]


def test_times():
    clocks = {0.4: "0:00", 59.6: "1:00", 725: "12:05", 3723: "1:02:03", 500_000: "6 days"}
    assert {seconds: clock(seconds) for seconds in clocks} == clocks
    durations = {0.034: "0.034 s", 4.21: "4.2 s", 9.96: "10 s", 38.4: "38 s"}
    assert {seconds: duration(seconds) for seconds in durations} == durations
