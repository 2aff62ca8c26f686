"""The results page: figures of runs, also of lost ones, -> a table that hides nothing."""

import ast
import json
from types import SimpleNamespace

import keras
import meters
import numpy as np
import pytest
import results
import results_records
import studies
from results_page import page

from gan_model import data, features, metrics, pictures, presets
from gan_model.commands import local_workers
from gan_model.data.images import fingerprint, random_subset


def numbers(fid):
    names = ("kid", "precision", "recall", "density", "coverage")
    return {"fid_fashion": fid, **dict.fromkeys([f"{name}_fashion" for name in names], 0.5)}


def record(kept, system, seed, fids, state="finished"):
    """The record of one run that read `fids` after minutes 1, 2, ..., with its pictures."""
    folder = kept / f"sample-{system}-{seed}"
    folder.mkdir(parents=True)
    marks = []
    for minute, fid in enumerate(fids, 1):
        pictures.save(np.zeros((8, 8), np.uint8), folder / f"minute-{minute}.png")
        mark = {"minute": minute, "images": 1000 * minute, "classes": [5] * 10}
        marks.append(mark | {"numbers": numbers(fid)})
    return {
        "system": system,
        "seed": seed,
        "data": "sample",
        "cpus": 2,
        "size": "28x28",
        "count": 50,
        "measures": [{"features": "fashion", "checksum": "0123abcd"}],
        "distance": "fid_fashion",
        "state": state,
        "floor": numbers(0.1),
        "noise": numbers(30.0),
        "real_classes": [5] * 10,
        "marks": marks,
    }


def test_means_and_spreads_and_the_lost_run_are_told(tmp_path):
    runs = {
        "reference": [record(tmp_path, "reference", 0, [], state="lost: no number")]
        + [record(tmp_path, "reference", seed, [9.0 + seed, 6.0 + seed]) for seed in (1, 2)],
        "dcgan": [record(tmp_path, "dcgan", seed, [4.0 + seed, 2.0]) for seed in range(3)],
    }
    text = page("presets", runs, tmp_path / "docs", tmp_path).read_text()
    assert "| the reference loop with the DCGAN recipe | 1 | 1,000 | 10.5 (10 to 11) |" in text
    assert "| `presets.dcgan` | 2 | 2,000 | 2 (2 to 2) |" in text
    assert "| floor | | | 0.1 |" in text and "| noise | | | 30 |" in text
    assert "seed 0: lost: no number, after 0 of the readings" in text
    assert "results.py --study presets --data sample --minutes 1 2 --seeds 3 --cores 2`" in text
    assert "Systems: 2. Seeds: 3. Cores of each run: 2.\nData: sample. n = 50." in text
    for link in ("presets-sample", "presets-sample-dcgan", "presets-sample-dcgan-classes"):
        assert f"]({link}.png)" in text
        assert (tmp_path / "docs" / "results" / f"{link}.png").stat().st_size
    assert "presets-sample-reference.png" not in text  # its first seed has no reading


def test_alarms_are_counted_and_told(tmp_path):
    alarm = {"alarm": "collapse", "epoch": 4}
    quiet, loud, unwatched = (
        record(tmp_path, "dense", seed, [3.0]) | alarms
        for seed, alarms in enumerate([{"alarms": []}, {"alarms": [alarm]}, {"alarms": None}])
    )

    def text(*records):
        return page("presets", {"dense": list(records)}, tmp_path / "docs", tmp_path).read_text()

    assert "watched 1 of these runs and raised 0 alarms.\n" in text(quiet, unwatched)
    told = text(quiet, loud)
    assert "watched 2 of these runs and raised 1 alarm:\n" in told
    assert "- `presets.dense`, seed 1: `collapse` in epoch 4." in told
    assert "None of these runs was watched" in text(unwatched)


def test_the_alarms_of_a_history():
    history = {"alarm_collapse": [0.0, 1.0, 1.0], "alarm_exploding": [0.0] * 3, "diversity": [1.0]}
    assert results.raised(history) == [{"alarm": "collapse", "epoch": 2}]


@pytest.mark.slow
def test_a_run_by_the_clock_is_watched():
    keras.utils.set_random_seed(0)
    gan = presets.dense((16, 16))
    gan.compile(gan.loss, steps_per_execution=5)
    stopwatch = results.Stopwatch([0], lambda minute, images: None)
    images = np.random.default_rng(0).integers(0, 256, (64, 16, 16), np.uint8)
    history = results.run_fit(gan, images, stopwatch)
    assert not stopwatch.left and results.raised(history) == []
    assert history["alarm_collapse"] == [0.0]


