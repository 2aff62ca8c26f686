"""What a search writes down, so that it continues as the same search, or is refused."""

import argparse
import contextlib
import dataclasses
import itertools
import json
import os
from types import SimpleNamespace

import keras_tuner
import numpy as np
import pytest
from click.testing import CliRunner
from processes import SIDE, images_in, one_cache

from gan_model import commands, features, presets, runs, sweeps
from gan_model.callbacks.checkpoints import steps_in
from gan_model.commands import searching, sweep, tuners
from gan_model.commands.completing import steps_of_few
from gan_model.commands.program import Program
from gan_model.commands.sweep_report import report, train_line
from gan_model.features import learned_network
from gan_model.sweeps import workers
from gan_model.sweeps.folders import TrialFolder
from gan_model.sweeps.outcome import STATES, Outcome

pytestmark = [
    # keras-tuner's: its lock asks for the thread as it was done before Python 3.10.
    pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:getName:DeprecationWarning"),
    # scikit-learn's: a Bayesian search of few trials learns no length scale.
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

OUTCOME = Outcome("trial-000", {"size": 4}, 0, "finished", "", 1.5, 1.5, 1, 1, {"swd": 1.5}, 0.5)


@pytest.fixture(scope="module", autouse=True)
def cache_in_temporary_folder(tmp_path_factory):  # one for all searches
    with one_cache(tmp_path_factory):
        yield


# A Bayesian search that is given more trials later.


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return images_in(tmp_path_factory.mktemp("data") / "images", count=200)


def asked(images, folder, **options):
    """The search of `sweep.py` with these options, which has written nothing yet."""
    usual = {
        "preset": "dense",
        "data": str(images),
        "data_dir": None,
        "image_size": SIDE,
        "channels": 1,
        "pad": False,
        "ground": "white",
        "tuner": "random",
        "trials": None,
        "epochs": 1,
        "minutes": None,
        "steps_per_epoch": None,
        "codings_sizes": [2, 4, 8],
        "learning_rates": [1e-4, 3e-3],
        "batch_sizes": [8],
        "top": 1,
        "confirm": 0,
        "seed": 0,
        "features": None,
    }
    return searching.Search(argparse.Namespace(**usual | options), folder)


def noted(search):
    """A search after it has written down what it is."""
    with search.folder.opened(search.settings):
        search.note()
        return search


@pytest.mark.slow
def test_of_few_images_a_trial_has_the_steps_that_an_epoch_of_train_has(images, tmp_path):
    search = asked(images, tmp_path / "few")
    assert search.fit_arguments["steps_per_epoch"] == 100  # a pass has 22
    assert asked(images, tmp_path / "own", steps_per_epoch=7).fit_arguments["steps_per_epoch"] == 7
    assert steps_of_few(180, [2, 8]) == 100 and steps_of_few(700, [4, 8]) == 175
    assert steps_of_few(800, [4, 8]) is None
    # A search that began before it did so goes on as it began.
    with search.folder.opened(search.settings):
        search.folder.note(search.settings | {"steps_per_epoch": None})
    assert "steps_per_epoch" not in asked(images, tmp_path / "few").fit_arguments


@pytest.mark.slow
def test_a_trial_by_the_clock_ends_after_its_minutes(images, tmp_path):
    search = asked(images, tmp_path, minutes=0.001, epochs=None, trials=1)
    with noted(search).folder.opened(search.settings):
        search.run(*search.follow())
    (outcome,) = search.outcomes()
    assert outcome.epochs == search.progress.epochs == 1
    assert 1 <= steps_in(search.hypergan.folder_of("trial-000").checkpoints) < 100
    line = train_line(search, outcome, Program(["gan-model"]))
    assert "--minutes 10 " in line and "--epochs" not in line
    for other in ({"minutes": 0.002}, {"steps_per_epoch": 50}):
        with pytest.raises(ValueError, match="|".join(other)):
            asked(images, tmp_path, **{"minutes": 0.001, "epochs": None, "trials": 1} | other)


def bayesian(images, folder, trials):
    return noted(asked(images, folder, tuner="bayesian", trials=trials))


def proposed(search, count):
    """The values of the next trials; each is given a distance instead of training."""
    tuner = search.tuner()
    sweeps.Journal(search.folder.journal).follow(tuner.oracle)
    values = []
    for _ in range(count):
        trial = tuner.oracle.create_trial("tuner0")
        values.append(trial.hyperparameters.values)
        rate = trial.hyperparameters.values["generator_learning_rate"]
        tuner.oracle.update_trial(trial.trial_id, {search.hypergan.objective.name: 1e3 * rate})
        trial.status = "COMPLETED"
        tuner.oracle.end_trial(trial)
    return values


@pytest.mark.slow
@pytest.mark.soak
def test_a_bayesian_search_continues_with_more_trials(images, tmp_path):
    """The fourth trial is no random one; keras-tuner has a third of all trials be random."""
    begun = proposed(bayesian(images, tmp_path / "search", 4), 4)
    longer = bayesian(images, tmp_path / "search", 30)
    assert proposed(longer, 1) and len(longer.folder.journal.read_text().splitlines()) == 10
    assert json.loads(longer.folder.settings.read_text())["initial_points"] == 3
    at_once = proposed(bayesian(images, tmp_path / "at once", 30), 4)
    assert at_once[:3] == begun[:3] and at_once[3] != begun[3]


def test_a_bayesian_search_takes_every_seed(images, tmp_path):
    search = bayesian(images, tmp_path, 3)
    for seed, of_tuner in ((0, 1), (2**32 - 2, 2**32 - 1), (2**32 - 1, 1)):
        search.args.seed = seed
        assert search.tuner().oracle.seed == of_tuner


# What is refused, and what fails.


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"preset": "modern", "image_size": 30}, "30"),
        ({"batch_sizes": [8, 181]}, "do not fill one batch of 181.* --batch-sizes 180 at most"),
    ],
    ids=["size", "batch"],
)
def test_what_no_trial_can_be_is_refused_before_the_folder_is_written(
    images, tmp_path, wrong, message
):
    with pytest.raises(ValueError, match=message):
        asked(images, tmp_path / "search", **wrong)
    assert not (tmp_path / "search").exists()


