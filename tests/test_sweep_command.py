"""sweep.py as a person runs it: what it ends with, kills, wrong values, damage, TensorBoard."""

import csv
import json
import os
import re
import resource
import shlex
import shutil
import sys

import pytest
from PIL import Image
from processes import (
    SIDE,
    forked,
    images_in,
    invoke,
    kill_when,
    one_cache,
    program,
    start,
    train,
)
from processes import finish as finish_within
from terminal import show
from test_resume import bytes_in
from test_tensorboard import Server

from gan_model.storage import locks
from gan_model.sweeps.outcome import STATES

pytestmark = [
    # keras-tuner's: its lock asks for the thread as it was done before Python 3.10.
    pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:getName:DeprecationWarning"),
]

TRIALS, EPOCHS = 2, 2
RUNS = ["recipe-again-1", "trial-000", "trial-001"]  # and the best one, again


@pytest.fixture(scope="module", autouse=True)
def cache_in_temporary_folder(tmp_path_factory):  # one for all commands
    with one_cache(tmp_path_factory):
        yield


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return images_in(tmp_path_factory.mktemp("data") / "images", count=200)


@pytest.fixture(scope="module")
def whole(images, tmp_path_factory):
    """A search that was never stopped, and how it ended."""
    folder = tmp_path_factory.mktemp("whole") / "search"
    return folder, finish(search(images, folder))


@pytest.fixture
def copied(whole, tmp_path):
    """A search to spoil."""
    return shutil.copytree(whole[0], tmp_path / "copied")


def search(images, folder, *options):
    """The command of a small search, without XLA; later options win."""
    shape = ("--image-size", SIDE, "--channels", 1, "--batch-sizes", 8, "--codings-sizes", 4, 8)
    length = ("--trials", TRIALS, "--epochs", EPOCHS, "--top", 1, "--confirm", 1)
    length += ("--steps-per-epoch", 22)  # a pass
    where = ("--preset", "dense", "--data", images, "--run-dir", folder)
    return program("command_without_xla.py", "sweep", *where, *shape, *length, *options)


def finish(line, *, starting=forked, **options):
    """Runs a command to its end, which may take minutes where others use the cores."""
    return finish_within(line, starting=starting, **options)


def refusal(line, **options):
    """The one line on stderr with which a command ends that can't do what it was asked for."""
    ended = invoke(*line[line.index("sweep") :], **options)
    assert ended.exit_code == 2, ended.output
    # A slow machine tells first that it decodes images.
    told = re.sub(r"^Decoding .*\n", "", ended.stderr)
    assert told.count("\n") == 1 and told.endswith("\n"), ended.stderr
    name, message = told.split(": ", 1)
    assert name == "gan-model sweep"
    return message