def test_of_a_run_on_few_images_the_floor_is_that_of_many(tmp_path, monkeypatch):
    (images, labels), (held_out, _) = data.load("sample")
    few = (images[:80], labels[:80]), (held_out[:40], None)
    monkeypatch.setattr(results, "loaded", lambda args: few)
    system = results.studies.System("few", presets.dense, images=32)
    study = results.studies.Study("Few", "Few images.", {"few": system})
    asked = SimpleNamespace(
        study="ablation", data="sample", one="few", seed=0, minutes=[0], runs=tmp_path
    )
    trained_on = []

    def fit(gan, train, stopwatch, labels, *, batch_size):
        trained_on.append(len(train))
        stopwatch.look(images=32)
        return {}

    monkeypatch.setattr(results, "run_fit", fit)
    results.one(asked, study)
    told = json.loads(results.figures_file(asked, "few", 0).read_text())
    assert trained_on == [32] and told["count"] == 40
    assert told["images"] == fingerprint(images[:80])
    reference = metrics.Reference(metrics.measures(held_out[:40], "fashion"), held_out[:40])
    assert told["floor"] == reference.compare(random_subset(images[:80], 40))


def test_each_folder_of_images_is_a_part_of_its_own(tmp_path):
    """With numbers in its own features, copying, and no classes."""
    runs = {}
    for system in ("modern", "former", "guidelines"):
        told = record(tmp_path, system, 0, [3.0, 2.0])
        told |= {"data": "icons", "measures": [{"features": "learned_3f2a", "checksum": ""}]}
        (tmp_path / f"sample-{system}-0").rename(tmp_path / f"icons-{system}-0")
        del told["real_classes"]
        for mark in told["marks"]:
            del mark["classes"]
            mark["copying"] = 0.25
        renamed = str(told).replace("_fashion", "_learned_3f2a")
        runs[system] = [ast.literal_eval(renamed)]
    text = page("images", runs, tmp_path / "docs", tmp_path).read_text()
    assert text.startswith("# Images of a folder: icons\n")
    listed = (tmp_path / "docs" / "results.md").read_text()
    assert "- [Images of a folder: icons](results/images-icons.md)\n" in listed
    assert "--data folders/icons --image-size 28x28 --minutes 1 2 --seeds 1 --cores 2`" in text
    assert "| system | minutes | images trained on | fid | kid |" in text and "| copying |" in text
    assert "| `presets.modern` of 0.1 | 2 | 2,000 | 2 |" in text and "| 0.25 |" in text
    assert "](images-icons-modern.png)" in text and "classes.png" not in text


def test_nothing_but_lost_runs_is_said(tmp_path):
    runs = {"dense": [record(tmp_path, "dense", 0, [3.0], state="lost: no number")]}
    with pytest.raises(ValueError, match="No run reached its end"):
        page("presets", runs, tmp_path / "docs", tmp_path)


@pytest.mark.slow
def test_rows_of_another_day_or_code_are_told(tmp_path):
    runs = {name: [record(tmp_path, name, 0, [2.0])] for name in ("reference", "dense", "dcgan")}
    for records in runs.values():
        records[0] |= {"date": "2026-11-29", "code": "0a1b2c3d"}
    text = page("presets", runs, tmp_path / "docs", tmp_path).read_text()
    assert "All runs are from 2026-11-29, checksum of the package 0a1b2c3d." in text
    runs["dcgan"][0] |= {"date": "2026-11-20", "code": "99999999"}
    for name in ("date", "code"):
        del runs["dense"][0][name]
    text = page("presets", runs, tmp_path / "docs", tmp_path).read_text()
    assert "- 2026-11-20, checksum of the package 99999999: `presets.dcgan`, seed 0." in text
    assert "- an unknown day, code not noted: `presets.dense`, seed 0." in text
    runs["dense"][0]["note"] = "from another machine"
    text = page("presets", runs, tmp_path / "docs", tmp_path).read_text()
    assert "- `presets.dense`, seed 0: from another machine." in text


def test_only_missing_runs_are_trained(tmp_path, monkeypatch):
    def done(minutes, cores=None):
        return results_records.done(told, SimpleNamespace(minutes=minutes, cores=cores))

    monkeypatch.setattr(local_workers.os, "sched_getaffinity", lambda _: {0, 1})
    told = record(tmp_path, "dense", 0, [3.0, 2.0])
    assert done([1, 2]) and not done([1, 2, 4]) and not done([1, 2], cores=1)
    told = record(tmp_path, "dense", 1, [3.0], state="lost: no number")
    assert done([1, 2])


@pytest.mark.parametrize("noted", ["100 images, 89abcdef", None], ids=["other", "unknown"])
@pytest.mark.parametrize("place", ["page", "runs"])
def test_records_of_other_images_are_not_extended(tmp_path, place, noted):
    """Another folder of the same name, or the same one with --pad, has other images."""
    asked = SimpleNamespace(study="presets", data="elsewhere/sample", minutes=[1], cores=2)
    asked.runs, asked.docs = tmp_path / "runs", tmp_path / "docs"
    old = record(asked.runs / "presets", "dense", 0, [4.0])
    old |= {"images": noted} if noted else {}
    if place == "page":
        page("presets", {"dense": [old]}, asked.docs, asked.runs / "presets")
    else:
        results.figures_file(asked, "dense", 0).write_text(json.dumps(old))
    with pytest.raises(ValueError, match="100 images, 01234567"):
        results_records.check_images(asked, ["dense"], "100 images, 01234567")
    if noted:
        results_records.check_images(asked, ["dense"], noted)