def test_an_error_that_stops_a_search_is_shown_as_it_was(images, tmp_path):
    search = asked(images, tmp_path, confirm=1)

    def build(hp):
        raise ValueError("no such layer")

    search.hypergan.recipe = build
    for train in (search.follow, search.work):
        with pytest.raises(ValueError, match=r"^no such layer$"):
            train()


@pytest.mark.slow
def test_a_trial_that_has_failed_is_not_trained_when_the_search_goes_on(images, tmp_path, capsys):
    begun = noted(asked(images, tmp_path, trials=1))
    tuner = begun.tuner()
    sweeps.Journal(begun.folder.journal, on_end=begun._end).follow(tuner.oracle)
    trial = tuner.oracle.create_trial("tuner0")
    trial.status, trial.message = "FAILED", "Traceback:\n  ...\nValueError: too large\n"
    tuner.oracle.end_trial(trial)
    assert capsys.readouterr().out == "trial-000 failed: ValueError: too large\n"
    gone_on = asked(images, tmp_path, trials=1)
    gone_on.run(*gone_on.follow())
    assert gone_on.outcomes() == []


def test_without_a_finished_trial_nothing_is_trained_again(images, tmp_path):
    search = asked(images, tmp_path, confirm=2)
    search.outcomes = lambda: [dataclasses.replace(OUTCOME, state="diverged")]
    search.progress = None
    assert search.confirm() == []
    assert not search.folder.confirmation.exists()


