"""Which run of a search is the best, and how sure that is."""

import csv
import dataclasses
import math
import random
import warnings

import pytest
from scipy import stats

from gan_model.sweeps import columns, comparing, ranking
from gan_model.sweeps.outcome import Outcome

WORST = 1000.0


def outcome(name, score, *, state="finished", **changes):
    """A run; hyperparameters and figures are those of all, unless said otherwise."""
    known = state == "finished"
    fields = {
        "name": name,
        "hyperparameters": {"codings_size": 64, "learning_rate": 2e-4},
        "seed": 7,
        "state": state,
        "reason": "" if known else "no numbers any more",
        "score": score if known else WORST,
        "distance": score if known else None,
        "best_epoch": 3 if known else None,
        "epochs": 5,
        "figures": {"fid_fashion": score, "recall_fashion": 0.25} if known else {},
        "seconds": 1234.5,
    }
    return Outcome(**fields | changes)


def confirmed(name, *scores, found=None, failed=0):
    readings = [outcome(f"{name}-seed-{i}", score) for i, score in enumerate(scores)]
    readings += [outcome(f"{name}-failed-{i}", 0, state="diverged") for i in range(failed)]
    return comparing.Confirmed(name, {"codings_size": 64}, readings, found)


# Order.


def test_finished_runs_come_by_score_then_the_collapsed_then_the_lost_and_ties_by_name():
    best_first = [
        outcome("z", 1.0),
        outcome("a", 2.0),
        outcome("b", 2.0),
        outcome("y", WORST),
        outcome("d", 0, state="collapsed"),
        outcome("c", 0, state="diverged"),
        outcome("e", 0, state="diverged"),
    ]
    for seed in range(5):
        mixed = random.Random(seed).sample(best_first, len(best_first))
        assert ranking.ranked(mixed) == best_first
    assert ranking.ranked([]) == []


def test_the_same_hyperparameters_are_finished_once_with_their_best_score():
    """As Hyperband trains them: for one epoch, for three and for nine."""
    short, long, longest = outcome("a", 3.0), outcome("b", 2.0), outcome("c", 1.0)
    other = outcome("d", 2.5, hyperparameters={"codings_size": 8})
    lost = outcome("e", 0, state="collapsed", hyperparameters={"codings_size": 4})
    assert ranking.finished([short, long, longest, other, lost]) == [longest, other]
    assert ranking.finished([lost]) == []
    assert ranking.finished([short, other], but=short.hyperparameters) == [other]


# Confirmed.


def test_mean_spread_and_deviation():
    found = confirmed("t", 1.0, 2.0, 6.0)
    assert found.mean == pytest.approx(3.0, abs=1e-12)
    assert found.spread == (1.0, 6.0)
    assert found.deviation == pytest.approx(math.sqrt((4 + 1 + 9) / 2), abs=1e-12)
    assert found.failed == 0


def test_a_lost_run_counts_as_the_worst():
    found = confirmed("t", 1.0, 2.0, failed=1)
    assert found.mean == pytest.approx((1 + 2 + WORST) / 3, rel=1e-12)
    assert found.spread == (1.0, WORST)
    assert found.failed == 1


def test_one_reading_has_no_deviation_and_none_is_refused():
    assert confirmed("t", 4.0).deviation is None
    with pytest.raises(ValueError, match="t has no readings"):
        confirmed("t")


def test_the_winner_has_the_least_mean_not_the_least_reading_and_ties_go_by_name():
    lucky, steady = confirmed("a", 1.0, 9.0), confirmed("b", 4.0, 5.0)
    assert comparing.winner([lucky, steady]) is steady
    assert comparing.winner([steady, lucky]) is steady
    assert comparing.winner([confirmed("b", 4.0), confirmed("a", 4.0)]).name == "a"


# Comparisons.


def welch(first, second):
    """p by the formulas of Welch (1947) and Satterthwaite (1946)."""
    means = [sum(values) / len(values) for values in (first, second)]
    errors = [
        sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)
        for values, mean in zip((first, second), means, strict=True)
    ]
    t = (means[1] - means[0]) / math.sqrt(sum(errors))
    freedom = sum(errors) ** 2 / sum(
        error**2 / (len(values) - 1) for error, values in zip(errors, (first, second), strict=True)
    )
    return 2 * stats.t.sf(abs(t), freedom)


