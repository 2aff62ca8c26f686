"""Metrics are records: whatever shows or judges a number knows it by its kind, not by its name."""

import dataclasses
import importlib
import types

import numpy as np
import pytest
import tensorflow as tf
from dense_gan import dense_gan
from test_callbacks import events

from gan_model import callbacks, features, metrics, presets
from gan_model.callbacks import alarms, board
from gan_model.metrics import Direction, Kind, Metric, Metrics, report
from gan_model.metrics.record import VectorMeasure
from gan_model.metrics.reference import Descriptions
from gan_model.model.trackers import FIGURES
from gan_model.sweeps import tables
from gan_model.sweeps.outcome import Outcome, trial_result

# A measure that nobody has heard of: a distance with its error, and a recall of another name.
UNKNOWN = VectorMeasure(
    (
        Metric("gap", Direction.LOWER, Kind.DISTANCE),
        Metric("doubt_of_{}", Direction.LOWER, Kind.ERROR, error_of="gap"),
        Metric("found", Direction.HIGHER, Kind.RECALL),
    ),
    statistics=lambda vectors: vectors.mean(axis=0),
    compare=lambda real, fake: (abs(real - fake).sum(), 0.25, 0.5),
)


@pytest.fixture
def quality():
    return metrics.Quality(metrics.FeatureMetrics(features.pixels(), [UNKNOWN]))


def test_a_metric_has_the_name_of_its_features():
    names = [metric.in_space("fashion").name for metric in UNKNOWN.metrics]
    assert names == ["gap_fashion", "doubt_of_fashion", "found_fashion"]
    assert UNKNOWN.metrics[1].in_space("fashion").error_of == "gap_fashion"
    assert [metric.in_space("fashion").label for metric in UNKNOWN.metrics[::2]] == ["gap", "found"]


@pytest.mark.parametrize(
    ("measures", "distance", "key_names"),
    [
        (
            [metrics.FeatureMetrics(features.fashion())],
            "fid_fashion",
            ("fid_fashion", "recall_fashion", "precision_fashion"),
        ),
        (
            [metrics.SlicedWasserstein(), metrics.FeatureMetrics(features.pixels())],
            "swd",
            ("swd", "recall_pixels", "precision_pixels"),
        ),
        ([metrics.SlicedWasserstein()], "swd", ("swd",)),
        ([], None, ()),
    ],
    ids=["fashion", "sliced and pixels", "sliced", "none"],
)
def test_the_first_metric_ranks_and_a_few_are_looked_at_first(measures, distance, key_names):
    known = Metrics(measures)
    assert (known.distance, known.key_names) == (distance, key_names)
    assert list(known) == [metric.name for one in measures for metric in one.metrics]


def test_two_numbers_of_one_name_are_refused():
    twice = [metrics.SlicedWasserstein(patches=8), metrics.SlicedWasserstein(patches=64)]
    with pytest.raises(ValueError, match="Two of the measures have a number swd"):
        metrics.Quality(*twice)


def test_images_of_another_shape_are_not_measured_with_the_others():
    described = Descriptions([metrics.FeatureMetrics(features.pixels())])
    described.add(np.zeros((20, 16, 16), np.uint8))
    with pytest.raises(ValueError, match=r"shape \(32, 32, 1\) came after images of shape \(16"):
        described.add(np.zeros((5, 32, 32), np.uint8))


@pytest.mark.parametrize(
    "measure",
    [metrics.FeatureMetrics(features.pixels()), metrics.SlicedWasserstein()],
    ids=["features", "sliced"],
)
def test_every_number_has_its_record_and_better_is_where_the_record_says(measure):
    """For real images all but the errors are better than for noise."""
    images = np.random.default_rng(0).integers(0, 99, (60, 16, 16), np.uint8)
    images[:, 4:12] += 100
    reference = metrics.Reference([measure], images[:30])
    near, far = reference.compare(images[30:]), reference.compare(255 - images[30:])
    assert list(near) == [metric.name for metric in measure.metrics]
    for metric in measure.metrics:
        if metric.error_of:
            assert metric.kind is Kind.ERROR and metric.error_of in near
        else:
            sign = 1 if metric.direction is Direction.HIGHER else -1
            assert sign * near[metric.name] > sign * far[metric.name], metric.name


def test_a_quality_tells_its_floor(quality, images):
    assert quality.recall == "found_pixels" and quality.distance == "gap_pixels"
    assert quality.floor is None
    quality.refer_to(images[:24], images[24:])
    assert quality.floor["gap_pixels"] > 0
    assert metrics.Quality().recall is None, "nothing is known before the first images"


def test_an_error_stands_behind_its_number(quality):
    numbers = {"gap_pixels": 2.0, "doubt_of_pixels": 0.5, "found_pixels": 0.75}
    lines = report.table(quality.metrics.values(), [numbers], floor=numbers, noise=numbers)
    assert [line.split()[0] for line in lines.splitlines()[1:]] == ["gap_pixels", "found_pixels"]
    assert "2 ± 0.5" in lines and "doubt" not in lines


