"""Trials of a search on TensorBoard: what their files hold, and what a real server makes of them.

Three trials, begun in an order that is neither that of their numbers nor that of their text;
the third is killed twice on its way.
"""

import copy
import io
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from processes import until_killed
from test_callbacks import curve, events, pixels
from test_tensorboard import (
    GRADIENTS,
    LOADERS,
    QUALITY,
    RATES,
    Server,
    killer,
    lose_checkpoints,
    two_layers,
)

from gan_model import callbacks, features, metrics, pictures
from gan_model.callbacks import trial_board

EPOCHS, STEPS = 3, 2
EPOCH_ENDS = [STEPS * epoch for epoch in range(1, EPOCHS + 1)]
GAME = [
    f"{group}/{prefix}{name}"
    for group, names in [
        ("2 losses", ["discriminator_loss", "generator_loss"]),
        ("5 scores", ["real_score", "fake_score"]),
    ]
    for name in names
    for prefix in ["", "val_"]
]
SPEED, SECONDS, BEST = "7 training/images_per_second", "trial/seconds", "trial/best_fid_pixels"
TAGS = {*QUALITY, *GAME, *GRADIENTS, *RATES, SPEED, SECONDS, BEST}
LAST = ["1 quality/fid_pixels", "1 quality/recall_pixels", "4 more quality/precision_pixels"]
COLUMNS = [BEST, *LAST, SECONDS]
CHOSEN = {
    "trial-000": {"codings_size": 10, "rate": 1e-3, "loss": "bce", "smooth": True},
    "trial-001": {"codings_size": 100, "rate": 3e-2, "loss": "bce", "smooth": False},
    "trial-002": {"codings_size": 2, "rate": 3e-3, "loss": "other", "smooth": True},
}
DOMAINS = {"codings_size": [2, 10, 100], "rate": (1e-4, 1e-1), "loss": ["bce", "other"]}
BEGUN_ANEW = "trial-002 uncut"
IMAGES = np.random.default_rng(0).integers(0, 256, (STEPS * 32 + 32, 16, 16), dtype=np.uint8)


def board_of(folder, name, values=None):
    return callbacks.TrialBoard(
        folder / "board" / name, values or CHOSEN[name], domains=DOMAINS, count=4, seed=1
    )


def train(board, run_dir, *, quality=True, epochs=EPOCHS, more=(), **arguments):
    """Trains a trial, or goes on with it, as a new process would: with fresh objects."""
    keras.utils.set_random_seed(0)
    chosen = {name: board.hyperparameters[name] for name in ("rate", "codings_size")}
    gan = two_layers(**chosen)
    if quality:
        gan.quality = metrics.Quality(metrics.FeatureMetrics(features.pixels()))
    return gan.fit(
        IMAGES[: STEPS * 32],
        epochs=epochs,
        callbacks=[board, *more, callbacks.Checkpoints(run_dir / "checkpoints")],
        verbose=0,
        **{"validation_data": IMAGES[STEPS * 32 :], **arguments},
    ).history


def train_until_killed(folder, name, moment, epoch):
    """Trains in this process until it is killed, after `TrialBoard` has shown the epoch."""
    board = board_of(Path(folder), name)
    train(board, Path(folder) / name, more=[killer(moment, epoch)])