def rows(path):
    """Of a CSV file, but for the seconds, of which no two searches have the same."""
    with open(path, newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def outcomes(folder):
    """Of all runs, in full, again without the seconds; by place."""
    found = {}
    for path in sorted(folder.glob("*/*/outcome.json")):
        read = json.loads(path.read_text())
        assert read.pop("seconds") > 0
        found[path.parent.relative_to(folder).as_posix()] = read
    return found


def results(folder):
    """All that follows from data, settings and seed."""
    tables = {path.name: rows(path) for path in folder.glob("*.csv")}
    shown = bytes_in(folder, "*.png", "*/*/history.csv", "*/*/samples/*")
    return tables, outcomes(folder), shown


def said(ended, folder):
    """The tables and the lines below them, without the seconds and the place."""
    assert (ended.returncode, ended.stderr) == (0, "")
    _, text = ended.stdout.replace(str(folder), "FOLDER").split("\n\n", 1)
    states = "|".join(STATES)
    return re.sub(rf" +[\d,]+(?= +({states})$)", "", text, flags=re.MULTILINE)


# How it ends.


@pytest.mark.slow
def test_a_search_ends_with_tables_a_verdict_and_files_that_open(whole):
    folder, ended = whole
    text = said(ended, folder)
    table, again, verdict, files = text.split("\n\n")
    assert re.findall(r"^ +\d+ +(\S+) ", table, re.MULTILINE) == [
        row["name"] for row in rows(folder / "trials.csv")
    ]
    assert table.splitlines()[-1].startswith("as many training images read ")
    confirmed = rows(folder / "confirmation.csv")
    best = rows(folder / "trials.csv")[0]["name"]
    assert sorted(row["name"] for row in confirmed) == ["recipe-again-1", f"{best}-again-1"]
    assert "again" in again.splitlines()[0] and f"\n{best} " in again and "\nrecipe " in again
    assert re.match(r"(The winner is trial-\d+|No trial beats the recipe): swd ", verdict)
    named = re.findall(r"^(\w[\w ]+): ", files, re.MULTILINE)
    assert named == ["Tables", "Pictures", "Dashboard", "Train longer"]
    for name in ("trials.png", "best.png"):
        assert str(folder / name) in ended.stdout
        with Image.open(folder / name) as picture:
            picture.load()
            assert min(picture.size) > 100


@pytest.mark.slow
def test_a_bayesian_search_finds_its_packages(images, tmp_path):
    # In a process that has imported nothing: keras-tuner looks for scikit-learn once.
    line = search(images, tmp_path / "search", "--tuner", "bayesian", "--trials", 1, "--epochs", 1)
    ended = finish([*map(str, line), "--confirm", "0"], starting=start)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(rows(tmp_path / "search" / "trials.csv")) == 1


@pytest.mark.slow
def test_only_the_search_itself_speaks(whole):
    """Nothing of TensorFlow, Keras, keras-tuner or scikit-learn."""
    _, ended = whole
    assert (ended.returncode, ended.stderr) == (0, "")
    progress, _ = ended.stdout.split("\n\n", 1)
    first, *lines = progress.splitlines()
    assert first.startswith("2 trials, at most, of dense on ")
    assert len(lines) == 2 * (TRIALS + 2)
    for begins, ends in zip(lines[::2], lines[1::2], strict=True):
        place, name = re.match(r"(\d) of 4  (\S+)", begins).groups()
        assert begins == lines[2 * int(place) - 2]
        assert re.match(rf" +{name}  [\d.]+ \(epoch [12]\), \d+ s", ends)
    assert not re.search(r"tensorflow|keras|sklearn|warning|val_swd", progress, re.IGNORECASE)


@pytest.fixture(scope="module")
def longer(whole, tmp_path_factory):
    """The command that a search names to train longer, its run (no longer) and its settings."""
    folder = tmp_path_factory.mktemp("longer") / "run"
    named = shlex.split(re.search(r"^Train longer: (.*)$", whole[1].stdout, re.MULTILINE)[1])
    options = named[named.index("train") + 1 :]
    words = shlex.join(options).replace("--minutes 10", f"--epochs {EPOCHS}")
    asked = [*shlex.split(words), "--run-dir", folder]
    assert finish(program("command_without_xla.py", "train", *asked)).stderr == ""
    return named, folder, dict(zip(options[::2], options[1::2], strict=True))


@pytest.mark.slow
def test_the_command_it_names_trains_the_same_run(whole, longer):
    folder = whole[0]
    named, run, settings = longer
    assert os.path.samefile(named[0], sys.executable) and named[2] == "train"
    assert settings["--minutes"] == "10"
    confirmed = {
        row["seed"] + row["codings_size"]: row for row in rows(folder / "confirmation.csv")
    }
    won = confirmed[settings["--seed"] + settings["--codings-size"]]["name"]
    again = rows(run / "history.csv")
    then = rows(folder / "confirmation" / won / "history.csv")
    # train.py has alarms besides, whose figures no trial has.
    assert [{name: row[name] for name in then[0]} for row in again] == then


@pytest.mark.slow
def test_a_search_that_is_over_says_the_same_again_and_trains_nothing(whole, images):
    folder, ended = whole
    before = results(folder)
    again = finish(search(images, folder))
    assert said(again, folder) == said(ended, folder)
    assert results(folder) == before
    assert not re.search(r"trial-00\d  codings", again.stdout)


@pytest.mark.slow
@pytest.mark.soak
def test_without_confirmation_and_with_more_trials_later(whole, images, tmp_path):
    """The second trial is that of a search which was asked for more trials at once."""
    folder = tmp_path / "grown"
    for trials in (1, 2):
        line = search(images, folder, "--trials", trials, "--confirm", 0)
        text = said(finish(line), folder)
        assert "again" not in text and "winner is" not in text and "confirmation" not in text
        assert "--run-dir FOLDER/winner" in text
        assert len(rows(folder / "trials.csv")) == trials
    assert not (folder / "confirmation").exists() and not (folder / "confirmation.csv").exists()
    everything = outcomes(whole[0])
    assert outcomes(folder) == {n: everything[n] for n in ("trials/trial-000", "trials/trial-001")}


@pytest.mark.slow
def test_two_trials_grow_to_twelve(copied, images):
    """keras-tuner numbers the trials of a longer search with more digits."""
    before = results(copied)
    due = (copied / "trials" / "trial-002" / "settings.json").exists
    kill_when(due, search(images, copied, "--trials", 12))
    assert outcomes(copied) == before[1]


# SIGKILL.


IN_RUNS = ["trials/trial-000/checkpoints/epoch-*.npz", "confirmation/*/checkpoints/epoch-*.npz"]
BETWEEN = ["settings.json", "trials/trial-001/outcome.json"]


@pytest.fixture(scope="module")
def killed(images, tmp_path_factory):
    """A search that was killed in its first trial and went on in a terminal, and its screen."""
    folder = tmp_path_factory.mktemp("killed") / "search"
    line = search(images, folder, "--confirm", 0)
    kill_when((folder / "trials/trial-000/checkpoints/epoch-00001.npz").exists, line)
    assert not outcomes(folder)
    return folder, show(line, columns=80)


@pytest.mark.slow
def test_a_search_killed_in_a_trial_has_the_trials_that_were_never_killed(whole, killed):
    of_killed, of_whole = (
        [{name: part[name] for name in part if name.startswith("trials/")} for part in parts[1:]]
        for parts in (results(killed[0]), results(whole[0]))
    )
    assert of_killed == of_whole
    assert [*map(len, of_killed)] == [TRIALS, TRIALS * (1 + (1 + EPOCHS) + 1)]


@pytest.mark.slow
def test_in_a_terminal_a_bar_shows_the_trial_that_runs_and_no_line_wraps(killed):
    folder, shown = killed
    assert shown.returncode == 0, shown.raw.decode()
    text = "\n".join(shown.rows())
    for place, name in enumerate(("trial-000", "trial-001"), 1):
        begins = rf"^{place} of 2  {name}  codings \d, G rate [\d.e-]+, D rate [\d.e-]+$"
        ends = rf"^        {name}  [\d.]+ \(epoch [12]\), \d+ s; best [\d.]+, trial-00\d"
        assert re.search(begins, text, re.MULTILINE) and re.search(ends, text, re.MULTILINE)
    assert "━" not in text and not shown.cursor_is_hidden()
    moving = shown.raw.decode()
    assert re.search("trial-000 2/2 ━+ 100%  +measuring", moving)  # one execution tells no pace
    for epoch in ("trial-001 1/2", "trial-001 2/2"):
        assert re.search(rf"{epoch} ━+ 100%  +\d+:\d\d left  measuring", moving)
    pasted = ("Tables: ", "Pictures: ", "Dashboard: ", "Train longer: ")
    written = moving.replace("\r\n", "\n").splitlines()
    for line in (re.sub(r"\x1b\[[\d;?]*\w", "", line).split("\r")[-1] for line in written):
        assert len(line) <= 80 or line.startswith(pasted) or str(folder)[:40] in line


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize(
    "moments",
    [pytest.param(IN_RUNS, id="in runs"), pytest.param(BETWEEN, id="between")],
)
def test_a_search_killed_again_and_again_ends_like_one_that_never_was(
    whole, images, tmp_path, moments
):
    folder = tmp_path / "killed"
    line = search(images, folder)
    for moment in moments:
        kill_when(lambda moment=moment: any(folder.glob(moment)), line)
    assert said(finish(line), folder) == said(whole[1], whole[0])
    assert results(folder) == results(whole[0])


@pytest.mark.soak
@pytest.mark.slow
def test_hyperband_killed_in_a_trial_that_continues_another(images, tmp_path):
    """Three trials of one epoch, and the best of them for two more."""
    options = ("--epochs", 3, "--tuner", "hyperband", "--trials", 4, "--confirm", 0)
    never = tmp_path / "never"
    said_at_once = said(finish(search(images, never, *options)), never)
    assert [row["epochs"] for row in rows(never / "trials.csv")].count("3") == 1

    folder = tmp_path / "killed"
    line = search(images, folder, *options)
    for moment in ("trials/trial-001/checkpoints/epoch-*.npz", "trials/trial-003/settings.json"):
        kill_when(lambda moment=moment: any(folder.glob(moment)), line)
    assert said(finish(line), folder) == said_at_once
    assert results(folder) == results(never)


# Wrong values.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--trials 0", "Invalid value for '--trials': 0"),
        ("--epochs 0", "Invalid value for '--epochs': 0"),
        ("--codings-sizes 0", "Invalid value for '--codings-sizes': 0"),
        ("--codings-sizes", "Invalid value for '--codings-sizes': Give"),
        ("--learning-rates 0 1e-3", "Invalid value for '--learning-rates': 0"),
        ("--batch-sizes 8 0", "Invalid value for '--batch-sizes': 0"),
        ("--tuner sklearn", "Invalid value for '--tuner': 'sklearn' is not one of"),
        ("--workers 0", "Invalid value for '--workers': 0"),
        ("--confirm -1", "Invalid value for '--confirm': -1"),
        ("--top 0", "Invalid value for '--top': 0"),
    ],
    ids=lambda value: value[:30],
)
def test_a_wrong_value_is_one_line(options, message):
    assert refusal(["sweep", *options.split()]).startswith(message)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--learning-rates -1e-4 1e-3", "Invalid value for '--learning-rates': "),
        ("--learning-rates 1e-3 1e-4", "`learning_rates` are a least and a greatest one"),
        ("--learning-rates nan 1e-3", "Invalid value for '--learning-rates': 'nan' is not"),
        ("--learning-rates 1e-3", "`learning_rates` are a least and a greatest one"),
        ("--preset dcgna", "Invalid value for '--preset': 'dcgna' is not one of"),
        ("--data no-such", "Unknown data 'no-such'"),
        ("--batch-sizes 181", "180 images do not fill one batch of 181"),
        ("--worker 2", "No search with workers runs in "),
    ],
    ids=lambda value: value[:30],
)
def test_what_makes_no_search_is_one_line_and_leaves_nothing(images, tmp_path, options, message):
    line = search(images, tmp_path / "search", "--confirm", 0, *options.split())
    assert refusal(line, cwd=tmp_path).startswith(message)
    assert not list(tmp_path.glob("search/trials/*/outcome.json"))
    assert not (tmp_path / "search" / "settings.json").exists()