def test_a_recall_of_any_name_speaks_against_a_collapse(quality, images):
    """Of the alarm, which sees the logs, and of a search, which sees the history."""
    gan = presets.dense((16, 16))
    gan.quality, gan.generate = quality, lambda count, labels: np.repeat(images[:1], count, axis=0)
    before, now = {"diversity": [0.0] * 3}, {"diversity": 0.0}
    judged = types.SimpleNamespace(
        step=tf.constant(600), quality=quality, penalty=None, image_shape=(8, 8, 1)
    )
    history = {"generator_loss": [0.5], "val_gap_pixels": [3.0]}
    for recall, collapsed in ((0.0, True), (0.5, False)):
        logs = now | {"val_found_pixels": recall}
        assert bool(alarms.Collapse().judge(judged, logs, before)) is collapsed
        gan.history = types.SimpleNamespace(history=history | {"val_found_pixels": [recall]})
        found = trial_result(gan, quality=quality, worst=9.0, held_out=images)
        assert (found["state"] == "collapsed") is collapsed


def test_a_gan_with_classes_is_judged_by_held_out_images_of_all_of_them(quality):
    """Those of a folder are sorted by class. The class is given, so its spread tells nothing."""
    labels = np.repeat([0, 1, 2], [1900, 600, 500])
    held_out = np.random.default_rng(0).integers(0, 256, (3000, 4, 4), dtype=np.uint8)
    asked = []

    def generate(count, labels):
        asked.extend(labels)
        return held_out[:count]

    history = types.SimpleNamespace(history={"generator_loss": [0.5], "val_gap_pixels": [3.0]})
    gan = types.SimpleNamespace(class_count=3, history=history, generate=generate)
    one_class = types.SimpleNamespace(
        distance="gap_pixels", classes=lambda images: np.zeros(len(images), int)
    )
    one_class.metrics = quality.metrics
    found = trial_result(gan, quality=one_class, worst=9.0, held_out=(held_out, labels))
    assert found["state"] == "finished"
    assert len(asked) == 2000 and np.bincount(asked).min() > 250


def test_a_ranking_shows_the_recall_it_is_told():
    outcome = Outcome("t", {}, 0, "finished", "", 1.0, 1.0, 1, 1, {"found_pixels": 0.75}, 1.0)
    table = tables.trial_table([outcome], distance="gap_pixels", floor=None, recall="found_pixels")
    assert "0.75" in table and "found" in table
    assert "0.75" not in tables.trial_table([outcome], distance="gap_pixels", floor=None)


def test_a_page_of_results_leaves_errors_out_and_shortens_names(monkeypatch):
    folder = report.__file__.rsplit("/", 3)[0] + "/experiments"
    monkeypatch.syspath_prepend(folder)
    page, studies = map(importlib.import_module, ("results_page", "studies"))
    numbers = {"fid_fashion": 2.0, "kid_fashion": 0.1, "kid_fashion_error": 0.01, "modes": 7}
    marks = [{"minute": 1, "images": 5, "numbers": numbers}]
    record = {"measures": [{"features": "fashion", "checksum": ""}], "marks": marks}
    study = studies.Study("A", "b.", {"dense": studies.System("dense", presets.dense)})
    head = page.table(study, {"dense": [record]}, record).splitlines()[0]
    assert head == "| system | minutes | images trained on | fid | kid | modes |"


# TensorBoard.


def test_quality_and_losses_are_the_first_groups():
    groups = sorted({*board.GROUPS.values(), board.QUALITY, board.ALARMS})
    assert groups[:2] == [board.QUALITY, board.LOSSES]
    assert groups[-1] < "a figure of anybody"


def test_every_figure_of_a_gan_has_a_group():
    assert not {*FIGURES} - {*board.GROUPS}
    assert board.tag("steps_of_mine", prefix="val_") == "val_steps_of_mine"


def test_the_key_numbers_are_in_the_first_group(quality):
    tags = [board.quality_tag(name, quality) for name in quality.names]
    assert tags == [
        "1 quality/gap_pixels",
        "4 more quality/doubt_of_pixels",
        "1 quality/found_pixels",
    ]
    both = metrics.Quality(metrics.SlicedWasserstein(), metrics.FeatureMetrics(features.pixels()))
    first = [name for name in both.names if board.quality_tag(name, both)[0] == "1"]
    assert first == ["swd", "recall_pixels"], "one row of charts"


@dataclasses.dataclass
class Once:
    """An alarm that is raised in the epochs of a list."""

    epochs: list
    name: str = "once"
    ends: bool = False

    def judge(self, gan, logs, before):
        return "so it is." if len(before.get("generator_loss", ())) in self.epochs else None


@pytest.mark.parametrize(
    ("raised_in", "cut", "drawn"),
    [
        ([], None, None),
        ([1], 2, [(2, 1.0), (3, 0.0), (4, 0.0)]),
        ([0, 3], 3, [(1, 1.0), (2, 0.0), (3, 0.0), (4, 1.0)]),
    ],
    ids=str,
)
def test_an_alarm_has_a_chart_from_when_it_was_raised(tmp_path, images, raised_in, cut, drawn):
    """Also where the run is cut in between; 0 once it has ended."""
    for epochs in filter(None, (cut, 4)):
        gan = dense_gan()
        gan.compile(run_eagerly=True)
        listed = callbacks.Alarms([Once(raised_in)])
        listed = [listed, callbacks.Scalars(tmp_path, alarms=listed.alarms)]
        listed.append(callbacks.Checkpoints(tmp_path / "checkpoints"))
        gan.fit(images, batch_size=64, epochs=epochs, callbacks=listed, verbose=0)
    found = events(tmp_path / "train").get("3 alarms/once")
    assert (found and [(step, float(value)) for step, value in found]) == drawn
    assert not [tag for tag in events(tmp_path / "train") if "alarm_" in tag]