def hparams_data(run, tag):
    """What the plugin HParams reads of a run: the content of its first event of that tag."""
    from tensorboard.plugins.hparams import plugin_data_pb2

    for path in sorted(run.glob("events.*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                if value.tag == f"_hparams_/{tag}":
                    content = value.metadata.plugin_data.content
                    return plugin_data_pb2.HParamsPluginData.FromString(content)
    return None


# What the files hold.


@pytest.mark.parametrize("count", [0, -1])
def test_a_grid_has_one_image_or_more(count):
    with pytest.raises(ValueError, match=f"`count` is 1 or more images. Received: count={count}"):
        callbacks.TrialBoard("trial", {}, count=count)


class Clock:
    """Tells the times it was given, and the last of them for ever."""

    def __init__(self, *times):
        self.times = list(times)

    def perf_counter(self):
        return self.times.pop(0) if len(self.times) > 1 else self.times[0]


@pytest.mark.slow
def test_one_file_holds_figures_and_grids(tmp_path, monkeypatch):
    """Of a copy, as keras-tuner deep-copies the callbacks for every trial."""
    monkeypatch.setattr(trial_board, "time", Clock(100.0, 110.0, 125.0))
    original = board_of(tmp_path, "trial-000")
    original.close(succeeded=True, figures={"trial/score": 1.0})
    assert not list(tmp_path.iterdir()), "It writes nothing before fit."
    board = copy.deepcopy(original)
    history = train(board, tmp_path, epochs=2)
    for each in (board, original):
        each.close(succeeded=True, figures={"trial/score": 0.5})
    run = tmp_path / "board" / "trial-000"
    assert [path.name.split(".")[0] for path in run.rglob("*")] == ["events"]
    shown = events(run)
    scalars = {tag for tag in shown if not tag.startswith("_hparams_")} - {"samples"}
    assert scalars == {*TAGS, "trial/score"}
    assert curve(run, "trial/score") == [(2 * STEPS, 0.5)]
    assert curve(run, SECONDS) == [(STEPS, 10.0), (2 * STEPS, 25.0)]
    for tag in GAME:
        assert [value for _, value in curve(run, tag)] == history[tag.split("/")[1]]
    assert [step for step, _ in shown["samples"]] == [0, STEPS, 2 * STEPS]
    last = pixels(io.BytesIO(shown["samples"][-1][1][2]))
    assert np.array_equal(last, pictures.grid(board.model.generate(4, seed=1)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This fit has no held-out images:UserWarning")
@pytest.mark.parametrize("quality", [False, True], ids=["no quality", "no validation"])
def test_what_is_not_measured_is_left_out(tmp_path, quality):
    board = board_of(tmp_path, "trial-000")
    train(board, tmp_path, quality=quality, epochs=1, validation_data=None)
    board.close(succeeded=True, figures={})
    run = tmp_path / "board" / "trial-000"
    assert not [tag for tag in events(run) if tag.startswith(("1 quality", "4 more", "trial/best"))]
    told = hparams_data(run, "experiment").experiment
    assert [m.name.tag for m in told.metric_infos] == (COLUMNS if quality else [SECONDS])


@pytest.mark.slow
def test_of_epochs_without_validation_there_is_no_best(tmp_path):
    board = board_of(tmp_path, "trial-000")
    history = train(board, tmp_path, validation_freq=2, epochs=2)
    board.close(succeeded=True, figures={})
    values = history["val_fid_pixels"]
    assert curve(tmp_path / "board" / "trial-000", BEST) == [
        (2 * STEPS, pytest.approx(values[0])),
    ]


@pytest.mark.slow
def test_a_lost_trial_keeps_its_best_and_is_closed(tmp_path, capsys):
    class Poison(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                kernel = self.model.generator.layers[0].kernel
                kernel.assign(kernel * float("nan"))

    board = board_of(tmp_path, "trial-001")
    history = train(board, tmp_path, more=[Poison()], epochs=2)
    board.close(succeeded=False, figures={})
    run = tmp_path / "board" / "trial-001"
    first = pytest.approx(history["val_fid_pixels"][0])
    assert [value for _, value in curve(run, BEST)] == [first, first]
    assert np.isnan(curve(run, "1 quality/fid_pixels")[1][1])
    assert [step for step, _ in events(run)["samples"]] == [0, STEPS]  # then there were none
    assert hparams_data(run, "session_end_info").session_end_info.status == 2  # STATUS_FAILURE


@pytest.mark.slow
def test_a_fit_that_broke_goes_on_with_the_same_callback(tmp_path):
    def stop(epoch, logs):
        raise KeyboardInterrupt

    board = board_of(tmp_path, "trial-000")
    breaking = keras.callbacks.LambdaCallback(on_epoch_end=stop)
    with pytest.raises(KeyboardInterrupt):
        train(board, tmp_path, more=[breaking])
    train(board, tmp_path, epochs=1)
    board.close(succeeded=True, figures={"trial/score": 0.5})
    assert curve(tmp_path / "board" / "trial-000", "trial/score") == [(STEPS, 0.5)]


# What a person sees.


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    """A folder of trials, and their histories by name."""
    folder = tmp_path_factory.mktemp("search")
    histories = {}
    # Shown, but not in a checkpoint; then between two epochs.
    for moment, epoch in ("on_epoch_end", 2), ("on_epoch_begin", 3):
        until_killed("test_trial_board", folder, "trial-002", moment, epoch)
    lose_checkpoints(folder / "trial-002", 1)
    for name in CHOSEN:
        board = board_of(folder, name)
        histories[name] = train(board, folder / name)
        score = min(histories[name]["val_fid_pixels"])
        board.close(succeeded=name != "trial-001", figures={"trial/score": score})
    return folder, histories


@pytest.fixture(scope="module", params=LOADERS)
def server(request, search, tmp_path_factory):
    folder, _ = search
    log = tmp_path_factory.mktemp("server") / "log.txt"
    server = Server(folder / "board", request.param, log)
    try:
        server.wait_for_address()
        server.wait(lambda: all(server.scalars(name, "trial/score") for name in CHOSEN))
        server.keep_answers()
        yield server
    finally:
        server.close()


def session_groups(server, sorted_by=None):
    """The rows of the table in HParams, as its page asks for them."""
    columns = [{"hparam": name} for name in CHOSEN["trial-000"]]
    columns += [{"metric": {"tag": tag, "group": ""}} for tag in COLUMNS]
    for column in columns:
        if sorted_by in (column.get("hparam"), column.get("metric", {}).get("tag")):
            column["order"] = "ORDER_ASC"
    statuses = ["UNKNOWN", "SUCCESS", "FAILURE", "RUNNING"]
    request = {
        "startIndex": 0,
        "sliceSize": 100,
        "allowedStatuses": [f"STATUS_{status}" for status in statuses],
        "colParams": columns,
    }
    answer = server.get("plugin/hparams/session_groups", request=json.dumps(request))
    return json.loads(answer)["sessionGroups"]


@pytest.mark.slow
def test_a_trial_is_one_run(server):
    assert sorted(json.loads(server.get("runs"))) == sorted(CHOSEN)
    tags = json.loads(server.get("plugin/scalars/tags"))
    images = json.loads(server.get("plugin/images/tags"))
    for name in CHOSEN:
        assert set(tags[name]) == {*TAGS, "trial/score"}
        assert list(images[name]) == ["samples"]


@pytest.mark.slow
def test_the_curves_are_the_history_also_of_a_trial_that_was_killed(server, search):
    """Twice in the case of trial-002; its history holds the epochs of all three processes."""
    for name, history in search[1].items():
        for tag in [*GAME, *QUALITY]:
            figure = tag.split("/")[1]
            values = history[figure if tag in GAME else f"val_{figure}"]
            expected = [
                (step, pytest.approx(v)) for step, v in zip(EPOCH_ENDS, values, strict=True)
            ]
            assert server.scalars(name, tag) == expected, tag
        best = np.minimum.accumulate(history["val_fid_pixels"])
        expected = [(step, pytest.approx(v)) for step, v in zip(EPOCH_ENDS, best, strict=True)]
        assert server.scalars(name, BEST) == expected
        for tag in [*RATES, SPEED, SECONDS]:
            shown = server.scalars(name, tag)
            assert [step for step, _ in shown] == EPOCH_ENDS, tag
            assert all(value > 0 for _, value in shown)
        assert server.scalars(name, "trial/score") == [(EPOCH_ENDS[-1], pytest.approx(best[-1]))]
        grids = json.loads(server.get("plugin/images/images", run=name, tag="samples", sample=0))
        assert [grid["step"] for grid in grids] == [0, *EPOCH_ENDS]


@pytest.mark.slow
def test_a_killed_trial_is_the_trial_that_was_never_stopped(search, tmp_path):
    uncut = train(board_of(tmp_path, BEGUN_ANEW, CHOSEN["trial-002"]), tmp_path)
    assert uncut == search[1]["trial-002"]


@pytest.mark.slow
def test_the_experiment_tells_names_types_and_domains(server):
    told = json.loads(server.get("plugin/hparams/experiment", request="{}"))
    columns = {about["name"]: about for about in told["hparamInfos"]}
    assert {name: (about["displayName"], about["type"]) for name, about in columns.items()} == {
        "codings_size": ("codings size", "DATA_TYPE_FLOAT64"),
        "rate": ("rate", "DATA_TYPE_FLOAT64"),
        "loss": ("loss", "DATA_TYPE_STRING"),
        "smooth": ("smooth", "DATA_TYPE_BOOL"),
    }
    assert columns["codings_size"]["domainDiscrete"] == [2, 10, 100]
    assert columns["loss"]["domainDiscrete"] == ["bce", "other"]
    assert columns["rate"]["domainInterval"] == {"minValue": 1e-4, "maxValue": 1e-1}
    assert not {"domainDiscrete", "domainInterval"} & set(columns["smooth"])
    shown = {about["name"]["tag"]: about["displayName"] for about in told["metricInfos"]}
    names = ["best fid_pixels", "last fid_pixels", "last recall_pixels", "last precision_pixels"]
    assert shown == dict(zip(COLUMNS, [*names, "seconds"], strict=True))


@pytest.mark.slow
def test_each_trial_has_its_row_with_numbers_and_status(server, search):
    rows = session_groups(server)
    assert {row["name"]: row["hparams"] for row in rows} == CHOSEN
    for row in rows:
        (session,) = row["sessions"]
        assert session["name"] == row["name"]
        failed = row["name"] == "trial-001"
        assert session["status"] == ("STATUS_FAILURE" if failed else "STATUS_SUCCESS")
        values = {metric["name"]["tag"]: metric["value"] for metric in row["metricValues"]}
        history = search[1][row["name"]]
        assert values.pop(SECONDS) > 0
        assert values.pop(BEST) == pytest.approx(min(history["val_fid_pixels"]))
        assert values == {
            tag: pytest.approx(history["val_" + tag.split("/")[1]][-1]) for tag in COLUMNS[1:4]
        }


@pytest.mark.slow
def test_numbers_are_sorted_as_numbers(server, search):
    sizes = [row["hparams"]["codings_size"] for row in session_groups(server, "codings_size")]
    assert sizes == [2, 10, 100]  # as text: 10, 100, 2
    by_best = [row["name"] for row in session_groups(server, BEST)]
    assert by_best == sorted(CHOSEN, key=lambda name: min(search[1][name]["val_fid_pixels"]))