@pytest.mark.slow
def test_other_settings_in_the_same_folder_are_refused_with_what_differs(copied, images):
    before = results(copied)
    line = search(images, copied, "--seed", 1, "--epochs", 4, "--trials", 4)
    message = refusal(line)
    assert "holds a search with other settings: epochs was 2, now 4; seed was 0, now 1. " in message
    assert results(copied) == before


@pytest.mark.slow
def test_a_refused_search_leaves_the_folder_as_it_was(copied, images):
    kept = bytes_in(copied, "settings.json", "journal.jsonl")
    assert f"has begun {TRIALS} trials already" in refusal(search(images, copied, "--trials", 1))
    assert bytes_in(copied, "settings.json", "journal.jsonl") == kept


@pytest.mark.slow
def test_a_folder_that_another_process_holds_is_named(copied, images):
    with locks.locked(copied):
        ended = finish(search(images, copied))
    message = f" sweep: Another process is searching in {copied}. Wait for it or stop it"
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1 and message in ended.stderr


@pytest.mark.slow
def test_runs_and_searches_do_not_take_each_others_folders(copied, images, longer, tmp_path):
    run = shutil.copytree(longer[1], tmp_path / "run")
    kept = bytes_in(run, "settings.json", "history.csv", "samples/*")
    assert str(run) in refusal(search(images, run))
    assert bytes_in(run, "settings.json", "history.csv", "samples/*") == kept

    before = (copied / "settings.json").read_bytes()
    ended = finish(train(images, copied, "--preset", "dense", "--epochs", 1))
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert (copied / "settings.json").read_bytes() == before


