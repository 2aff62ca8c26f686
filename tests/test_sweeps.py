"""Searches with keras-tuner's tuners as they are: what a trial is, scores, keeps and survives."""

import csv
import json
import math
import shutil
from pathlib import Path
from types import SimpleNamespace

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, Sequential, layers
from test_callbacks import curve
from test_resume import same

from gan_model import GAN, features, metrics, presets, sweeps
from gan_model.callbacks.checkpoints import saved
from gan_model.metrics import Direction, Kind, Metric
from gan_model.metrics.record import VectorMeasure
from gan_model.storage import checkpoint
from gan_model.sweeps.hypergan import arguments_by_name, arguments_of_a_run

pytestmark = [
    # keras-tuner's: its lock asks for the thread as it was done before Python 3.10.
    pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:getName:DeprecationWarning"),
    # scikit-learn's: a Bayesian search of few trials learns no length scale.
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

DISTANCE = "val_fid_pixels"
EPOCHS = 2


def squares(count):
    """Grey uint8 images (count, 16, 16): a bright square on black."""
    rng = np.random.default_rng(0)
    made = rng.integers(0, 40, (count, 16, 16), dtype=np.uint8)
    for image, (top, left) in zip(made, rng.integers(2, 8, (count, 2)), strict=True):
        image[top : top + 6, left : left + 6] += 200
    return made


TRAIN, HELD_OUT = squares(56)[:32], squares(56)[32:]


def players(codings_size=4, *, spread=1.0, light=-2.0):
    """A generator whose images vary from the start, and a discriminator with dropout."""
    generator = Sequential(
        [
            Input((codings_size,)),
            layers.Dense(
                256,
                activation="sigmoid",
                kernel_initializer=keras.initializers.RandomNormal(stddev=spread),
                bias_initializer=keras.initializers.Constant(light),
            ),
            layers.Reshape((16, 16)),
        ]
    )
    discriminator = Sequential(
        [Input((16, 16)), layers.Flatten(), layers.Dropout(0.3), layers.Dense(1)]
    )
    return generator, discriminator


def compiled(gan, rate=1e-3):
    # Eagerly: a few steps a trial take less than a graph of them. test_sweep_command has graphs.
    gan.compile(None, keras.optimizers.Adam(rate), keras.optimizers.Adam(rate), run_eagerly=True)
    return gan


def build(hp):
    hp.Choice("batch_size", [16, 32])
    gan = GAN(*players(hp.Choice("codings_size", [2, 4, 8])))
    return compiled(gan, hp.Float("rate", 1e-4, 1e-2, sampling="log"))


def random(hypergan, **about):
    return keras_tuner.RandomSearch(hypergan, **{"max_trials": 3} | about)


def grid(hypergan, **about):
    return keras_tuner.GridSearch(hypergan, **{"max_trials": 3} | about)


def bayesian(hypergan, **about):
    return keras_tuner.BayesianOptimization(
        hypergan, max_trials=4, **{"num_initial_points": 2} | about
    )


def hyperband(hypergan, *, trials=None, **about):
    """The first bracket alone: 4 trials of 1 epoch, the best 2 go on to 2, the best 1 to 4."""
    tuner = sweeps.Hyperband(hypergan, **{"max_epochs": 4, "factor": 2} | about)
    tuner.oracle.max_trials = trials or (7 if tuner.oracle.max_epochs == 4 else 3)
    return tuner


def short(hypergan, **about):
    """As short as a Hyperband can be: 2 trials of 1 epoch, the best goes on to 2."""
    return hyperband(hypergan, **{"max_epochs": 2} | about)


class Search:
    """A new process: a new HyperGAN, tuner and journal on the folder.

    Args:
        kind: what makes the tuner of a HyperGAN.
        build: as `HyperGAN` takes it.
        keep, seed: the same.
        count: images that are compared, at most.
        about: for the tuner.
    """

    def __init__(self, folder, kind=random, build=build, *, keep=99, seed=0, count=99, **about):
        self.folder = Path(folder)
        quality = metrics.Quality(metrics.FeatureMetrics(features.pixels()), count=count)
        self.hypergan = sweeps.HyperGAN(
            build, folder, held_out=HELD_OUT, quality=quality, keep=keep, seed=seed
        )
        # The journal remembers, keras-tuner does not; the weights that it keeps stay.
        (self.folder / "tuner" / "tuner0.json").unlink(missing_ok=True)
        place = {"directory": str(folder), "project_name": "tuner"}
        about = {"objective": self.hypergan.objective, "seed": 1} | place | about
        self.tuner = kind(self.hypergan, **about)
        self.journal = sweeps.Journal(self.folder / "journal.jsonl")
        self.journal.follow(self.tuner.oracle)

    def go(self, *callbacks, epochs=EPOCHS):
        self.tuner.search(TRAIN, epochs=epochs, callbacks=list(callbacks), verbose=0)
        return self

    def stopped(self, *callbacks, **options):
        """The error that ends the search."""
        with pytest.raises(sweeps.SearchStopped) as error:
            self.go(*callbacks, **options)
        return str(error.value)

    @property
    def trials(self):
        return [self.tuner.oracle.trials[name] for name in self.tuner.oracle.start_order]

    @property
    def outcomes(self):
        return sweeps.outcomes_in(self.folder / "trials")

    @property
    def by_trouble(self):
        return {outcome.hyperparameters["trouble"]: outcome for outcome in self.outcomes}

    def path(self, name):
        return self.folder / "trials" / name


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """The search of one kind, made once for all tests that only look at it."""
    made = {}

    def of(kind):
        if kind not in made:
            keep = 1 if kind is random else 99
            made[kind] = Search(tmp_path_factory.mktemp(kind.__name__), kind, keep=keep).go()
        return made[kind]

    return of


def history(folder):
    """history.csv as dict from names to numbers."""
    with open(folder / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def by_hand(outcome, *, epochs):
    """The GAN of a trial trained without any search, and its history."""
    hp = keras_tuner.HyperParameters()
    hp.values = dict(outcome.hyperparameters)
    keras.utils.set_random_seed(outcome.seed)
    gan = build(hp)
    gan.seed = outcome.seed
    gan.quality = metrics.Quality(metrics.FeatureMetrics(features.pixels()))
    size = hp.values["batch_size"]
    figures = gan.fit(TRAIN, epochs=epochs, batch_size=size, validation_data=HELD_OUT, verbose=0)
    return gan, figures.history


slow = pytest.mark.slow
soak = pytest.mark.soak
both = pytest.mark.parametrize(
    "kind", [pytest.param(random, marks=soak), short], ids=lambda kind: kind.__name__
)
kinds = pytest.mark.parametrize(
    "kind",
    [
        *(pytest.param(kind, marks=slow) for kind in (random, short)),
        *(pytest.param(kind, marks=soak) for kind in (hyperband, grid, bayesian)),
    ],
    ids=lambda kind: kind.__name__,
)


# What a trial is.


@kinds
def test_a_tuner_is_told_the_least_held_out_distance_of_each_trial(searched, kind):
    search = searched(kind)
    assert len(search.trials) >= 3
    for trial, outcome in zip(search.trials, search.outcomes, strict=True):
        figures = history(search.path(outcome.name))
        assert trial.status == "COMPLETED" and outcome.state == "finished"
        assert trial.score == outcome.score == outcome.distance == min(figures[DISTANCE])
        assert figures[DISTANCE][outcome.best_epoch - 1] == outcome.score
        assert len(figures[DISTANCE]) == outcome.epochs
        assert 0 < outcome.score < search.hypergan.worst
        assert search.hypergan.name_and_values(trial) == (outcome.name, outcome.hyperparameters)
    assert len({trial.score for trial in search.trials}) == len(search.trials)


@kinds
def test_a_trial_has_the_seed_of_its_number_or_of_the_one_that_it_continues(searched, kind):
    search, seeds = searched(kind), {}
    for trial, outcome in zip(search.trials, search.outcomes, strict=True):
        parent = trial.hyperparameters.values.get("tuner/trial_id")
        expected = seeds[parent] if parent else search.hypergan.seed_of(int(trial.trial_id))
        written = json.loads((search.path(outcome.name) / "outcome.json").read_text())
        assert outcome.seed == written["seed"] == expected
        seeds[trial.trial_id] = outcome.seed
    assert len(set(seeds.values())) == {hyperband: 4, short: 2}.get(kind, len(seeds))


@kinds
def test_a_hyperparameter_named_batch_size_reaches_fit(searched, kind):
    search = searched(kind)
    for outcome in search.outcomes:
        steps = history(search.path(outcome.name))["step"]
        batches = len(TRAIN) // outcome.hyperparameters["batch_size"]
        assert steps == [batches * epoch for epoch in range(1, 1 + outcome.epochs)]


@kinds
def test_a_trial_is_the_gan_trained_by_hand_to_the_bit(searched, kind):
    """Of Hyperband too, whose last trial goes on from one, which in the long one does so too."""
    search = searched(kind)
    outcome = search.outcomes[-1]
    gan, figures = by_hand(outcome, epochs=outcome.epochs)
    kept = history(search.path(outcome.name))
    assert {name: kept[name] for name in figures} == figures
    if kind is not random:  # which keeps the weights of another one
        arrays, about = checkpoint.read(saved(search.path(outcome.name) / "checkpoints")[-1])
        assert same(list(arrays.values()), list(checkpoint.collect(gan).values()))
        assert {name: [row[name] for row in about["history"]] for name in figures} == figures


@slow
@pytest.mark.parametrize(
    "kind", [short, pytest.param(hyperband, marks=soak)], ids=lambda kind: kind.__name__
)
def test_a_trial_that_goes_on_from_another_trains_only_the_epochs_that_are_missing(searched, kind):
    search = searched(kind)
    for trial, outcome in zip(search.trials, search.outcomes, strict=True):
        values = trial.hyperparameters.values
        first = values["tuner/initial_epoch"]
        trained = curve(search.folder / "tensorboard" / outcome.name, f"1 quality/{DISTANCE[4:]}")
        assert len(trained) == values["tuner/epochs"] - first
        assert outcome.epochs == values["tuner/epochs"]
        drawn = (search.path(outcome.name) / "samples").glob("*.png")  # the other's too
        assert sorted(p.stem for p in drawn) == [f"epoch-{n:05}" for n in range(outcome.epochs + 1)]


@kinds
def test_the_best_model_has_the_weights_of_its_best_epoch(searched, kind):
    search = searched(kind)
    best = min(search.outcomes, key=lambda outcome: outcome.score)
    (model,) = search.tuner.get_best_models(1)
    kept = keras.models.load_model(search.path(best.name) / "best.keras")
    assert same(model.get_weights(), kept.get_weights())


def test_another_seed_gives_all_trials_others(tmp_path):
    some, others = (
        sweeps.HyperGAN(build, tmp_path, held_out=HELD_OUT, seed=seed) for seed in (0, 1)
    )
    places = [(trial, execution) for trial in range(50) for execution in range(3)]
    seeds = [one.seed_of(*place) for one in (some, others) for place in places]
    assert len(set(seeds)) == len(seeds)
    assert some.seed_of(7) == some.seed_of(7, 0)


@pytest.mark.slow
def test_only_the_best_keep_their_weights_and_all_their_pictures_and_figures(searched):
    search = searched(random)
    best = min(search.outcomes, key=lambda outcome: outcome.score).name
    for trial, outcome in zip(search.trials, search.outcomes, strict=True):
        folder = search.path(outcome.name)
        weights = Path(search.tuner.get_trial_dir(trial.trial_id)) / "checkpoint.weights.h5"
        for heavy in (folder / "checkpoints", folder / "best.keras", weights):
            assert heavy.exists() == (outcome.name == best)
        assert len(list((folder / "samples").glob("*.png"))) == 1 + EPOCHS
        assert (folder / "history.csv").exists()
        assert list((search.folder / "tensorboard" / outcome.name).glob("events.*"))


@slow
def test_two_executions_are_two_runs_with_two_seeds_and_the_mean_counts(tmp_path):
    search = Search(tmp_path, max_trials=1, executions_per_trial=2).go(epochs=1)
    first, second = search.outcomes
    assert (first.name, second.name) == ("trial-000", "trial-000-1")
    assert first.seed == search.hypergan.seed_of(0)
    assert second.seed == search.hypergan.seed_of(0, 1) != first.seed
    assert first.score != second.score
    assert search.trials[0].score == pytest.approx((first.score + second.score) / 2, rel=1e-12)


@slow
@pytest.mark.soak
def test_each_execution_of_hyperband_goes_on_from_its_own(tmp_path):
    search = Search(tmp_path, hyperband, max_epochs=2, executions_per_trial=2).go()
    parent = int(search.trials[-1].hyperparameters.values["tuner/trial_id"])
    executions = [search.hypergan.folder_of(f"trial-002{end}").outcome() for end in ("", "-1")]
    assert [one.seed for one in executions] == [
        search.hypergan.seed_of(parent, 0),
        search.hypergan.seed_of(parent, 1),
    ]


@slow
def test_a_search_of_hyperband_goes_on_with_more_trials(tmp_path):
    """keras-tuner's folders get other names then, and the trial to continue has no weights."""
    begun = Search(tmp_path, hyperband, max_epochs=2, trials=2).go()
    sweeps.delete_weights_except_best(tmp_path / "trials", keep=0)
    grown = Search(tmp_path, hyperband, max_epochs=2, trials=3).go()
    assert [t.status for t in grown.trials] == ["COMPLETED"] * 3, grown.trials[2].message
    assert [t.score for t in grown.trials[:2]] == [t.score for t in begun.trials]
    parent, outcome = grown.trials[2].hyperparameters.values["tuner/trial_id"], grown.outcomes[2]
    first = history(grown.path(f"trial-00{int(parent)}"))
    both = history(grown.path(outcome.name))
    assert outcome.epochs == 2 and {name: [row[0]] for name, row in both.items()} == first
    assert by_hand(outcome, epochs=2)[1][DISTANCE] == both[DISTANCE]


# Interrupted.


class Stop(keras.callbacks.Callback):
    """A mistake that shows at the end of an epoch, from 1."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epoch:
            raise AttributeError("There is no such thing.")


@slow
@both
def test_a_search_stopped_within_a_trial_goes_on_from_its_last_epoch(searched, tmp_path, kind):
    """The second epoch is the last for random; for Hyperband the trial is one that continues."""
    whole = searched(kind)
    text = Search(tmp_path, kind).stopped(Stop(2))
    assert "AttributeError: There is no such thing." in text and "test_sweeps.py" in text
    (begun,) = (
        path for path in (tmp_path / "trials").iterdir() if not (path / "outcome.json").exists()
    )
    assert [path.name for path in saved(begun / "checkpoints")] == ["epoch-00001.npz"]
    assert history(begun)["epoch"] == [1, 2]
    gone_on = Search(tmp_path, kind).go()
    assert [(t.hyperparameters.values, t.score) for t in gone_on.trials] == [
        (t.hyperparameters.values, t.score) for t in whole.trials
    ]
    assert [(one.name, one.seed, one.figures) for one in gone_on.outcomes] == [
        (one.name, one.seed, one.figures) for one in whole.outcomes
    ]
    for outcome in whole.outcomes:
        assert history(gone_on.path(outcome.name)) == history(whole.path(outcome.name))
    best = min(gone_on.outcomes, key=lambda outcome: outcome.score).name
    models = [one.tuner.get_best_models(1)[0].get_weights() for one in (whole, gone_on)]
    kept = keras.models.load_model(gone_on.path(best) / "best.keras").get_weights()
    assert same(*models) and same(models[1], kept)


@slow
def test_after_a_resume_the_best_model_may_be_of_an_epoch_before_it(tmp_path):
    """White noise of full contrast gets farther from the images with each epoch."""

    def build_worse(hp):
        hp.Fixed("kind", "noise")
        return compiled(GAN(*players(spread=5.0, light=3.0)))

    Search(tmp_path, build=build_worse, max_trials=1).stopped(Stop(2))
    search = Search(tmp_path, build=build_worse, max_trials=1).go()
    (outcome,) = search.outcomes
    assert (outcome.best_epoch, outcome.epochs) == (1, 2)
    (model,) = search.tuner.get_best_models(1)
    kept = keras.models.load_model(search.path(outcome.name) / "best.keras")
    assert same(model.get_weights(), kept.get_weights())


@slow
def test_a_search_whose_last_end_was_not_noted_loses_no_trial(searched, tmp_path):
    """The process was killed between the end of a trial and its line in the journal."""
    search = searched(short)
    shutil.copytree(search.folder, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    again = Search(tmp_path, short, keep=1).go()
    assert [t.status for t in again.trials] == ["COMPLETED"] * 3, again.trials[-1].message
    assert [t.score for t in again.trials] == [t.score for t in search.trials]


# Trials that come to nothing.


class OutOfMemory(keras.callbacks.Callback):
    """What a batch does that does not fit, in the second epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1 and self.model.trouble == "machine":
            raise MemoryError
        if epoch == 1 and self.model.trouble == "device":
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")


TROUBLES = ["rate", "machine", "device", "alike", "far", "none"]


def build_with_trouble(hp):
    trouble = hp.Choice("trouble", TROUBLES)
    look = {"alike": {"spread": 0.0}, "far": {"spread": 5.0, "light": 3.0}}.get(trouble, {})
    gan = compiled(GAN(*players(**look)), math.inf if trouble == "rate" else 1e-3)
    gan.trouble = trouble
    return gan


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("troubled")
    search = Search(folder, grid, build_with_trouble, max_trials=None)
    # A figure of one's own says nothing about a trial.
    own = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(own=math.nan))
    return search.go(OutOfMemory(), own)


@slow
def test_a_search_goes_on_after_trials_that_come_to_nothing(troubled):
    assert [o.hyperparameters["trouble"] for o in troubled.outcomes] == TROUBLES
    worst = troubled.hypergan.worst
    assert {trial.status for trial in troubled.trials} == {"COMPLETED"}
    scores = [trial.score for trial in troubled.trials]
    assert scores == [outcome.score for outcome in troubled.outcomes]
    assert scores[:5] == [worst] * 5 and scores[5] < worst
    assert all(map(math.isfinite, scores))


@slow
@pytest.mark.parametrize(
    ("trouble", "state", "reason"),
    [
        ("rate", "diverged", "generator_loss became infinite or NaN in epoch 1"),
        ("machine", "out_of_memory", "out of memory"),
        ("device", "out_of_memory", "out of memory"),
        ("alike", "collapsed", "nearly all images are alike: they vary "),
        ("far", "finished", ""),
        ("none", "finished", ""),
    ],
)
def test_an_outcome_says_why_a_trial_came_to_nothing(troubled, trouble, state, reason):
    outcome = troubled.by_trouble[trouble]
    assert outcome.state == state
    assert outcome.reason.startswith(reason) and bool(outcome.reason) == bool(reason)


@slow
def test_a_finished_trial_farther_than_the_worst_keeps_its_distance(troubled):
    far, none = (troubled.by_trouble[name] for name in ("far", "none"))
    assert far.distance > far.score == troubled.hypergan.worst
    assert none.distance == none.score


@slow
def test_a_gan_that_is_too_large_or_refused_is_a_lost_trial_and_does_not_stop_the_search(tmp_path):
    """Not its default, with which the tuner builds one before the search."""

    def build_large(hp):
        trouble = hp.Choice("trouble", ["none", "device", "machine", "refused", "none at last"])
        if trouble == "device":
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        if trouble == "machine":
            raise MemoryError
        if trouble == "refused":
            raise keras_tuner.errors.FailedTrialError("Too slow to be of use.")
        return compiled(GAN(*players()))

    search = Search(tmp_path, grid, build_large, max_trials=None).go(epochs=1)
    statuses = [trial.status for trial in search.trials]
    assert statuses == [*["COMPLETED"] * 3, "FAILED", "COMPLETED"]
    assert "Too slow to be of use." in search.trials[3].message
    states = [("finished", ""), *[("out_of_memory", "out of memory")] * 2, ("finished", "")]
    assert [(outcome.state, outcome.reason) for outcome in search.outcomes] == states
    assert [trial.score for trial in search.trials[1:3]] == [search.hypergan.worst] * 2


@slow
def test_hyperband_goes_on_from_lost_trials_too_and_says_nothing_to_the_person(tmp_path, capsys):
    def build_lost(hp):
        hp.Int("size", 1, 9)
        hp.Fixed("trouble", "rate")
        return compiled(GAN(*players()), math.inf)

    search = Search(tmp_path, short, build_lost).go()
    assert "Stopped" not in capsys.readouterr().err
    assert [(o.state, o.epochs) for o in search.outcomes] == [("diverged", 1)] * 3
    assert [t.score for t in search.trials] == [search.hypergan.worst] * 3


@slow
def test_a_disk_that_is_full_ends_the_search_and_not_the_trial(tmp_path):
    def full(epoch, logs):
        text = "events.out; No space left on device [Op:FlushSummaryWriter]"  # TensorFlow's
        raise tf.errors.ResourceExhaustedError(None, None, text)

    disk = keras.callbacks.LambdaCallback(on_epoch_end=full)
    search = Search(tmp_path, max_trials=1)
    text = search.stopped(disk, epochs=1)
    assert "OSError: events.out; No space left on device" in text and "test_sweeps.py, line" in text
    assert [trial.status for trial in search.trials] == ["RUNNING"] and not search.outcomes
    (outcome,) = Search(tmp_path, max_trials=1).go(epochs=1).outcomes
    assert outcome.state == "finished"


# Mistakes.


def test_images_and_labels_are_a_pair_or_two_arguments():
    labels = np.zeros(len(TRAIN), np.int32)
    both = [(TRAIN, labels)], [TRAIN, labels]
    pair, two = (arguments_by_name(args, {}) for args in both)
    assert arguments_of_a_run(pair) == arguments_of_a_run(two)
    assert {"images", "labels"} <= set(arguments_of_a_run(pair))
    assert arguments_of_a_run({"x": (TRAIN, labels)}) == arguments_of_a_run(two)


@pytest.mark.parametrize(
    ("args", "given", "said"),
    [
        ((TRAIN, None, 32), {}, "3 arguments without a name"),
        ((TRAIN,), {"validation_split": 0.1}, "leave validation_split out"),
        ((TRAIN,), {"initial_epoch": 1}, "leave initial_epoch out"),
    ],
    ids=["no name", "validation_split", "initial_epoch"],
)
def test_arguments_without_an_effect_are_refused(args, given, said):
    with pytest.raises(ValueError, match=said):
        arguments_by_name(args, given)


def test_fewer_than_no_trials_cannot_be_kept(tmp_path):
    with pytest.raises(ValueError, match="`keep` is 0 or more"):
        sweeps.HyperGAN(build, tmp_path, held_out=HELD_OUT, keep=-1)


def test_all_trials_are_measured_alike_also_by_a_choice_of_its_own(tmp_path):
    rng = np.random.default_rng(0)
    many = rng.integers(0, 256, (300, 16, 16), np.uint8)  # enough to learn features from
    hypergan = sweeps.HyperGAN(build, tmp_path, held_out=many, quality=metrics.Quality(count=100))
    chosen = hypergan.quality.names
    assert hypergan.objective.name == f"val_{hypergan.quality.distance}"
    hypergan.quality.refer_to(many, many)  # as the first trial does
    assert hypergan.quality.names == chosen and hypergan.quality.count == 100


@slow
def test_trials_that_cannot_be_compared_are_not_added_and_the_same_seeds_make_the_same_search(
    searched, tmp_path
):
    """The trials that the journal tells are not trained again, so only a new one can notice.

    That Hyperband makes the same search again is seen in one that is stopped, above.
    """
    Search(tmp_path, max_trials=1).go()
    for told, given, epochs in (
        ("epochs was 2, now 3", {}, 3),
        ("search_seed was 0, now 1", {"seed": 1}, EPOCHS),
        ("quality was", {"count": 20}, EPOCHS),
    ):
        more = Search(tmp_path, max_trials=2, **given)
        assert told in more.stopped(epochs=epochs)
    first, second = searched(random), Search(tmp_path, max_trials=2).go()
    assert [(t.status, t.hyperparameters.values, t.score) for t in first.trials[:2]] == [
        (t.status, t.hyperparameters.values, t.score) for t in second.trials
    ]
    assert [(o.seed, o.figures) for o in first.outcomes[:2]] == [
        (o.seed, o.figures) for o in second.outcomes
    ]


def test_a_distance_that_does_not_see_the_order_of_pixels_limits_no_score(tmp_path):
    class Bright(keras.Model):
        def call(self, images):
            return keras.ops.sum(keras.ops.cast(images > 0, "float32"), axis=(1, 2))

    count = VectorMeasure(
        (Metric("bright", Direction.LOWER, Kind.DISTANCE),),
        statistics=lambda vectors: vectors.mean(axis=0),
        compare=lambda real, fake: (abs(real - fake).sum(),),
    )
    bright = features.from_model(Bright(), name="pixels_above_0", image_range=(-1, 1))
    quality = metrics.Quality(metrics.FeatureMetrics(bright, [count]))
    with pytest.raises(ValueError, match=r"with shuffled pixels is 0\. A search needs a distance"):
        sweeps.HyperGAN(build, tmp_path, held_out=HELD_OUT, quality=quality)


@pytest.mark.parametrize("held_out", [tf.data.Dataset.from_tensors(HELD_OUT), [1, 2], None])
def test_held_out_images_are_an_array(tmp_path, held_out):
    with pytest.raises(ValueError, match="`held_out` is a uint8 array of images, or a pair"):
        sweeps.HyperGAN(build, tmp_path, held_out=held_out)


@pytest.mark.slow
def test_a_mistake_in_build_stops_the_search_and_says_what_and_where(tmp_path):
    faults = []

    def build_wrong(hp):
        if faults:
            raise KeyError("codings")
        hp.Int("size", 1, 9)
        return compiled(GAN(*players()))

    search = Search(tmp_path, build=build_wrong)
    faults.append(1)
    text = search.stopped()
    assert "in build(hp): KeyError: 'codings'" in text and "test_sweeps.py, line" in text
    assert [trial.status for trial in search.trials] == ["RUNNING"]
    faults.clear()
    assert Search(tmp_path, build=build_wrong, max_trials=1).go(epochs=1).outcomes


@pytest.mark.parametrize("made", [None, keras.Model, "not compiled"], ids=str)
def test_something_that_is_no_compiled_gan_stops_the_search(tmp_path, made):
    def build_other(hp):
        return GAN(*players()) if made == "not compiled" else made and made()

    with pytest.raises(
        sweeps.SearchStopped, match=r"build\(hp\) returns a compiled gan_model\.GAN"
    ):
        Search(tmp_path, build=build_other)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "direction"), [("val_loss", "min"), (DISTANCE, "max")])
