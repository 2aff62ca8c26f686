"""Which run of a search is the best, how certain that is, and the tables and files of it."""

import csv
import dataclasses
import math
import random
import warnings

import pytest
from scipy import stats

from gan_model.sweeps import tables
from gan_model.sweeps.confirming import Confirmed, by_mean, welch_p
from gan_model.sweeps.outcome import Outcome, finished, ranked

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


def confirmed(name, *scores, found=None, failed=0, state="diverged"):
    readings = [outcome(f"{name}-seed-{i}", score) for i, score in enumerate(scores)]
    readings += [outcome(f"{name}-failed-{i}", 0, state=state) for i in range(failed)]
    return Confirmed(name, {"codings_size": 64}, readings, found)


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
        assert ranked(random.Random(seed).sample(best_first, len(best_first))) == best_first
    assert ranked([]) == []


def test_the_same_hyperparameters_are_finished_once_with_their_best_score():
    """As Hyperband trains them: for one epoch, for three and for nine."""
    short, long, longest = outcome("a", 3.0), outcome("b", 2.0), outcome("c", 1.0)
    other = outcome("d", 2.5, hyperparameters={"codings_size": 8})
    lost = outcome("e", 0, state="collapsed", hyperparameters={"codings_size": 4})
    assert finished([short, long, longest, other, lost]) == [longest, other]
    assert finished([lost]) == []
    assert finished([short, other], but=short.hyperparameters) == [other]


# Confirmed.


def test_mean_spread_and_deviation_in_which_a_lost_run_counts_as_the_worst():
    several = confirmed("t", 1.0, 2.0, 6.0)
    assert several.mean == pytest.approx(3.0, abs=1e-12)
    assert several.spread == (1.0, 6.0)
    assert several.deviation == pytest.approx(math.sqrt((4 + 1 + 9) / 2), abs=1e-12)
    assert several.failed == 0
    lost = confirmed("t", 1.0, 2.0, failed=1)
    assert lost.mean == pytest.approx((1 + 2 + WORST) / 3, rel=1e-12)
    assert lost.spread == (1.0, WORST) and lost.failed == 1
    assert confirmed("t", 4.0).deviation is None


def test_the_winner_has_the_least_mean_not_the_least_reading_and_ties_go_by_name():
    lucky, steady = confirmed("a", 1.0, 9.0), confirmed("b", 4.0, 5.0)
    assert by_mean([lucky, steady]) == by_mean([steady, lucky]) == [steady, lucky]
    assert by_mean([confirmed("b", 4.0), confirmed("a", 4.0)])[0].name == "a"


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
    ("first", "second", "p"),
    [
        ((10.0, 11, 12), (11.0, 12, 16, 13), None),
        ((10.0, 10.1, 10.2), (12.0, 12.1, 12.5), None),
        ((5.0, 5.0, 5.0), (5.0, 6.0, 7.0), None),
        # By hand: both variances are 2, so t^2 = 8 with 2 degrees of freedom, where p is
        # 1 - t / sqrt(2 + t^2).
        ((1.0, 3.0), (5.0, 7.0), 1 - math.sqrt(0.8)),
        ((1.0, 1.0 + 1e-15), (2.0, 2.0), 0.0),
        ((0.1, 0.1, 0.1), (0.1, 0.1), 1.0),
        ((0.1, 0.1, 0.1), (0.2, 0.2), 0.0),
        ((1.0,), (2.0, 3.0), 1.0),
        ((1.0, 1.5), (9.0,), 1.0),
    ],
)
def test_p_is_that_of_welch_and_nothing_warns_without_a_spread(first, second, p):
    expected = welch(first, second) if p is None else p
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for pair in ((first, second), (second, first)):
            p = welch_p(*(confirmed("t", *scores) for scores in pair))
            assert p == pytest.approx(expected, rel=1e-9, abs=1e-12)


# Tables.


def cells(text):
    return [line.split() for line in text.splitlines()]