@pytest.mark.parametrize(
    ("first", "second", "distinct"),
    [
        ((10.0, 11, 12), (11.0, 12, 16, 13), False),
        ((10.0, 10.1, 10.2), (12.0, 12.1, 12.5), True),
        ((5.0, 5.0, 5.0), (5.0, 6.0, 7.0), False),
        ((5.0, 5.0), (9.0, 9.01), True),
    ],
)
def test_p_is_that_of_welch(first, second, distinct):
    found = comparing.compare(confirmed("a", *first), confirmed("b", *second))
    assert found.p == pytest.approx(welch(first, second), rel=1e-9)
    assert found.distinct is distinct
    assert found.difference == pytest.approx(
        sum(second) / len(second) - sum(first) / len(first), abs=1e-12
    )


def test_a_case_by_hand():
    """1, 3 and 5, 7: both variances are 2, so t^2 = 8 with 2 degrees of freedom.

    There p = 1 - t / sqrt(2 + t^2), which is 1 - sqrt(8 / 10).
    """
    found = comparing.compare(confirmed("a", 1.0, 3.0), confirmed("b", 5.0, 7.0))
    assert found.p == pytest.approx(1 - math.sqrt(0.8), rel=1e-9)
    assert found.difference == 4


def test_the_other_way_round_only_the_sign_changes():
    a, b = confirmed("a", 1.0, 2.0, 4.0), confirmed("b", 3.0, 3.5)
    there, back = comparing.compare(a, b), comparing.compare(b, a)
    assert (there.difference, there.p) == pytest.approx((-back.difference, back.p), rel=1e-12)


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        ((0.1, 0.1, 0.1), (0.1, 0.1), 1.0),
        ((0.1, 0.1, 0.1), (0.2, 0.2), 0.0),
        ((1.0,), (2.0, 3.0), 1.0),
        ((1.0, 1.5), (9.0,), 1.0),
        ((WORST, WORST), (WORST, WORST), 1.0),
    ],
)
def test_where_there_is_no_spread_to_go_by_nothing_warns(first, second, p):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = comparing.compare(confirmed("a", *first), confirmed("b", *second))
    assert found.p == p
    assert found.distinct is (p == 0)


def test_next_to_no_spread_does_not_warn_either():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = comparing.compare(confirmed("a", 1.0, 1.0 + 1e-15), confirmed("b", 2.0, 2.0))
    assert found.distinct


# Tables.


def test_the_table_names_each_run_best_first_with_what_went_wrong_and_the_floor():
    outcomes = [
        outcome("trial-001", 0, state="diverged"),
        outcome("trial-000", 12.3456, hyperparameters={"codings_size": 32, "rate": 0.000123456}),
        outcome("trial-002", 9.5),
    ]
    about = {"distance": "fid_fashion", "recall": "recall_fashion"}
    lines = ranking.table(outcomes, floor=0.0871, **about).splitlines()
    rows = [line.split() for line in lines]
    assert [row[1] for row in rows[-5:-2]] == ["trial-002", "trial-000", "trial-001"]
    # The columns: codings_size, learning_rate and, as another run has it, rate.
    assert rows[-5] == "1 trial-002 64 0.0002 - 9.5 3 0.25 1,234 finished".split()
    assert rows[-4] == "2 trial-000 32 - 0.0001235 12.35 3 0.25 1,234 finished".split()
    assert rows[-3] == "3 trial-001 64 0.0002 - - - - 1,234 diverged".split()
    assert lines[-2] == "trial-001 diverged: no numbers any more"
    assert lines[-1] == "as many training images read 0.0871"
    assert "fid" in lines[0].split() and rows[1][:2] == ["rank", "name"]


def test_without_a_floor_or_a_recall_the_table_has_none():
    unmeasured, measured = outcome("t", 1.0, figures={}), outcome("t", 1.0)
    about = {"distance": "fid", "floor": None}
    for text in (
        ranking.table([unmeasured], recall="recall_fashion", **about),
        ranking.table([measured], **about),
    ):
        assert "recall" not in text and "training images" not in text


def test_columns_follow_the_runs_as_given_not_as_ranked():
    runs = [
        outcome("a", 2.0, hyperparameters={"x": 1}),
        outcome("b", 1.0, hyperparameters={"y": 1}),
    ]
    about = {"distance": "fid", "floor": None, "recall": "recall_fashion"}
    head = ranking.table(runs, **about).splitlines()[1].split()
    assert head == "rank name x y fid epoch fashion seconds state".split()


