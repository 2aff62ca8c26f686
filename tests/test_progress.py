"""What a person sees while a GAN trains: the text, the screen of a real terminal, a file."""

import io
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from processes import images_in, train
from programs.shows_progress import SHORT, FixedQuality, fit, small
from terminal import show

from gan_model import progress
from gan_model.metrics import Direction, Kind, Metric
from gan_model.progress import display
from gan_model.progress.callbacks import Throughput
from gan_model.progress.lines import Best, Figures, best_of, epoch_line, figures_in, moving_line
from gan_model.sweeps import Outcome
from gan_model.sweeps.progress import SearchProgress

PROGRAM = Path(__file__).parent / "programs" / "shows_progress.py"
SECONDS = r"\d[\d.]* s"
MEASURED = Figures((0.5, 0.7), "fid_fashion", 6.214, 0.08744, 0.714, Best(5.981, 2), "fid")


# Text.


def test_the_line_of_an_epoch_has_the_longest_form_that_fits():
    def line(width):
        return epoch_line("epoch  3/20", MEASURED, 38.2, width=width)

    long = (
        "epoch  3/20   fid_fashion 6.21   best 5.98 (epoch 2)   floor 0.0874   recall 0.71   38 s"
    )
    assert line(None) == line(100) == long
    short = "epoch  3/20  fid_fashion 6.21  best 5.98 (2)  floor 0.087  recall 0.71  38 s"
    assert line(80) == line(99) == short
    assert line(70) == short.replace("fid_fashion", "fid")
    assert line(20) == "epoch  3/20 fid 6.21"


def test_without_a_distance_the_line_has_both_losses():
    said = epoch_line("epoch 1/9", Figures((0.5, 1.25)), 0.5, width=80)
    assert said == "epoch 1/9  discriminator loss 0.500  generator loss 1.25  0.50 s"
    assert epoch_line("epoch 1/9", Figures(), 0.5, width=80) == "epoch 1/9  0.50 s"


@pytest.mark.parametrize("steps", [None, 7, 123_456])
@pytest.mark.parametrize("width", [1, 20, 77, 79, 117])
@pytest.mark.parametrize("left", [None, 5, 3723, 10**7])
def test_the_moving_line_never_is_too_long(steps, width, left):
    told = dict(seconds_left=left, images_per_second=123_456.7, losses=(-0.123456, 98765.4))
    assert len(moving_line("epoch 1000/1000", 3, steps, width=width, **told)) <= width
    assert len(moving_line("epoch 1/2", 0, steps, width=width, doing="starting")) <= width


def test_the_moving_line():
    told = dict(seconds_left=252.0, images_per_second=12345.6, losses=(0.693, 0.712))
    assert moving_line("epoch  3/20", 6, 24, width=77, **told) == (
        "epoch  3/20 ━━───────  25%   4:12 left  12,346 images/s  loss D 0.693 G 0.712"
    )
    wide = moving_line("epoch  3/20", 6, 24, width=117, **told)
    assert "discriminator loss 0.693  generator loss 0.712" in wide
    assert "step 6 " in moving_line("epoch 1/2", 6, None, width=77)


def test_throughput_does_not_count_what_lies_between_epochs():
    throughput = Throughput()
    assert throughput.images_per_second is None and throughput.seconds_for(5) is None
    throughput.start(100.0, 0, 0)
    throughput.add(102.0, 10, 320)
    assert throughput.images_per_second == 160.0 and throughput.seconds_for(5, epochs=3) == 1.0
    throughput.pause(7.0)
    throughput.pause(9.0)
    throughput.start(118.0, 0, 320)
    assert throughput.images_per_second == 160.0 and throughput.seconds_for(5, epochs=3) == 25.0
    for step in range(1, 301):  # as many as it remembers
        throughput.add(118.0 + 0.1 * step, step, 320 + 8 * step)
    assert throughput.images_per_second == pytest.approx(80.0)


def test_the_best_is_never_no_number_and_of_equal_ones_the_first():
    assert best_of([(3.0, 1), (2.0, 2), (2.0, 3)]) == Best(2.0, 2)
    assert best_of([(float("nan"), None), (3.0, 2)]) == Best(3.0, 2)
    assert best_of([(float("nan"), 1)]) is None


