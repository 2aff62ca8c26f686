"""Losses, penalties and the like by their names: what `gan-model train` takes and what is built."""

import json

import pytest
from processes import images_in, invoke, without_graphs

from gan_model import augmenting, averaging, callbacks, catalog, losses, penalties, presets, runs
from gan_model.callbacks import alarms
from gan_model.presets.objectives import with_objectives


@pytest.mark.parametrize("name", catalog.LOSSES)
def test_a_loss_is_the_class_of_its_name(name):
    gan = with_objectives(presets.dense((4, 4), codings_size=2), loss=name)
    assert type(gan.loss).__name__.lower() == name.replace("_", "")


def test_what_is_given_replaces_what_the_preset_has_and_nothing_else():
    before = presets.dense((4, 4), codings_size=2, generator_learning_rate=0.25)
    gan = with_objectives(
        presets.dense((4, 4), codings_size=2, generator_learning_rate=0.25),
        penalty=("r1", 3.0),
        augment="diff_augment",
        mirror=True,
        average=500.0,
        discriminator_steps=2,
    )
    assert gan.penalty == penalties.R1(3.0, every=8)
    assert gan.augment == augmenting.DiffAugment() + augmenting.HorizontalFlip()
    assert gan.average == averaging.ExponentialMovingAverage(500.0)
    assert gan.discriminator_steps == 2
    assert gan.loss == before.loss and gan.execution_settings == before.execution_settings
    assert float(gan.generator_optimizer.learning_rate) == 0.25
    off = with_objectives(gan, penalty=("none",), augment="none", average=0)
    assert off.penalty is off.augment is off.average is None
    adaptive = with_objectives(gan, augment="adaptive", mirror=True).augment
    assert adaptive == augmenting.Adaptive(augmenting.DiffAugment() + augmenting.HorizontalFlip())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("objectives")
    images_in(place / "images", count=40)
    words = "train --data images --preset dense --epochs 1 --steps-per-epoch 1 --features sliced"
    more = "--loss hinge --penalty r2:0.5 --mirror --run-dir run"
    with without_graphs():
        ended = invoke(*words.split(), *more.split(), cwd=place)
    assert ended.exit_code == 0, ended.output
    return place


def test_a_run_keeps_what_was_asked_for(place):
    gan = runs.open_model(place / "run")
    assert gan.loss == losses.Hinge() and gan.penalty == penalties.R2(0.5, every=8)
    assert gan.augment == augmenting.HorizontalFlip()
    settings = json.loads((place / "run/settings.json").read_text())["settings"]
    assert settings["penalty"] == ["r2", 0.5] and settings["mirror"] is True
    other = "train --data images --preset dense --epochs 2 --loss minimax --run-dir run"
    refused = invoke(*other.split(), cwd=place)
    assert refused.exit_code == 2 and "loss was hinge, now minimax" in refused.output


def test_a_file_of_settings_stands_for_options_and_typed_ones_win(place):
    words = "train --config run/settings.json --dry-run --minutes 2 --run-dir other"
    shown = invoke(*words.split(), cwd=place)
    assert shown.exit_code == 0, shown.output
    assert "dense" in shown.output and "2 minutes of 1 steps" in shown.output
    assert not (place / "other").exists()
    (place / "wrong.json").write_text('{"learning_rate": 1}')
    refused = invoke("train", "--config", "wrong.json", cwd=place)
    assert refused.exit_code == 2 and "unknown settings: learning_rate" in refused.output


def test_a_quiet_run_shows_the_figures_only(place):
    words = "train --config run/settings.json --epochs 2 --run-dir run --quiet"
    with without_graphs():
        ended = invoke(*words.split(), cwd=place)
    assert ended.exit_code == 0, ended.output
    assert ended.output.strip().startswith("Last epoch:  number 2")


def test_info_tells_of_runs_and_of_one(place):
    (place / "runs").mkdir()
    (place / "run").rename(place / "runs" / "mine")
    (place / "runs" / "measured").mkdir()
    noted = {"settings": {}, "quality": {"metrics": [{"name": "fid_x"}]}}
    (place / "runs/measured/settings.json").write_text(json.dumps(noted))
    rows = "epoch,val_fid_x", "1,3.5", "2,", "3,2.5"
    (place / "runs/measured/history.csv").write_text("\n".join(rows))
    listed = json.loads(invoke("info", "--json", cwd=place).output)
    assert [*listed["presets"]] == [*catalog.PRESETS] and "runs/mine" in listed["runs"]
    assert listed["runs"]["runs/mine"] == "2 epochs, not measured"
    assert listed["runs"]["runs/measured"] == "3 epochs, best fid_x 2.5 after epoch 3"
    about = json.loads(invoke("info", "runs/mine", "--json", cwd=place).output)
    assert about["settings"]["loss"] == "hinge" and about["epochs done"] == 2
    assert invoke("info", "nothing", cwd=place).exit_code == 2


def test_alarms_advise_in_options_where_a_command_trains(tmp_path):
    watching = runs.RunFolder(tmp_path).callbacks({})
    [reports] = [one for one in watching if isinstance(one, callbacks.Alarms)]
    assert {one.advice for one in reports.alarms} == {alarms.ON_COMMAND_LINE}
    gan = presets.dense((4, 4), codings_size=2)
    assert alarms.heavier_penalty(gan, alarms.ON_COMMAND_LINE).startswith("--penalty r1:")