@pytest.mark.parametrize("width", [{}, {"width": 80}])
@pytest.mark.parametrize("count", [0, 1, 3, 12])
def test_tables_are_at_most_as_wide_as_asked(count, width):
    many = {f"learning_rate_number_{i}": 1.2345e-5 for i in range(count)}
    many |= {"text": "long " * 30} if count else {}
    runs = [
        outcome("trial-000", 1.0, hyperparameters=many),
        outcome(
            "trial-001", 0, state="diverged", reason="of a reason that takes long to tell " * 9
        ),
    ]
    texts = [ranking.table(runs, distance="fid_fashion", floor=1.0, **width)]
    twice = [comparing.Confirmed(run.name, many, [run, run], 1.0) for run in runs]
    texts.append(ranking.confirmation_table(twice, distance="fid_fashion", **width))
    for text in texts:
        lines = text.splitlines()
        assert max(map(len, lines)) <= width.get("width", 100)
        assert all(line == line.rstrip() for line in lines)
        assert sum("0.00001234" in line or "1.234e-05" in line for line in lines) >= min(count, 1)


def test_the_default_space_takes_one_block():
    space = {
        "codings_size": 128,
        "generator_learning_rate": 0.000123456,
        "discriminator_learning_rate": 0.000654321,
    }
    run = outcome("trial-000", 123.456, hyperparameters=space)
    twice = comparing.Confirmed("trial-000", space, [run, outcome("b", 234.567)], 123.4)
    texts = [
        ranking.table([run], distance="fid_fashion", floor=None),
        ranking.confirmation_table([twice], distance="fid_fashion"),
    ]
    for text in texts:
        assert text.count("trial-000") == 1


def test_an_empty_search_has_a_table():
    assert "name" in ranking.table([], distance="fid", floor=None)


def test_the_table_of_the_confirmed():
    several = [confirmed("trial-004", 3.0, 5.0, found=2.5), confirmed("recipe", 2.0, failed=1)]
    lines = ranking.confirmation_table(several, distance="fid_fashion").splitlines()
    deviation = f"{math.sqrt(2):.4g}"
    assert lines[-3].split() == f"trial-004 64 4 3 to 5 {deviation} 2.5 2 of 2".split()
    assert lines[-2].split()[:6] == "recipe 64 501 2 to 1,000".split()
    assert lines[-2].split()[-4:] == "- 1 of 2".split()
    assert "counts with the worst score" in lines[-1]
    whole = ranking.confirmation_table(several[:1], distance="fid_fashion")
    assert "worst" not in whole


def test_a_title_breaks_at_its_underscores_no_wider_than_needed():
    text = columns.grid([("name", ["a"]), ("beta_1", [0.5]), ("learning_rate", [0.1])])
    assert text == "              learning\nname  beta_1      rate\na        0.5       0.1"


@pytest.mark.parametrize(("text", "width", "expected"), [("abcd", 4, "abcd"), ("abcde", 4, "a...")])
def test_what_is_too_long_is_cut(text, width, expected):
    assert columns.cut(text, width) == expected


# Verdicts.


def test_a_clear_winner():
    several = [
        confirmed("trial-3", 13.0, 13.1, 13.2, found=12.9),
        confirmed("trial-7", 10.0, 10.1, 10.2, found=9.0),
        confirmed("recipe", 20.0, 20.2, 20.4),
    ]
    p = welch((10.0, 10.1, 10.2), (13.0, 13.1, 13.2))
    assert p < 0.001
    assert ranking.verdict(several, distance="fid").splitlines() == [
        "The winner is trial-7: fid 10.1 on average of 3 new seeds (10 to 10.2).",
        "The runner-up, trial-3, reads 13.1, 3 more, which is more than the noise (p < 0.001).",
        "The recipe reads 20.2; the winner is 50.0% below it, which is more than the noise "
        "(p < 0.001).",
        "In the search the best, trial-7, read 9; with new seeds it reads 10.1 on average.",
    ]


def test_what_cannot_be_told_apart_is_said_to_be_so():
    several = [confirmed("trial-1", 10.0, 14.0), confirmed("recipe", 11.0, 15.0)]
    p = welch((10.0, 14.0), (11.0, 15.0))
    assert ranking.verdict(several, distance="fid").splitlines()[1:] == [
        "The runner-up, recipe, reads 13; the winner is 7.7% below it, which is not more than the "
        f"noise (p = {p:.3g}): the two cannot be told apart."
    ]