def test_weights_that_a_search_was_asked_to_keep_are_kept_when_fewer_are_asked_for(
    images, tmp_path
):
    noted(asked(images, tmp_path, top=3))
    fewer = noted(asked(images, tmp_path, top=1))
    assert fewer.keep == fewer.hypergan.keep == 3
    assert asked(images, tmp_path, top=2).keep == 3
    assert asked(images, tmp_path, top=5).keep == 5


# How long it becomes.


@pytest.mark.slow
def test_a_grid_is_tried_as_a_whole_or_says_how_much_of_it(images, tmp_path, capsys):
    for trials, most in ((None, 27), (8, 8), (99, 27)):
        search = asked(images, tmp_path, tuner="grid", trials=trials)
        tuner = search.tuner()
        progress = tuners.progress_of(search.args, tuner.oracle, "swd", None)
        assert tuner.oracle.max_trials == progress.runs == most
        shown = capsys.readouterr().out
        assert f"{most} trials, at most, " in shown
        assert ("Only 8 of 27 combinations are tried" in shown) == (trials == 8)


# Several machines.


@pytest.mark.slow
def test_all_machines_measure_in_the_features_of_the_one_that_began(images, tmp_path, monkeypatch):
    machines = itertools.count()

    def learned(images):
        model = learned_network.network(images.shape[1:], seed=next(machines))
        return features.LearnedFeatures(learned_network.arrays_of(model), images.shape[1:])

    monkeypatch.setattr(features, "learned", learned)
    begun = noted(asked(images, tmp_path / "search", features="learned"))
    joined = asked(images, tmp_path / "search", features="learned")
    alone = asked(images, tmp_path / "alone", features="learned")
    assert joined.distance == begun.distance != alone.distance
    assert joined.settings == begun.settings
    with pytest.raises(ValueError, match="other settings: images was"):
        asked(images, tmp_path / "search", features="learned", image_size=SIDE - 4)


def test_a_worker_waits_a_moment_where_there_is_no_trial(monkeypatch):
    happened, answers = [], iter(["RUNNING", "IDLE", "RUNNING", "STOPPED"])
    monkeypatch.setattr(workers, "time", SimpleNamespace(sleep=lambda s: happened.append("sleep")))
    oracle = SimpleNamespace(create_trial=lambda tuner_id: SimpleNamespace(status=next(answers)))
    tuner = workers.with_idle_backoff(SimpleNamespace(oracle=oracle))
    for _ in range(4):
        happened.append(tuner.oracle.create_trial("worker-1").status)
    assert happened == ["RUNNING", "sleep", "IDLE", "RUNNING", "STOPPED"]


def test_a_worker_in_another_shell_leaves_memory_of_a_gpu_to_the_others(tmp_path, monkeypatch):
    def use_gpus(shared):
        raise ValueError(f"shared: {shared}")

    monkeypatch.setattr(sweep, "use_gpus", use_gpus)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    for options, shared in ((["--worker", "2"], True), ([], False)):
        words = ["sweep", *options, "--run-dir", str(tmp_path)]
        ended = CliRunner().invoke(commands.group, words, obj=Program(["gan-model", *words]))
        assert ended.exit_code == 2 and f"shared: {shared}" in ended.output


@pytest.fixture
def variables(monkeypatch):
    """keras-tuner's, of an address that is none of this machine."""
    for name, value in (("TUNER_ID", "a"), ("ORACLE_IP", "192.0.2.1"), ("ORACLE_PORT", "8000")):
        monkeypatch.setenv(f"KERASTUNER_{name}", value)