def test_a_tuner_with_another_objective_is_told_which(tmp_path, name, direction):
    search = Search(tmp_path, objective=keras_tuner.Objective(name, direction))
    assert "objective=hypergan.objective" in search.stopped()


@slow
def test_a_folder_that_cannot_be_gone_on_with_is_refused(searched, tmp_path):
    """Another search's, or with a file that is damaged."""
    folder = tmp_path / "trials" / "trial-000"
    shutil.copytree(searched(random).path(folder.name), folder)
    text = Search(tmp_path, max_trials=1).stopped(epochs=3)
    assert f"{folder} holds a run of another search: epochs was 2, now 3. Choose another" in text
    (trial,) = Search(tmp_path, max_trials=1).go().trials
    assert trial.score == searched(random).trials[0].score
    for name in ("outcome.json", "settings.json"):
        (tmp_path / "journal.jsonl").unlink()
        path = folder / name
        whole = path.read_text()
        path.write_text(whole[: len(whole) // 2])
        text = Search(tmp_path, max_trials=1).stopped()
        assert f"{path} cannot be read" in text and f"Remove {folder}" in text
        path.write_text(whole)


# The usual hyperparameters.


def chosen_space(preset=presets.dcgan, **ranges):
    hp = keras_tuner.HyperParameters()
    chosen = sweeps.search_space(hp, preset, **ranges)
    return chosen, {one.name: one for one in hp.space}


@pytest.mark.slow
@pytest.mark.parametrize("preset", presets.PRESETS.values(), ids=presets.PRESETS)
def test_the_defaults_are_those_of_the_preset_and_build_it(preset):
    sizes = sorted({16, sweeps.preset_defaults(preset)["codings_size"]})
    chosen, space = chosen_space(preset, codings_sizes=sizes)
    assert (
        chosen
        == sweeps.preset_defaults(preset)
        == {name: one.default for name, one in space.items()}
    )
    gan = preset(**chosen_space(preset, codings_sizes=[8], learning_rates=[3e-4, 2e-3])[0])
    assert gan.compiled and gan.codings_size == 8
    optimizers = gan.generator_optimizer, gan.discriminator_optimizer
    rates = [float(optimizer.learning_rate.numpy()) for optimizer in optimizers]
    own = [
        sweeps.preset_defaults(preset)[f"{player}_learning_rate"]
        for player in ("generator", "discriminator")
    ]
    assert rates == pytest.approx([max(rate, 3e-4) for rate in own], rel=1e-6)


def test_the_rates_of_a_preset_are_those_for_the_size_of_the_images():
    usual, larger = (
        chosen_space(presets.modern, image_shape=shape)[0]["generator_learning_rate"]
        for shape in ((28, 28, 1), (56, 56))
    )
    assert (usual, larger) == pytest.approx((1e-3, 1e-3 / 8**0.5))


def test_two_rates_are_a_range_in_the_logarithm_and_three_a_choice():
    _, space = chosen_space(learning_rates=(1e-4, 1e-2))
    rate = space["generator_learning_rate"]
    assert (rate.min_value, rate.max_value, rate.sampling) == (1e-4, 1e-2, "log")
    assert rate.prob_to_value(0.5) == pytest.approx(1e-3, rel=1e-9)
    _, space = chosen_space(learning_rates=(1e-2, 1e-4, 1e-3), codings_sizes=(32, 16, 32))
    assert list(space["discriminator_learning_rate"].values) == [1e-4, 1e-3, 1e-2]
    assert list(space["codings_size"].values) == [16, 32]
    assert space["discriminator_learning_rate"].default == 1e-3  # dcgan's own
    assert space["codings_size"].default == 16  # dcgan's own is not among them


@pytest.mark.parametrize(
    "ranges",
    [{"codings_sizes": sizes} for sizes in ((), (0,), (16, -1), (2.5,))]
    + [{"learning_rates": rates} for rates in ((), (1e-3,), (0, 1e-3), (1e-3, 1e-4), (1e-3, 1e-3))]
    + [{"learning_rates": rates} for rates in ((1e-3, math.inf), (1e-3, math.nan, 1), (-1, 1, 2))],
    ids=str,
)
def test_a_range_that_is_none_is_refused(ranges):
    ((name, values),) = ranges.items()
    with pytest.raises(ValueError, match=f"`{name}` are .*Received") as error:
        chosen_space(**ranges)
    assert str(values) in str(error.value)


# Confirmation.


@slow
def test_the_best_are_trained_again_with_the_same_new_seeds(searched):
    search = searched(random)
    best, second, _ = sweeps.ranked(search.outcomes)
    recipe = {"batch_size": 32, "codings_size": 8, "rate": 2e-4}
    told, skipped = [], []
    progress = SimpleNamespace(
        begin=lambda name, epochs: None,
        callbacks=lambda: [],
        end=lambda outcome, epochs, again: told.append(outcome),
        skip=lambda outcome, epochs, again: skipped.append(outcome),
    )

    def confirmed():
        return sweeps.confirm(
            search.hypergan,
            [best, second],
            seeds=2,
            fit_arguments={"x": TRAIN, "epochs": 1},
            recipe=recipe,
            progress=progress,
        )

    found = confirmed()
    assert [(c.name, c.hyperparameters, c.found) for c in found] == [
        (best.name, best.hyperparameters, best.score),
        (second.name, second.hyperparameters, second.score),
        ("recipe", recipe, None),
    ]
    seeds = [[reading.seed for reading in one.readings] for one in found]
    assert seeds[0] == seeds[1] == seeds[2] and len(set(seeds[0])) == 2
    assert not set(seeds[0]) & {search.hypergan.seed_of(n, k) for n in range(999) for k in range(2)}
    assert all(reading.epochs == 1 for one in found for reading in one.readings)
    folder = search.folder / "confirmation"
    keeping = [path.parent.name for path in folder.glob("*/best.keras")]
    assert keeping == [min((o.score, o.name) for o in told)[1]]
    assert sorted(o.name for o in told) == sorted(path.name for path in folder.iterdir())

    events = {path: path.stat().st_mtime_ns for path in search.folder.rglob("events.*")}
    assert confirmed() == found
    assert skipped == told
    assert events == {path: path.stat().st_mtime_ns for path in search.folder.rglob("events.*")}