def test_the_table_has_each_run_best_first_with_what_went_wrong_and_the_floor():
    outcomes = [
        outcome("trial-001", 0, state="diverged", reason="lost\x1b[31m"),
        outcome("trial-000", 12.3456, hyperparameters={"codings_size": 32, "rate": 0.000123456}),
        outcome("trial-002", 9.5),
    ]
    text = tables.trial_table(
        outcomes, distance="fid_fashion", recall="recall_fashion", floor=0.0871
    )
    # The columns: codings_size, learning_rate and, as another run has it, rate.
    assert cells(text)[-5:] == [
        "1 trial-002 64 0.0002 - 9.5 3 0.25 1,234 finished".split(),
        "2 trial-000 32 - 0.0001235 12.35 3 0.25 1,234 finished".split(),
        "3 trial-001 64 0.0002 - - - - 1,234 diverged".split(),
        ["trial-001", "diverged:", "lost\\x1b[31m"],
        "as many training images read 0.0871".split(),
    ]
    head = "rank name size rate rate fashion epoch fashion seconds state".split()
    assert cells(text)[-6] == head


def test_without_a_floor_or_a_recall_or_runs_the_table_has_none():
    about = {"distance": "fid", "floor": None}
    unmeasured = tables.trial_table([outcome("t", 1.0, figures={})], recall="recall_x", **about)
    for text in (unmeasured, tables.trial_table([outcome("t", 1.0)], **about)):
        assert "recall" not in text and "training images" not in text
    assert "name" in tables.trial_table([], **about)


def test_columns_follow_the_runs_as_given_not_as_ranked():
    runs = [
        outcome("a", 2.0, hyperparameters={"x": 1}),
        outcome("b", 1.0, hyperparameters={"y": 1}),
    ]
    head = cells(tables.trial_table(runs, distance="fid", floor=None))[0]
    assert head == "rank name x y fid epoch seconds state".split()


@pytest.mark.parametrize("width", [100, 80])
@pytest.mark.parametrize("count", [0, 1, 3, 12])
def test_tables_are_at_most_as_wide_as_asked_and_keep_each_number(count, width):
    many = {f"learning_rate_number_{i}": 1.2345e-5 for i in range(count)}
    many |= {"text": "long " * 30} if count else {}
    reason = "of a reason that takes long to tell " * 9
    runs = [
        outcome("trial-000", 1.0, hyperparameters=many),
        outcome("trial-001", 0, state="diverged", reason=reason),
    ]
    twice = [Confirmed(run.name, many, [run, run], 1.0) for run in runs]
    for text in (
        tables.trial_table(runs, distance="fid_fashion", floor=1.0, width=width),
        tables.confirmation_table(twice, distance="fid_fashion", width=width),
    ):
        lines = text.splitlines()
        assert max(map(len, lines)) <= width
        assert all(line == line.rstrip() for line in lines)
        blocks = 1 + lines.count("")
        assert text.count("trial-000") == blocks and (count < 12 or blocks > 1)
        assert text.count("1.234e-05") >= count


def test_the_default_space_takes_one_block():
    space = {
        "codings_size": 128,
        "generator_learning_rate": 0.000123456,
        "discriminator_learning_rate": 0.000654321,
    }
    run = outcome("trial-000", 123.456, hyperparameters=space)
    twice = Confirmed("trial-000", space, [run, outcome("b", 234.567)], 123.4)
    for text in (
        tables.trial_table([run], distance="fid_fashion", floor=None, recall="recall_fashion"),
        tables.confirmation_table([twice], distance="fid_fashion"),
    ):
        assert text.count("trial-000") == 1


def test_the_table_of_the_confirmed():
    several = [confirmed("trial-004", 3.0, 5.0, found=2.5), confirmed("recipe", 2.0, failed=1)]
    *_, first, second, note = cells(tables.confirmation_table(several, distance="fid_fashion"))
    assert first == f"trial-004 64 4 3 to 5 {math.sqrt(2):.4g} 2.5 2 of 2".split()
    assert second[:6] == "recipe 64 501 2 to 1,000".split()
    assert second[-4:] == "- 1 of 2".split() and "worst" in note
    assert "worst" not in tables.confirmation_table(several[:1], distance="fid_fashion")


# Summaries.


def summary(*several):
    return tables.summary(list(several), distance="fid")


def test_a_clear_winner():
    assert welch((10.0, 10.1, 10.2), (13.0, 13.1, 13.2)) < 0.001
    winner, runner_up, recipe, search = summary(
        confirmed("trial-3", 13.0, 13.1, 13.2, found=12.9),
        confirmed("trial-7", 10.0, 10.1, 10.2, found=9.0),
        confirmed("recipe", 20.0, 20.2, 20.4),
    )
    assert winner == "The winner is trial-7: fid 10.1 on average of 3 new seeds (10 to 10.2)."
    assert "trial-3, reads 13.1, 3 more, which is more than the noise (p < 0.001)" in runner_up
    assert "recipe reads 20.2" in recipe and "50.0% below it, which is more than" in recipe
    assert "trial-7, read 9; with new seeds it reads 10.1" in search