def test_another_machine_goes_on_from_the_records_beside_the_page(tmp_path, monkeypatch):
    """A new seed is added to the page; those that it has keep their figures and pictures."""
    monkeypatch.setattr(local_workers.os, "sched_getaffinity", lambda _: {0, 1})
    systems, docs = ("reference", "dense"), tmp_path / "docs"
    runs = {name: [record(tmp_path / "old", name, 0, [4.0])] for name in systems}
    written = page("presets", runs, docs, tmp_path / "old")
    assert "[All figures of each run](presets-sample.json)" in written.read_text()
    grid = (docs / "results" / "presets-sample-dense.png").read_bytes()

    asked = SimpleNamespace(study="presets", data="sample", minutes=[1], cores=None)
    asked.runs, asked.docs = tmp_path / "new", docs
    new = record(tmp_path / "new" / "presets", "dense", 1, [2.0])
    results.figures_file(asked, "dense", 1).write_text(json.dumps(new))
    runs = {name: [*results_records.records_of(asked, name).values()] for name in systems}
    assert [len(records) for records in runs.values()] == [1, 2]
    text = page("presets", runs, docs, tmp_path / "new" / "presets").read_text()
    assert "Seeds: 2 of `presets.dense`, 1 of the others." in text and "--seeds 1 " in text
    assert "| `presets.dense` | 1 | 1,000 | 3 (2 to 4) |" in text
    assert (docs / "results" / "presets-sample-dense.png").read_bytes() == grid
    assert results_records.records_of(asked, "dense") == {0: runs["dense"][0], 1: new}
    of_other_minutes = record(tmp_path / "new" / "presets", "dense", 0, [4.0, 3.0])
    results.figures_file(asked, "dense", 0).write_text(json.dumps(of_other_minutes))
    assert results_records.records_of(asked, "dense") == {0: runs["dense"][0], 1: new}
    asked.minutes = [1, 2]
    assert results_records.records_of(asked, "dense") == {0: of_other_minutes}


def test_the_stopwatch_stands_still_while_measuring(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(meters.time, "perf_counter", lambda: now[0])
    measured = []

    def measure(minute, images):
        measured.append((minute, images, now[0]))
        now[0] += 1000

    stopwatch = results.Stopwatch([1, 2], measure)
    for images in range(1, 10):
        now[0] += 20
        stopwatch.look(images)
    assert measured == [(1, 3, 60.0), (2, 6, 1120.0)] and not stopwatch.left


def test_the_pages_are_listed_in_their_order(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "search.md").write_text("# A search\n\nBy hand.\n")
    (tmp_path / "results" / "modern.md").write_text("# Modern\n")
    page("presets", {"dense": [record(tmp_path, "dense", 0, [3.0])]}, tmp_path, tmp_path)
    listed = (tmp_path / "results.md").read_text()
    assert listed.startswith("# Results\n") and listed.endswith(
        "- [The loop and the first presets: sample](results/presets-sample.md)\n"
        "- [Modern](results/modern.md)\n"
        "- [A search](results/search.md)\n"
    )


def test_images_asked_by_class_are_told(tmp_path):
    one = record(tmp_path, "modern_conditional", 0, [3.0])
    one["marks"][0]["as_asked"] = 0.9625
    text = page("conditional", {"modern_conditional": [one]}, tmp_path, tmp_path).read_text()
    assert "`presets.modern_conditional` (96.2% of its images classified as asked)" in text
    assert "| 10 to 10 |" in text


def test_modes_are_combinations_of_classes():
    (train, labels), _ = data.load("sample")
    firsts = [train[labels == label][:1] for label in range(10)]
    meter = meters.ModeMeter(None, meters.stack(train, 2000, seed=0), None, None)
    classes = features.fashion().classes(np.concatenate(firsts))
    ones = [
        np.stack([firsts[a][0], firsts[b][0], firsts[c][0]], -1)
        for a, b, c in ((0, 1, 2), (2, 1, 0), (0, 1, 2), (9, 9, 9))
    ]
    there = {tuple(classes[[a, b, c]]) for a, b, c in ((0, 1, 2), (2, 1, 0), (9, 9, 9))}
    counted = meter._counted(np.stack(ones))
    assert counted["modes"] == len(there) == 3
    expected = 0.5 * np.log(0.5 * 1000) + 0.5 * np.log(0.25 * 1000)
    assert counted["kl"] == pytest.approx(expected)
    floor = meter.record()["floor"]
    assert floor["modes"] > 800 and floor["kl"] < 0.5  # 2,000 images of 1,000 combinations


@pytest.mark.slow
@pytest.mark.parametrize(
    "those",
    [slice(-1, None), pytest.param(slice(None), marks=pytest.mark.soak)],
    ids=["last", "all"],
)
def test_every_study_builds_its_systems(those):
    """The last of each; `make soak` takes all, a second each."""
    for name in studies.NAMES:
        study = studies.named(name)
        shape = (28, 28, 3) if study.stacked else (28, 28)
        for system in list(study.systems.values())[those]:
            assert system.build(shape, seed=1).seed == 1