def test_one_seed_tells_nothing():
    told = ranking.verdict([confirmed("a", 1.0), confirmed("b", 99.0)], distance="fid")
    assert told.splitlines() == [
        "The winner is a: fid 1 of one new seed.",
        "The runner-up, b, reads 99, 98 more, and with a single seed nobody can tell whether that "
        "is more than the noise.",
    ]


def test_the_recipe_can_win_and_the_best_of_the_search_need_not():
    several = [
        confirmed("recipe", 10.0, 10.2),
        confirmed("lucky", 15.0, 15.2, found=8.0),
        confirmed("steady", 12.0, 12.2, found=11.0),
    ]
    told = ranking.verdict(several, distance="fid").splitlines()
    assert told[0] == "No trial beats the recipe: fid 10.1 on average of 2 new seeds (10 to 10.2)."
    assert told[1].startswith("The runner-up, steady, reads 12.1, 2 more, which is more than")
    assert told[2:] == [
        "In the search the best, lucky, read 8; with new seeds it reads 15.1 on average."
    ]


def test_failed_runs_are_told():
    told = ranking.verdict(
        [confirmed("a", 1.0, 2.0), confirmed("recipe", 3.0, failed=1)], distance="fid"
    )
    assert "recipe, reads 501.5 with 1 of 2 runs diverged or collapsed; the winner is" in told
    assert "cannot be told apart" in told
    readings = [outcome("lost", 0, state="out_of_memory"), *confirmed("b", 3.0).readings]
    lost = comparing.Confirmed("b", {}, readings)
    told = ranking.verdict([confirmed("a", 1.0, 2.0), lost], distance="fid")
    assert "with 1 of 2 runs diverged, collapsed or out of memory" in told


def test_there_is_no_winner_where_all_failed():
    told = ranking.verdict([confirmed("a", failed=2), confirmed("b", failed=2)], distance="fid")
    assert told == "None is the winner: no run with a new seed finished."
    told = ranking.verdict([confirmed("a", failed=2), confirmed("b", WORST, WORST)], distance="fid")
    assert told.startswith("The winner is b: ")


def test_one_alone_has_no_runner_up():
    told = ranking.verdict([confirmed("a", 1.0, 3.0)], distance="fid")
    assert told == "The winner is a: fid 2 on average of 2 new seeds (1 to 3)."


# Files.


def test_what_is_written_reads_back_to_the_bit(tmp_path):
    outcomes = [
        outcome("b", 1 / 3, hyperparameters={"rate": 1e-4 / 3, "loss": 'a "b", c'}),
        outcome("a", 0.1 + 0.2, hyperparameters={"size": 64, "wide": True}, seconds=1e-7 / 3),
        outcome("c", 0, state="diverged", reason="one, two\nthree"),
    ]
    path = tmp_path / "trials.csv"
    ranking.write_csv(outcomes, path)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    about = {field.name for field in dataclasses.fields(Outcome)} - {"hyperparameters", "figures"}
    names = ["rate", "loss", "size", "wide", "codings_size", "learning_rate"]
    assert list(rows[0]) == [
        *("rank", "name", "seed", "state", "reason", "score", "distance", "best_epoch", "epochs"),
        *("seconds", *names, "fid_fashion", "recall_fashion"),
    ]
    assert [row["name"] for row in rows] == ["a", "b", "c"]
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    for row, run in zip(rows, ranking.ranked(outcomes), strict=True):
        for name in about:
            assert row[name] == ("" if getattr(run, name) is None else str(getattr(run, name)))
        for name in names:
            assert row[name] == str(run.hyperparameters.get(name, ""))
        assert float(row["score"]) == run.score and float(row["seconds"]) == run.seconds
        if run.figures:
            assert float(row["fid_fashion"]) == run.figures["fid_fashion"]


def test_a_hyperparameter_with_the_name_of_a_field_has_its_own_column(tmp_path):
    ranking.write_csv([outcome("a", 1.0, hyperparameters={"seed": 9})], tmp_path / "trials.csv")
    with open(tmp_path / "trials.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["seed"], row["hp_seed"]) == ("7", "9")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "trials.csv"
    ranking.write_csv([outcome("a", 1.0)], path)
    before = path.read_bytes()

    class Unwritable:
        def __str__(self):
            raise RuntimeError("in the midst of the file")

    broken = outcome("b", 2.0, hyperparameters={"size": Unwritable()})
    with pytest.raises(RuntimeError, match="in the midst"):
        ranking.write_csv([outcome("a", 1.0), broken], path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["trials.csv"]