def test_a_chief_without_its_address_says_which_variables_are_wrong(variables, tmp_path):
    def search(verbose):
        raise RuntimeError("Failed to bind to address 192.0.2.1:8000; set GRPC_VERBOSITY=debug")

    oracle = SimpleNamespace(ongoing_trials={}, create_trial=None)
    journal = SimpleNamespace(failure=None, stopped=False, is_over=lambda oracle: False)
    message = (
        r"192\.0\.2\.1:8000 \(Failed.*8000\)\. Set KERASTUNER_ORACLE_IP .* KERASTUNER_ORACLE_PORT"
    )
    with pytest.raises(ValueError, match=message), sweeps.Chief(tmp_path) as chief:
        chief.search(SimpleNamespace(search=search, oracle=oracle), journal)


def test_a_chief_of_a_search_that_is_over_waits_for_nobody_and_else_says_that_it_waits(
    variables, tmp_path, capsys
):
    def search(verbose):
        raise EOFError("a worker has asked")

    oracle = SimpleNamespace(ongoing_trials={}, create_trial=None, trials={"0": None}, max_trials=1)
    journal, tuner = (
        SimpleNamespace(
            failure=None,
            stopped=False,
            is_over=lambda oracle: len(oracle.trials) >= oracle.max_trials,
        ),
        SimpleNamespace(search=search, oracle=oracle),
    )
    with sweeps.Chief(tmp_path) as chief:
        chief.search(tuner, journal)
    assert capsys.readouterr().out == ""
    oracle.max_trials = 2
    with pytest.raises(EOFError), sweeps.Chief(tmp_path) as chief:
        chief.search(tuner, journal)
    assert capsys.readouterr().out == (
        "Waiting for workers: the same command with KERASTUNER_TUNER_ID=worker-1.\n"
    )


def test_a_worker_of_the_variables_is_one_process(variables, images, tmp_path):
    asked = ["--data", str(images), "--run-dir", str(tmp_path), "--workers", "2"]
    ended = CliRunner().invoke(commands.group, ["sweep", *asked], obj=Program(["gan-model"]))
    assert ended.exit_code == 2
    assert "makes this one worker; leave --workers out" in ended.output


@pytest.mark.parametrize(
    ("states", "advice"),
    [
        (["collapsed", "collapsed", "diverged"], "more epochs"),
        (["out_of_memory"], "--batch-sizes"),
        (["diverged", "collapsed", "diverged"], "lower learning rates"),
    ],
)
def test_after_a_search_without_a_finished_trial_the_advice_fits(
    images, tmp_path, capsys, states, advice
):
    search = asked(images, tmp_path)
    search.outcomes = lambda: [
        dataclasses.replace(OUTCOME, name=f"trial-{n:03}", state=state)
        for n, state in enumerate(states)
    ]
    report(search, [], Program(["gan-model"]))
    said = capsys.readouterr().out
    assert f"No trial finished. Try {advice}" in said.replace("smaller batches: ", "")
    assert str(search.folder.table) in said and search.folder.table.exists()


def test_a_worker_waits_for_the_next_chief_after_one_was_killed(
    variables, tmp_path, monkeypatch, capsys
):
    (tmp_path / "chief").mkdir()
    (tmp_path / "chief" / "over").touch()
    (tmp_path / "chief.json").write_text("{}")
    with contextlib.ExitStack() as stack:
        waited = []

        def sleep(seconds):
            waited.append(seconds)
            stack.enter_context(workers.announced(tmp_path))

        monkeypatch.setattr(workers, "time", SimpleNamespace(sleep=sleep))
        with workers.worker(tmp_path):
            assert len(waited) == 1
            assert (
                capsys.readouterr().out == f"Waiting for the chief of the search in {tmp_path}.\n"
            )
            assert not workers.trials_are_over(tmp_path)


# Numbers of numpy.