def test_what_cannot_be_told_apart_is_said_to_be_so():
    _, runner_up = summary(confirmed("trial-1", 10.0, 14.0), confirmed("recipe", 11.0, 15.0))
    p = welch((10.0, 14.0), (11.0, 15.0))
    assert "recipe, reads 13; the winner is 7.7% below it, which is not more than" in runner_up
    assert f"(p = {p:.3g})" in runner_up
    one, single = summary(confirmed("a", 1.0), confirmed("b", 99.0))
    assert one == "The winner is a: fid 1 of one new seed."
    assert "b, reads 99, 98 more" in single and "p =" not in single and "single seed" in single


def test_the_recipe_can_win_and_the_best_of_the_search_need_not():
    winner, runner_up, search = summary(
        confirmed("recipe", 10.0, 10.2),
        confirmed("lucky", 15.0, 15.2, found=8.0),
        confirmed("steady", 12.0, 12.2, found=11.0),
    )
    assert winner.startswith("No trial beats the recipe: fid 10.1 ")
    assert "steady, reads 12.1, 2 more, which is more than" in runner_up
    assert "lucky, read 8; with new seeds it reads 15.1" in search
    assert len(summary(confirmed("a", 1.0, 3.0))) == 1


def test_failed_runs_are_told():
    _, runner_up = summary(confirmed("a", 1.0, 2.0), confirmed("recipe", 3.0, failed=1))
    assert "recipe, reads 501.5 with 1 of 2 runs diverged or collapsed; the winner" in runner_up
    lost = confirmed("b", 3.0, failed=1, state="out_of_memory")
    _, runner_up = summary(confirmed("a", 1.0, 2.0), lost)
    assert "with 1 of 2 runs diverged, collapsed or out of memory" in runner_up
    (none,) = summary(confirmed("a", failed=2), confirmed("b", failed=2))
    assert none.startswith("None is the winner")
    worst_twice = confirmed("b", WORST, WORST)
    assert summary(confirmed("a", failed=2), worst_twice)[0].startswith("The winner is b: ")


# Files.


def test_what_is_written_reads_back_to_the_bit(tmp_path):
    outcomes = [
        outcome("b", 1 / 3, hyperparameters={"rate": 1e-4 / 3, "loss": 'a "b", c', "seed": 9}),
        outcome("a", 0.1 + 0.2, hyperparameters={"size": 64, "wide": True}, seconds=1e-7 / 3),
        outcome("c", 0, state="diverged", reason="one, two\nthree"),
    ]
    path = tmp_path / "trials.csv"
    tables.write_csv(outcomes, path)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    about = {field.name for field in dataclasses.fields(Outcome)} - {"hyperparameters", "figures"}
    names = ["rate", "loss", "hp_seed", "size", "wide", "codings_size", "learning_rate"]
    assert list(rows[0]) == [
        *("rank", "name", "seed", "state", "reason", "score", "distance", "best_epoch", "epochs"),
        *("seconds", *names, "fid_fashion", "recall_fashion"),
    ]
    assert [row["name"] for row in rows] == ["a", "b", "c"]
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    for row, run in zip(rows, ranked(outcomes), strict=True):
        for name in about:
            assert row[name] == ("" if getattr(run, name) is None else str(getattr(run, name)))
        for name in names:
            assert row[name] == str(run.hyperparameters.get(name.removeprefix("hp_"), ""))
        assert float(row["score"]) == run.score and float(row["seconds"]) == run.seconds
        if run.figures:
            assert float(row["fid_fashion"]) == run.figures["fid_fashion"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "trials.csv"
    tables.write_csv([outcome("a", 1.0)], path)
    before = path.read_bytes()

    class Unwritable:
        def __str__(self):
            raise RuntimeError("in the midst of the file")

    broken = outcome("b", 2.0, hyperparameters={"size": Unwritable()})
    with pytest.raises(RuntimeError, match="in the midst"):
        tables.write_csv([outcome("a", 1.0), broken], path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["trials.csv"]
