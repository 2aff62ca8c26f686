"""The settings of a run: declared once, read by the command line, by runs and by exports."""

import json
from dataclasses import replace

import pytest

from gan_model import commands
from gan_model.run_settings import MAY_CHANGE, RunSettings

STORED = """preset data data_dir images image_shape class_count class_names image_count pad ground
labels clusters bfloat16 codings_size generator_learning_rate discriminator_learning_rate batch_size
steps_per_epoch features validate_every seed epochs minutes loss penalty augment mirror average
discriminator_steps""".split()
OF_A_SOURCE = ["freeze_discriminator", "from", "new_generator", "source"]


def test_the_names_in_settings_json_are_those_of_version_0_2():
    assert sorted(RunSettings().stored()) == sorted(STORED)
    assert sorted(RunSettings(source="fashion").stored()) == sorted(STORED + OF_A_SOURCE)
    may_change = "data data_dir epochs minutes features validate_every pad ground class_names from"
    assert MAY_CHANGE == set(may_change.split())


def test_what_is_not_asked_for_is_none_as_in_older_runs():
    stored = RunSettings(pad=False, ground="white", source="fashion").stored()
    for name in ("pad", "ground", "bfloat16", "new_generator", "clusters"):
        assert stored[name] is None, name
    assert stored["freeze_discriminator"] == 0 and RunSettings(clusters=0).stored()["clusters"] == 0


def test_what_was_stored_is_read_again():
    settings = RunSettings(
        preset="modern", data="/some/icons", pad=True, clusters=0, minutes=2.5, source="/a.keras"
    )
    settings = replace(settings, source_checksum="1f", image_shape=[16, 24, 3])
    assert RunSettings.read(json.loads(json.dumps(settings.stored()))) == settings


@pytest.mark.parametrize(
    "options",
    [
        "--preset dcgan --data mnist --image-size 16x24 --channels 3 --pad --ground black",
        "--from fashion --freeze-discriminator 2 --new-generator --data sample --minutes 1.5",
        "--data a --epochs 3 --batch-size 8 --clusters 0 --bfloat16 --codings-size 5",
        "--data a --generator-learning-rate 1e-05 --discriminator-learning-rate 0.123456789",
        "--data a --loss hinge --penalty r1:0.5 --augment adaptive --mirror --average 2000",
        "--data a --penalty none --discriminator-steps 3 --quiet --dry-run",
        "--data a --steps-per-epoch 7 --features sliced --validate-every 2 --run-dir r --keep 1",
    ],
)
def test_what_is_typed_again_asks_for_the_same(options):
    def parsed(words):
        return RunSettings(**commands.named("train").make_context("train", [*words]).params)

    settings = parsed(options.split())
    words = settings.words()
    assert parsed(words) == settings
    assert set(options.split()) | {"--seed", "0"} == set(words)