def test_numbers_of_numpy_search_like_those_of_python(tmp_path):
    spaces = []
    for sizes, rates in (
        ([4, 8], [1e-4, 5e-4, 1e-3]),
        (np.array([4, 8]), np.array([1e-4, 5e-4, 1e-3])),
        ((np.int64(8), np.int32(4)), [np.float64(1e-3), 1e-4, 5e-4]),
    ):
        hp = keras_tuner.HyperParameters()
        sweeps.search_space(hp, presets.dense, codings_sizes=sizes, learning_rates=rates)
        spaces.append(hp.get_config())
        assert {type(value) for value in hp.values.values()} == {int, float}
        tuner = keras_tuner.GridSearch(
            hyperparameters=hp,
            hypermodel=lambda hp: None,
            objective=keras_tuner.Objective("val_distance", "min"),
            directory=tmp_path,
            seed=1,
            project_name=f"tuner-{len(spaces)}",
        )
        sweeps.Journal(tmp_path / f"{len(spaces)}.jsonl").follow(tuner.oracle)
        tuner.oracle.create_trial("tuner0")
    assert spaces[0] == spaces[1] == spaces[2]
    journals = [path.read_text() for path in sorted(tmp_path.glob("*.jsonl"))]
    assert len(journals) == 3 and len(set(journals)) == 1


def test_an_outcome_of_numpys_numbers_is_read_back_as_pythons(tmp_path):
    numbers = {"hyperparameters": {"size": np.int64(4)}, "seed": np.uint32(7)}
    numbers |= {"score": np.float32(0.5), "figures": {"swd": np.float64(0.5)}}
    dataclasses.replace(OUTCOME, **numbers).write(tmp_path / "outcome.json")
    read = Outcome.read(tmp_path / "outcome.json")
    assert (read.hyperparameters, read.seed, read.score) == ({"size": 4}, 7, 0.5)


def test_settings_of_numpys_numbers_are_the_same_settings(tmp_path):
    for number in (8, np.int64(8)):
        folder = sweeps.SearchFolder(tmp_path)
        with folder.opened({"batch_sizes": (number,)}):
            folder.note({"batch_sizes": (number,)})
        TrialFolder(tmp_path / "trials" / "trial-000").path.mkdir(parents=True, exist_ok=True)
        TrialFolder(tmp_path / "trials" / "trial-000").begin({"size": number})


def test_executions_share_the_weights_of_the_tuner(tmp_path):
    weights, folders = tmp_path / "checkpoint.weights.h5", []
    for number, name in enumerate(("trial-000", "trial-000-1")):
        folder = TrialFolder(tmp_path / "trials" / name)
        with folder.locked():
            folder.begin({"seed": number}, weights=weights)
            folder.end(dataclasses.replace(OUTCOME, name=name, score=number))
        folders.append(folder)
    kept = [weights, *(folder.best for folder in folders)]
    for path in kept:
        path.touch()
    for given, left in (
        ({"keep": 1}, kept[:2]),
        ({"keep": 0, "of": []}, kept[:2]),
        ({"keep": 0}, []),
    ):
        sweeps.delete_weights_except_best(tmp_path / "trials", **given)
        assert [path for path in kept if path.exists()] == left


def over(path, **noted):
    """The folder of a run of a search that is over and has weights, with changes of its files."""
    folder = TrialFolder(path)
    with folder.locked():
        folder.begin({"seed": 0}, weights=path.parents[1] / "tuner" / "checkpoint.weights.h5")
    settings, outcome = path / "settings.json", {"name": path.name} | noted.pop("outcome", {})
    settings.write_text(json.dumps(json.loads(settings.read_text()) | noted))
    dataclasses.replace(OUTCOME, **outcome).write(path / "outcome.json")
    folder.checkpoints.mkdir()
    folder.best.touch()
    return folder