def test_which_figures_of_the_logs_are_shown():
    logs = {"discriminator_loss": 0.5, "generator_loss": 0.7, "fake_score": 3.0}
    assert figures_in(logs, None) == Figures((0.5, 0.7))
    quality = FixedQuality()
    logs |= {"val_fid_fashion": 6.0, "val_recall_fashion": 0.1, "val_generator_loss": 9.0}
    assert figures_in(logs, quality) == Figures((0.5, 0.7))  # not measured
    measured = Figures((0.5, 0.7), "fid_fashion", 6.0, 0.08744, 0.1, label="fid")
    assert figures_in(logs, quality, prefix="val_") == measured


def test_a_short_line_has_the_label_that_a_measure_gives_itself():
    """The text of a name tells nothing: it may have any underscores."""
    own = Metric("edge_width_p90", Direction.LOWER, Kind.DISTANCE, "edges")
    more = Metric("hue", Direction.HIGHER, Kind.DISTANCE)
    quality = SimpleNamespace(
        distance=own.name,
        recall=None,
        floor=None,
        further_names=("hue",),
        metrics={metric.name: metric for metric in (own, more)},
    )
    figures = figures_in({own.name: 6.0, "hue": 0.5}, quality)
    assert "edge_width_p90 6" in epoch_line("evaluation", figures, 1.0, width=None)
    assert "hue 0.5" in epoch_line("evaluation", figures, 1.0, width=None)
    assert "edges 6" in epoch_line("evaluation", figures, 1.0, width=32)


# A file.


@pytest.fixture
def printed(capsys):
    """What was printed since: its lines. None may have control characters."""

    def lines():
        captured = capsys.readouterr()
        assert captured.err == ""
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", captured.out)
        return captured.out.splitlines()

    return lines


@pytest.mark.slow
def test_in_a_file_there_is_one_line_for_each_epoch(printed):
    fit(small(6.214, 5.0), validation_freq=2, **SHORT | {"epochs": 4})
    first, second, third, fourth = printed()
    losses = r"discriminator loss [\d.]+   generator loss [\d.]+   " + SECONDS
    assert re.fullmatch(f"epoch 1/4   {losses}", first)
    assert re.fullmatch(f"epoch 3/4   {losses}", third)
    told = r"floor 0\.0874   recall 0\.71   " + SECONDS
    assert re.fullmatch(rf"epoch 2/4   fid_fashion 6\.21   best 6\.21 \(epoch 2\)   {told}", second)
    assert re.fullmatch(rf"epoch 4/4   fid_fashion 5\.00   best 5\.00 \(epoch 4\)   {told}", fourth)


def test_an_evaluation_is_one_line(printed):
    figures = small(6.214).evaluate(np.zeros((16, 8, 8), np.uint8), return_dict=True)
    assert figures["fid_fashion"] == 6.214
    (line,) = printed()
    told = r"evaluation   fid_fashion 6\.21   floor 0\.0874   recall 0\.71   "
    assert re.fullmatch(told + SECONDS, line)


def test_a_run_that_is_over_says_nothing(printed):
    fit(small(), epochs=3, initial_epoch=3)
    assert printed() == []


@pytest.fixture
def progress_of():
    """A `Progress` as Keras uses it, for a model with this history before."""

    def made(epochs=(), distances=(), **params):
        shown = progress.Progress()
        history = SimpleNamespace(epoch=epochs, history={"val_fid_fashion": distances})
        images_seen = np.zeros(1).view(Variable)
        model = SimpleNamespace(history=history, quality=FixedQuality(), images_seen=images_seen)
        shown.set_model(model)
        shown.set_params({"steps": 4, "epochs": 3} | params)
        shown.on_train_begin()
        return shown

    return made


class Variable(np.ndarray):
    """Stands for one of TensorFlow."""

    def numpy(self):
        return self[0]