# Damage.


def cut(path):
    path.write_bytes(path.read_bytes()[:40])


def without_line(path, number):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:number] + lines[number + 1 :]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda folder: cut(folder / "trials" / "trial-001" / "outcome.json"), "outcome.json"),
        (lambda folder: cut(folder / "settings.json"), "settings.json"),
        (lambda folder: without_line(folder / "journal.jsonl", 0), "journal.jsonl"),
        (lambda folder: (folder / "journal.jsonl").write_text("17\n"), "journal.jsonl"),
        (lambda folder: (folder / "journal.jsonl").write_bytes(b"\xf9\n"), "journal.jsonl"),
    ],
    ids=["outcome", "settings", "journal line lost", "journal number", "journal bytes"],
)
def test_damage_is_one_line_that_names_the_file(copied, images, damage, named):
    damage(copied)
    assert named in refusal(search(images, copied))


@pytest.mark.slow
@pytest.mark.soak
def test_after_a_trial_is_removed_whose_outcome_was_damaged_it_is_trained_again(
    whole, images, tmp_path
):
    """As the message about a damaged outcome advises."""
    copied = shutil.copytree(whole[0], tmp_path / "copied")
    shutil.rmtree(copied / "trials" / "trial-001")
    ended = finish(search(images, copied))
    assert said(ended, copied) == said(whole[1], whole[0])
    assert results(copied) == results(whole[0])


