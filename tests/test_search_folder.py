"""What a search writes down, so that it continues as the same search, or is refused."""

import argparse
import dataclasses
import json

import keras_tuner
import numpy as np
import pytest
from processes import SIDE, images_in

from gan_model import presets, runs, sweeps
from gan_model.commands import searching
from gan_model.sweeps.outcome import STATES, Outcome
from gan_model.sweeps.trial_folder import TrialFolder

pytestmark = [
    # keras-tuner's: its lock asks for the thread as it was done before Python 3.10.
    pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:getName:DeprecationWarning"),
    # scikit-learn's: a Bayesian search of few trials learns no length scale.
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

OUTCOME = Outcome("trial-000", {"size": 4}, 0, "finished", "", 1.5, 1.5, 1, 1, {"swd": 1.5}, 0.5)


# A Bayesian search that is given more trials later.


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return images_in(tmp_path_factory.mktemp("data") / "images", count=200)


def bayesian(images, folder, trials):
    """The search of `sweep.py --tuner bayesian`, after it has written down what it is."""
    args = argparse.Namespace(
        preset="dense",
        data=str(images),
        data_dir=None,
        image_size=SIDE,
        channels=1,
        pad=False,
        ground="white",
        tuner="bayesian",
        trials=trials,
        epochs=1,
        codings_sizes=[2, 4, 8],
        learning_rates=[1e-4, 3e-3],
        batch_sizes=[8],
        top=1,
        confirm=0,
        seed=0,
        features=None,
    )
    search = searching.Search(args, folder)
    with search.folder.opened(search.settings):
        search.note()
        return search


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
def test_a_bayesian_search_continues_with_more_trials(images, tmp_path):
    """The fourth trial is no random one; keras-tuner has a third of all trials be random."""
    begun = proposed(bayesian(images, tmp_path / "search", 4), 4)
    longer = bayesian(images, tmp_path / "search", 30)
    assert proposed(longer, 1) and len(longer.folder.journal.read_text().splitlines()) == 10
    assert json.loads(longer.folder.settings.read_text())["initial_points"] == 3
    at_once = proposed(bayesian(images, tmp_path / "at once", 30), 4)
    assert at_once[:3] == begun[:3] and at_once[3] != begun[3]


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