@pytest.mark.parametrize(
    ("epochs", "distances", "readings", "best"),
    [
        ([0, 1], [3.0, 4.0], [5.0], "3.00 (epoch 1)"),
        ([0, 1, 2, 3], [4.0, 3.0], [5.0], "3.00"),  # of every second epoch, it is unknown which
        ([0, 1], [3.0, 4.0], [5.0, 2.0], "2.00 (epoch 4)"),
        ([0], [float("nan")], [float("nan"), 7.0], "7.00 (epoch 3)"),
    ],
)
def test_the_best_of_earlier_processes_counts(
    printed, progress_of, epochs, distances, readings, best
):
    shown = progress_of(epochs, distances)
    for epoch, reading in enumerate(readings, start=len(epochs)):
        shown.on_epoch_begin(epoch)
        shown.on_epoch_end(epoch, {"val_fid_fashion": reading})
    assert f"best {best}   " in printed()[-1]


def test_the_time_left_of_batches_whose_number_is_unknown(progress_of):
    shown = progress_of(steps=None)
    for epoch, is_unknown in enumerate([True, False]):
        shown.on_epoch_begin(epoch)
        for batch in range(4):
            shown.on_train_batch_end(batch)
            assert (shown.seconds_left() is None) is is_unknown
        shown.on_epoch_end(epoch)


class Own(progress.Progress):
    """A user's own."""


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
def test_a_display_of_the_user_takes_the_place_of_ours(verbose):
    for own, left in ((Own(), 0), (keras.callbacks.ProgbarLogger(), verbose)):
        with progress.show_training([own], verbose) as arguments:
            assert arguments == {"callbacks": [own], "verbose": left}
    with progress.show_training([], verbose) as arguments:
        assert [type(shown) for shown in arguments["callbacks"]] == [progress.Progress] * (
            verbose != 0
        )


def test_another_verbose_is_refused():
    for show_any in (progress.show_training, progress.show_evaluation):
        with pytest.raises(ValueError, match=r"Received: verbose=3"), show_any([], 3):
            pass


# A notebook.