@pytest.mark.soak
@pytest.mark.slow
def test_a_full_disk_is_one_line_and_with_room_again_the_search_goes_on(whole, images, tmp_path):
    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    folder = tmp_path / "search"
    line = search(images, folder)
    ended = finish(line, starting=start, preexec_fn=no_room)
    assert ended.returncode == 1 and ended.stderr.count("\n") == 1, ended
    assert "File too large" in ended.stderr and str(folder) in ended.stderr
    assert said(finish(line), folder) == said(whole[1], whole[0])
    assert results(folder) == results(whole[0])


# TensorBoard.


@pytest.fixture(scope="module")
def board(whole, tmp_path_factory):
    folder, _ = whole
    server = Server(folder / "tensorboard", [], tmp_path_factory.mktemp("server") / "log.txt")
    try:
        server.wait_for_address()
        names = [one.parent.name for one in folder.glob("*/*/outcome.json")]
        server.wait(lambda: all(server.scalars(name, "trial/score") for name in names))
        yield server
    finally:
        server.close()


@pytest.mark.slow
def test_tensorboard_shows_every_trial_and_the_confirmation(whole, board):
    found = {read["name"]: read for read in outcomes(whole[0]).values()}
    assert sorted(json.loads(board.get("runs"))) == sorted(found)
    assert set(RUNS) < set(found) and len(found) == TRIALS + 2
    for name, outcome in found.items():
        ((_, score),) = board.scalars(name, "trial/score")
        assert score == pytest.approx(outcome["score"])
        grids = json.loads(board.get("plugin/images/images", run=name, tag="samples", sample=0))
        assert len(grids) == 1 + EPOCHS


@pytest.mark.slow
def test_hparams_has_a_row_of_values_for_each(whole, board):
    found = {read["name"]: read for read in outcomes(whole[0]).values()}
    best = "trial/best_swd"
    names = ("codings_size", "generator_learning_rate", "discriminator_learning_rate")
    asked = {
        "startIndex": 0,
        "sliceSize": 100,
        "allowedStatuses": ["STATUS_SUCCESS"],
        "colParams": [
            *({"hparam": name} for name in names),
            {"metric": {"tag": best, "group": ""}},
        ],
    }
    answer = json.loads(board.get("plugin/hparams/session_groups", request=json.dumps(asked)))
    groups = {group["name"]: group for group in answer["sessionGroups"]}
    assert {name: group["hparams"] for name, group in groups.items()} == {
        name: pytest.approx(outcome["hyperparameters"]) for name, outcome in found.items()
    }
    for name, group in groups.items():
        values = {one["name"]["tag"]: one["value"] for one in group["metricValues"]}
        assert values[best] == pytest.approx(found[name]["distance"])