def test_a_search_removes_no_file_outside_its_folder(tmp_path):
    """A search folder may come from somebody else, and its files may name any path."""
    search, own = tmp_path / "search", tmp_path / "own"
    other = over(own / "trials" / "trial-008")
    weights, photos = own / "mine.weights.h5", search / "photos"
    photos.mkdir(parents=True)
    weights.touch()
    (search / "link").symlink_to(own)
    (search / "link.weights.h5").symlink_to(weights)
    trials = search / "trials"
    own_weights = ("own/mine.weights.h5", "search/link/mine.weights.h5", "search/link.weights.h5")
    for number, named in enumerate(("own", *own_weights, "search/photos", "search/.lock")):
        over(trials / f"trial-{number:03}", weights_of_tuner=f"../../../{named}")
    (search / ".lock").touch()
    over(trials / "trial-006", weights_of_tuner=str(weights))
    over(trials / "trial-007", outcome={"name": "../../own/trials/trial-008"})
    (trials / "trial-008").symlink_to(other.path)
    linked = over(trials / "trial-009")
    linked.checkpoints.rmdir()
    linked.checkpoints.symlink_to(other.checkpoints)
    sweeps.delete_weights_except_best(trials, keep=0)
    left = (weights, photos, search / ".lock", search / "link.weights.h5", linked.checkpoints)
    assert all(path.exists() for path in (*left, other.best, other.checkpoints))
    assert not linked.best.exists() and not any(trials.glob("trial-00[0-7]/checkpoints"))


def test_weights_of_a_tuner_of_another_folder_are_removed_by_who_knows_it(tmp_path):
    """keras-tuner's own folder is `untitled_project`, unless a search names one."""
    weights = tmp_path / "untitled_project" / "trial_0" / "checkpoint.weights.h5"
    weights.parent.mkdir(parents=True)
    weights.touch()
    trials = tmp_path / "search" / "trials"
    over(trials / "trial-000", weights_of_tuner=os.path.relpath(weights, trials / "trial-000"))
    sweeps.delete_weights_except_best(trials, keep=0)
    assert weights.exists()
    sweeps.delete_weights_except_best(trials, keep=0, project_dir=tmp_path / "untitled_project")
    assert not weights.exists()


@pytest.mark.parametrize("state", STATES)
def test_states_are_read_back(tmp_path, state):
    dataclasses.replace(OUTCOME, state=state).write(tmp_path / "outcome.json")
    assert Outcome.read(tmp_path / "outcome.json").state == state


def test_a_state_of_another_version_is_refused(tmp_path):
    dataclasses.replace(OUTCOME, state="lost").write(tmp_path / "outcome.json")
    with pytest.raises(ValueError, match=r"outcome\.json cannot be read \(the state 'lost'"):
        Outcome.read(tmp_path / "outcome.json")


# Folders of another version.


def without_format(path):
    content = json.loads(path.read_text())
    assert content.pop("format") == 2
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("kind", [runs.RunFolder, sweeps.SearchFolder])
def test_a_folder_of_another_version_is_refused_and_kept(tmp_path, kind):
    folder = kind(tmp_path / "old")
    with folder.opened({"seed": 1}):
        folder.note({"seed": 1})
    without_format(folder.settings)
    before = folder.settings.read_bytes()
    with (
        pytest.raises(ValueError, match=r"another version of gan-model \(format 1;") as error,
        folder.opened({"seed": 1}),
    ):
        raise AssertionError("the folder was opened")
    assert str(folder.path) in str(error.value) and "\n" not in str(error.value)
    assert folder.settings.read_bytes() == before


def test_a_finished_run_of_another_version_is_not_loaded(tmp_path):
    folder = runs.RunFolder(tmp_path)
    folder.note({"seed": 1})
    without_format(folder.settings)
    folder.gan.write_bytes(b"a model of that version")
    with pytest.raises(ValueError, match="another version of gan-model"):
        folder.load()


def test_a_trial_of_another_version_is_refused(tmp_path):
    folder = TrialFolder(tmp_path / "trial-000")
    with folder.locked():
        folder.begin({"seed": 1})
    assert folder.seed() == 1
    without_format(folder.path / "settings.json")
    for visit in (folder.seed, folder.delete_weights, lambda: folder.begin({"seed": 1})):
        with pytest.raises(ValueError, match=f"{folder.path} was written by another version"):
            visit()