@pytest.mark.slow
def test_in_a_notebook_one_line_is_written_again_and_again(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", display)
    gan = small(6.214, 5.981, 12.3)
    fit(gan, **SHORT | {"epochs": 2})
    gan.evaluate(np.zeros((16, 8, 8), np.uint8))
    written = capsys.readouterr().out
    assert re.findall(r"[\x00-\x1f]", written.replace("\r", "").replace("\n", "")) == []
    assert all(len(part) <= 79 for part in re.split("[\r\n]", written))
    stays = [line.split("\r")[-1].rstrip() for line in written.split("\n")]
    assert stays[-1] == ""
    assert [line.split("  ")[0] for line in stays[:-1]] == ["epoch 1/2", "epoch 2/2", "evaluation"]
    assert "\repoch 1/2 " in written and "measuring" in written


# A search.


class Terminal(io.StringIO):
    """Stands for one, where only the text counts."""

    def isatty(self):
        return True


def ended(name, score, seconds=138.0, reason="", epoch=2):
    state = "lost" if reason else "finished"
    about = dict(hyperparameters={}, seed=0, distance=score, epochs=2, figures={})
    return Outcome(
        name, state=state, reason=reason, score=score, best_epoch=epoch, seconds=seconds, **about
    )


HYPERPARAMETERS = {
    "codings_size": 128,
    "generator_learning_rate": 0.00012345,
    "discriminator_learning_rate": 0.00065432,
    "batch_size": 32,
}


def test_a_search_prints_which_run_of_how_many_the_best_and_the_time_left(monkeypatch, printed):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    search = SearchProgress(11, 22)
    search.skip(ended("trial-000", 26.32), 2)
    search.begin("trial-001", HYPERPARAMETERS, epochs=2)
    now[0] = 138.0
    search.end(ended("trial-001", 25.123), 2)
    search.begin("trial-002", HYPERPARAMETERS, epochs=2)
    search.end(ended("trial-002", 1e9, reason="out of memory", seconds=5.4), 2)
    search.begin("recipe-again-1", epochs=2)
    search.end(ended("recipe-again-1", 3.0), 2, again=True)
    told = "codings 128, G rate 0.000123, D rate 0.000654, batch 32"
    lines = printed()
    assert lines == [
        f" 2 of 11  trial-001  {told}",
        "          trial-001  25.1 (epoch 2), 138 s; best 25.1, trial-001; 20:42 left",
        f" 3 of 11  trial-002  {told}",
        "          trial-002  lost: out of memory, 5 s; best 25.1, trial-001; 9:12 left",
        " 4 of 11  recipe-again-1",
        "          recipe-again-1  3.00 (epoch 2), 138 s; 5:22 left",
    ]
    assert max(map(len, lines)) < 80


def test_a_search_knows_what_is_left_while_a_run_goes_on(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    search = SearchProgress(5, 10)
    search.begin("trial-000", epochs=2)
    now[0] = 30.0
    assert search.seconds_left(None) is None
    assert search.seconds_left(10.0) == 10 + 4 * (30 + 10)  # the others as long as the first
    now[0] = 50.0
    search.end(ended("trial-000", 3.0), 2)
    search.begin("trial-001", epochs=2)
    now[0] = 60.0
    assert search.seconds_left(None) == 40 + 3 * 50
    assert search.seconds_left(7.0) == 7 + 3 * 50


def test_in_a_terminal_a_long_line_of_a_search_goes_on_below_its_beginning(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    SearchProgress(9, 9).end(ended("trial-001", 9.0, reason="a reason, " + 9 * "so long "), 1)
    first, second = screen.getvalue().splitlines()
    assert max(len(first), len(second)) <= 80
    indent, said = 8 * " ", "trial-001  lost: a reason, " + 9 * "so long " + ", 138 s; 0:00 left"
    assert first.startswith(indent) and second.startswith(indent)
    assert f"{first.strip()} {second.strip()}" == said


# A terminal.


@pytest.fixture(scope="module", params=[80, pytest.param(120, marks=pytest.mark.soak)])
def shown(request, tmp_path_factory):
    """All that the program shows in a terminal of so many columns."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_MODEL_CACHE", str(cache))
        shown = show([sys.executable, PROGRAM, cache], columns=request.param)
    assert shown.returncode == 0, shown.raw.decode()
    return request.param, shown


def bar(place, percent, *told):
    """The pattern of a moving line."""
    return "".join([rf"{place} ━+─+ +{percent}%", *(f"  +{text}" for text in told)])


def losses(columns):
    return {
        80: r"loss D -?[\d.]+ G -?[\d.]+",
        120: r"discriminator loss -?[\d.]+  generator loss -?[\d.]+",
    }[columns]


@pytest.mark.slow
def test_every_row_of_the_screen_is_a_whole_line(shown):
    """No line of ours goes on in the next row: each row is one that we know."""
    _, shown = shown
    assert shown.raw.count(b"\x1b[?25l") == 0  # never hidden, nothing to bring back
    distance, gap = (r"\w+ [\d.,]+", " +")
    best = rf"(best [\d.,]+ \((epoch )?\d+\){gap})?"
    of_quality = rf"{distance}{gap}{best}floor 0\.087\d*{gap}recall 0\.71"
    of_losses = rf"discriminator loss [\d.]+{gap}generator loss [\d.]+"
    ours = rf"(epoch +\d+(/\d+)?|evaluation|mine){gap}({of_quality}|{of_losses}){gap}{SECONDS}"
    rest = [row for row in shown.rows() if not re.fullmatch(ours, row)]
    assert "".join(rest).replace(" ", "") == (
        "A line of print.An Alarm:" + 15 * "longwords" + "without an endPlain again."
    ).replace(" ", "")


@pytest.mark.slow
def test_the_moving_line_has_bar_time_speed_and_losses(shown):
    columns, shown = shown
    left, speed = r"\d:\d\d left", r"[\d.,]+ images/s"
    *_, row = shown.rows("before-words")
    assert re.fullmatch(bar("epoch 2/3", 50, left, speed, losses(columns)), row)
    *_, row = shown.rows("measuring")
    assert re.fullmatch(rf"epoch 2/3 ━+ 100%  +{left}  measuring", row)
    *_, row = shown.rows("evaluating")
    assert re.fullmatch(bar("evaluation", 75, left), row)
    *_, row = shown.rows("own-moves")
    assert re.fullmatch(bar("mine", 67, left, speed, losses(columns)), row)


@pytest.mark.slow
def test_by_the_clock_the_time_left_is_that_of_the_clock(shown):
    _, shown = shown
    *_, row = shown.rows("clock")
    # Of an hour, less what the machine took to come here.
    assert re.match(r"epoch 1 ━+─+ +50%  +(1:00:00|5\d:\d\d) left ", row)


@pytest.mark.slow
def test_what_others_print_stands_whole_above_the_moving_line(shown):
    _, shown = shown
    first, said, *alarm, moving = shown.rows("words")
    assert first.startswith("epoch 1/3 ") and moving.startswith("epoch 2/3 ━")
    assert said == "A line of print."
    assert " ".join(alarm) == "An Alarm: " + " ".join(15 * ["long words"])
    assert "without an end" in shown.rows("trained")  # when the screen is given back


@pytest.mark.slow
def test_at_the_end_the_moving_line_is_gone(shown):
    _, shown = shown
    for mark in ("trained", "evaluated", "own", "long-lines", "end"):
        assert shown.rows(mark)[-1] == "", mark
        assert not any("━" in row for row in shown.rows(mark)), mark
        assert not shown.cursor_is_hidden(mark)


@pytest.mark.slow
def test_verbose_2_moves_nothing_and_verbose_0_says_nothing(shown):
    _, shown = shown
    before, after = shown.rows("evaluated"), shown.rows("lines")
    assert after[: len(before) - 1] == before[:-1]
    evaluated, trained = after[len(before) - 1 : -1]
    assert evaluated.startswith("evaluation ") and trained.startswith("epoch 1/1 ")
    between = shown.raw.split(b"mark evaluated\x07")[1].split(b"mark lines\x07")[0]
    assert b"\r" not in between.replace(b"\r\n", b"") and b"\x1b[" not in between


@pytest.mark.slow
def test_an_evaluation_inside_of_fit_is_a_line_above_the_bar(shown):
    _, shown = shown
    *_, evaluated, trained, rest = shown.rows("evaluated-inside")
    assert evaluated.startswith("evaluation ") and trained.startswith("epoch 1/1 ") and rest == ""


@pytest.fixture(scope="module")
def few_images(tmp_path_factory):
    return images_in(tmp_path_factory.mktemp("few") / "images", count=40)


@pytest.mark.slow
def test_train_py_on_a_screen(few_images, tmp_path):
    """Only what is to be pasted may be longer than the screen is wide."""
    asked = "--preset", "dense", "--epochs", 2, "--steps-per-epoch", 4
    shown = show(train(few_images, tmp_path / "run", *asked), columns=80)
    assert shown.returncode == 0, shown.raw.decode()
    text = re.sub(r"\x1b\[[\d;?]*\w", "", shown.raw.decode()).replace("\r\n", "\n")
    written = [line.split("\r")[-1] for line in text.splitlines()]
    pasted = ("Pictures: ", "Model: ", "  ", "Dashboard: ", "All numbers: ", "More images: ")
    assert all(len(line) <= 80 for line in written if not line.startswith(pasted))
    epochs = [row for row in shown.rows() if row.startswith("epoch ")]
    for number, row in enumerate(epochs, start=1):
        told = r"discriminator loss [\d.]+  generator loss [\d.]+  " + SECONDS
        assert re.fullmatch(f"epoch {number}/2  {told}", row)
    assert len(epochs) == 2


@pytest.mark.slow
def test_ctrl_c_leaves_train_py_on_a_clean_screen(few_images, tmp_path):
    line = train(few_images, tmp_path / "run", "--preset", "dense", "--epochs", 500)
    running = "/500 ━".encode()  # of any epoch: on a fast machine one may end between two drawings
    shown = show(line, columns=120, interrupt=running)
    assert shown.returncode == 130
    assert not shown.cursor_is_hidden() and not any("━" in row for row in shown.rows())
    assert any(row.startswith("python -m gan_model train: stopped. ") for row in shown.rows())
