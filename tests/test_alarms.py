"""Alarms: each fires on a run made to fail that way, none on a healthy one; and the way back."""

import contextlib
import dataclasses
import io
import math
import os
import re
import signal
import types
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from dense_gan import dense_gan
from processes import until_killed
from test_callbacks import curve, events, rows, state
from test_resume import bytes_in, same

from gan_model import (
    GAN,
    augmenting,
    callbacks,
    data,
    features,
    losses,
    metrics,
    penalties,
    presets,
)
from gan_model.callbacks import alarms
from gan_model.callbacks.board import alarm_tag, tag
from gan_model.metrics.diversity import class_entropy, collapsed, diversity

NAMES = ["exploding", "discriminator_won", "collapse"]
QUICK = {"steps_per_execution": 10}  # without XLA, whose compiling takes longer than a test
SETTLED = 600  # steps; alarms judge a generator from 500 on
HEALTHY = {
    "discriminator_loss": 0.6,
    "generator_loss": 1.0,
    "real_score": 0.5,
    "fake_score": -0.5,
    "discriminator_gradient_norm": 2.0,
    "generator_gradient_norm": 1.0,
    "diversity": 0.9,
}


def at(step=SETTLED, loss=None, quality=None, penalty=None):
    """What alarms ask of a GAN."""
    loss = loss or losses.BinaryCrossentropy()
    return types.SimpleNamespace(
        step=tf.constant(step),
        loss=loss,
        quality=quality,
        penalty=penalty,
        image_shape=(64, 64, 3),
        networks=("generator", "discriminator"),
    )


def judged(alarm, epochs, gan=None):
    """The sentence after the last of these epochs, given by what differs from a healthy one."""
    epochs = [HEALTHY | epoch for epoch in epochs]
    before = {name: [epoch[name] for epoch in epochs[:-1]] for name in HEALTHY}
    return alarm.judge(gan or at(), epochs[-1], before)


# What is judged.


@pytest.mark.parametrize("name", ["discriminator_loss", "generator_gradient_norm", "real_score"])
@pytest.mark.parametrize("value", [math.nan, -math.inf], ids=str)
def test_no_numbers_end_a_run_in_its_first_epoch(name, value):
    sentence = judged(alarms.Exploding(), [{name: value}])
    assert sentence.startswith(f"{name} became infinite") and "lower learning rates" in sentence


def test_a_hundred_times_the_loss_of_guessing_explodes():
    alarm = alarms.Exploding()
    assert judged(alarm, [{"discriminator_loss": 69.0}]) is None
    assert "discriminator loss is 70, that of guessing 0.693" in judged(
        alarm, [{"discriminator_loss": 70.0}]
    )
    wasserstein = at(loss=losses.Wasserstein())
    assert judged(alarm, [{"discriminator_loss": 70.0}], wasserstein) is None


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_gradient_a_thousand_times_that_of_every_epoch_before_explodes(player):
    name = f"{player}_gradient_norm"
    alarm, gan = alarms.Exploding(), at(loss=losses.Wasserstein())
    assert judged(alarm, [{name: 1e9}], gan) is None  # nothing to compare it with
    assert judged(alarm, [{name: 1e-3}, {name: 2.0}, {name: 1999.0}], gan) is None
    assert f"the {player}'s gradient is 2e+03" in judged(
        alarm, [{name: 1e-3}, {name: 2.0}, {name: 2001.0}], gan
    )


@pytest.mark.parametrize(
    ("loss", "least", "guessing"),
    [
        (losses.NonSaturating(), 0, 2 * math.log(2)),
        (losses.Minimax(), 0, 2 * math.log(2)),
        (losses.BinaryCrossentropy(), 0, math.log(2)),
        (losses.LeastSquares(), 0, 0.25),
        (losses.Hinge(), 0, 2),
        (losses.Relativistic(), 0, math.log(2)),
        (losses.RelativisticAverage(), 0, 2 * math.log(2)),
        # The entropy of the labels 0.9 and 0.1, as near as the scores tried come to it.
        (losses.NonSaturating(label_smoothing=0.1), 0.325, 2 * math.log(2)),
    ],
    ids=str,
)
def test_the_loss_of_guessing_and_the_lowest_loss(loss, least, guessing):
    assert alarms.loss_bounds(loss) == pytest.approx((least, guessing), abs=2e-3)


def test_a_loss_without_an_end_has_no_winner():
    assert alarms.loss_bounds(losses.Wasserstein()) == (None, None)
    won = {"discriminator_loss": -1e6}
    assert judged(alarms.DiscriminatorWon(), [won] * 5, at(loss=losses.Wasserstein())) is None


def test_a_loss_may_give_one_value_for_each_image():
    class Own:
        def discriminator(self, real_scores, fake_scores):
            return keras.ops.softplus(-real_scores) + keras.ops.softplus(fake_scores)

    assert alarms.loss_bounds(Own()) == alarms.loss_bounds(losses.NonSaturating())


def test_a_loss_that_is_not_known_raises_nothing():
    """A loss of one's own may need more than one score, or be no key of a dict."""

    @dataclasses.dataclass
    class Spread:
        scale: float = 1.0

        def discriminator(self, real_scores, fake_scores):
            return keras.ops.mean(real_scores) * math.nan

    gan = at(loss=Spread())
    assert alarms.loss_bounds(gan.loss) == (None, None)
    assert judged(alarms.Exploding(), [{"discriminator_loss": 1e9}], gan) is None
    assert judged(alarms.DiscriminatorWon(), [{"discriminator_loss": 0.0}] * 3, gan) is None


def test_all_alarms_ask_a_loss_together_and_once():
    asked = []

    class Asked(losses.NonSaturating):
        def discriminator(self, real_scores, fake_scores):
            asked.append((float(real_scores[0, 0]), float(fake_scores[0, 0])))
            return super().discriminator(real_scores, fake_scores)

    gan = at(loss=Asked())
    for alarm in alarms.standard() + alarms.standard():
        assert judged(alarm, [HEALTHY], gan) is None
    assert len(asked) == len(set(asked)) == 11**2


def test_the_discriminator_has_won_after_three_epochs_in_a_row():
    alarm, won = alarms.DiscriminatorWon(), {"discriminator_loss": 0.05, "fake_score": -12.0}
    assert judged(alarm, [{}, {}, won, won]) is None
    assert judged(alarm, [won, won, {}]) is None
    assert judged(alarm, [won, won, won], at(step=499)) is None
    sentence = judged(alarm, [{}, won, won, won])
    assert "for 3 epochs the discriminator loss has been no more than 0.05" in sentence
    assert "fake ones -12.0" in sentence and "discriminator_learning_rate" in sentence


def stalled(distances, *, loss=0.15):
    """The sentence after epochs with a sure discriminator and these held-out distances."""
    gan = at(quality=types.SimpleNamespace(distance="swd"))
    epochs = [HEALTHY | {"discriminator_loss": loss, "val_swd": one} for one in distances]
    before = {name: [epoch[name] for epoch in epochs[:-1]] for name in epochs[0]}
    return alarms.DiscriminatorWon().judge(gan, epochs[-1], before)


def test_a_sure_discriminator_has_won_where_the_images_get_no_better():
    """As on 3,786 icons with R1(0.3): a loss of 0.18 for 26 epochs, the best of them the sixth."""
    sentence = stalled([9, 5, 6, 5.5, 7, 6, 5])
    assert "no more than 0.15 and the held-out distance" in sentence
    assert stalled([9, 8, 7, 6, 5, 4, 3]) is None  # still getting better
    assert stalled([9, 5, 6, 5.5, 7, 6, 4.9]) is None
    assert stalled([5, 6, 6, 6, 6]) is None  # too few epochs to tell
    assert stalled([9, 5, 6, 5.5, 7, 6, 5], loss=0.20)  # 0.3 of log 2 is 0.208
    assert stalled([9, 5, 6, 5.5, 7, 6, 5], loss=0.22) is None  # not sure enough


def test_the_advice_names_a_weight_for_the_images_and_the_penalty_at_hand():
    assert alarms.heavier_penalty(at()) == "penalty=penalties.R1(16)"
    assert alarms.heavier_penalty(at(penalty=penalties.R1(0.3))) == "penalty=penalties.R1(16)"
    assert alarms.heavier_penalty(at(penalty=penalties.R1(4.7))) == "penalty=penalties.R1(47)"
    several = penalties.R2(7) + penalties.R1(48) + penalties.DRAGAN(1)
    assert alarms.heavier_penalty(at(penalty=several)) == "penalty=penalties.R1(480)"
    falling = penalties.R1(keras.optimizers.schedules.PolynomialDecay(30.0, 100, 10.0))
    assert alarms.heavier_penalty(at(penalty=falling, step=50)) == "penalty=penalties.R1(200)"


def test_label_smoothing_moves_the_least_that_counts():
    """0.33 is next to nothing with it, and half of what guessing costs without."""
    paid = [{"discriminator_loss": 0.33}] * 3
    smoothed = at(loss=losses.NonSaturating(label_smoothing=0.1))
    assert judged(alarms.DiscriminatorWon(), paid, smoothed)
    assert judged(alarms.DiscriminatorWon(), paid, at(loss=losses.NonSaturating())) is None


def test_collapse_is_said_after_three_epochs_without_variety():
    alarm, low = alarms.Collapse(), {"diversity": 0.05}
    assert judged(alarm, [{}, low, low]) is None
    assert judged(alarm, [low] * 3, at(step=499)) is None
    sentence = judged(alarm, [{}, low, low, low])
    assert sentence.startswith("nearly all images are alike: they vary 0.05 times as much as real")


def test_recall_speaks_against_collapse_and_one_class_for_it():
    alarm, figures = alarms.Collapse(), HEALTHY | {"diversity": 0.05}
    before = {"diversity": [0.05] * 3}
    gan = at(quality=metrics.Quality(metrics.FeatureMetrics(features.fashion())))
    assert alarm.judge(gan, figures | {"val_recall_fashion": 0.1}, before) is None
    assert alarm.judge(gan, figures, before | {"val_recall_fashion": [0.1]}) is None
    assert alarm.judge(gan, figures | {"val_recall_fashion": 0.0}, before)
    assert alarm.judge(gan, figures, before | {"val_recall_fashion": [0.1, 0.0]})
    before = {"diversity": [0.9] * 3, "class_entropy": [0.1] * 3}
    assert "one class" in alarm.judge(at(), HEALTHY | {"class_entropy": 0.1}, before)
    assert alarm.judge(at(), HEALTHY | {"class_entropy": 1.0}, before) is None


def test_an_unknown_variety_is_no_collapse():
    figures = {name: value for name, value in HEALTHY.items() if name != "diversity"}
    assert alarms.Collapse().judge(at(), figures, {}) is None


def test_variety_is_the_share_of_the_squared_distances():
    """Half of the contrast is a quarter of the squared distances; one image over and over 0."""
    real = np.random.default_rng(0).integers(0, 2, (20, 4, 4), np.uint8) * 200
    assert diversity(real // 2, real) == pytest.approx(0.25)
    assert diversity(np.repeat(real[:1], 20, axis=0), real) == 0
    pairs = ((real[:, None].astype(float) - real[None]) ** 2).mean() / 2
    halved = ((real[:, None] / 2.0 - real[None] / 2.0) ** 2).mean() / 2
    assert diversity(real // 2, real) == pytest.approx(halved / pairs)
    assert collapsed(diversity=0.11) == "" != collapsed(diversity=0.09)


def test_images_of_one_class_are_no_collapse_where_the_real_ones_are_too():
    classes = lambda images: images[:, 0, 0]  # noqa: E731
    one, four = np.zeros((40, 2, 2), np.uint8), np.zeros((40, 2, 2), np.uint8)
    four[:, 0, 0] = np.arange(40) % 4
    assert class_entropy(classes, one, four) == 0
    assert class_entropy(classes, four, four) == pytest.approx(math.log(4))
    assert class_entropy(classes, one, one) is None


# Runs that fail, and runs that do not.


def images():
    return data.load("sample")[0][0]


def fit(gan, *listed, epochs=3, steps=SETTLED // 3, **arguments):
    settings = {"batch_size": 8, "steps_per_epoch": steps, "verbose": 0} | arguments
    return gan.fit(images(), epochs=epochs, callbacks=[*listed], **settings).history


def compiled(gan, rate=1e-3, **arguments):
    gan.compile(gan.loss, *(keras.optimizers.RMSprop(rate) for _ in range(2)), **arguments)
    return gan


def raised(history):
    return [name for name in NAMES if any(history[f"alarm_{name}"])]


@pytest.mark.slow
def test_rates_a_hundred_times_too_high_explode(seeded, capsys):
    gan = compiled(presets.dense(seed=1), rate=0.1, **QUICK)
    history = fit(gan, callbacks.Alarms())
    assert raised(history)[:1] == ["exploding"] and len(history["alarm_exploding"]) == 1
    assert "Alarm: the discriminator loss is" in capsys.readouterr().err


def test_a_generator_that_ignores_its_codings_collapses(capsys, tmp_path):
    dense = dense_gan((28, 28))
    deaf = keras.Sequential([keras.Input((4,)), keras.layers.Rescaling(0.0), dense.generator])
    gan = compiled(GAN(deaf, dense.discriminator, image_range=(0, 1)), run_eagerly=True)
    gan.step.assign(SETTLED)
    watching = callbacks.Alarms(log_dir=tmp_path), callbacks.Scalars(tmp_path)
    history = fit(gan, *watching, epochs=4, steps=1)
    assert history["alarm_collapse"] == [0, 0, 1, 1]
    assert max(history["diversity"]) == 0
    assert capsys.readouterr().err.count("Alarm: nearly all images are alike") == 1  # not twice
    # The marker as TensorBoard reads it: a curve, a point and a text.
    assert [value for _, value in curve(tmp_path / "train", "3 alarms/collapse")] == [1, 1]
    reported = events(tmp_path / "alarms")
    # Two tags: TensorBoard reads all values of a tag by the plugin of the first.
    ((step, text),) = reported.pop("3 alarms/collapse_message")
    ((marked, one),) = reported.pop("3 alarms/collapse")
    assert not reported
    assert step == marked == SETTLED + 3 and float(one) == 1
    assert text.item().decode().startswith("nearly all images are alike")


@pytest.mark.slow
def test_a_discriminator_trained_twenty_times_as_often_wins(seeded):
    gan = compiled(presets.dense(seed=1), discriminator_steps=20, **QUICK)
    history = fit(gan, callbacks.Alarms(), epochs=4)
    assert history["alarm_discriminator_won"][:2] == [0, 0]
    assert any(history["alarm_discriminator_won"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "batch_size"),
    [
        ("dense", 16),
        pytest.param("dcgan", 8, marks=pytest.mark.soak),
        pytest.param("modern_conditional", 8, marks=pytest.mark.soak),
    ],
)
def test_no_alarm_on_a_healthy_run(preset, batch_size, seeded):
    """Three epochs are as many as collapse and a winner take, and end where both are judged."""
    gan = presets.named(preset)((28, 28, 1), seed=2)
    labels = {"y": data.load("sample")[0][1]} if gan.class_count else {}
    history = fit(gan, callbacks.Alarms(), steps=170, batch_size=batch_size, **labels)
    assert [history[f"alarm_{name}"] for name in NAMES] == [[0.0] * 3] * 3
    assert min(history["diversity"]) > 0.3


# Quick ones: a small game on small images.

SMALL = np.random.default_rng(0).integers(0, 256, (24, 16, 16), np.uint8)
STEPS = 3
RATE = 2.0**-10  # halves of it are exact


def small(rate=RATE):
    """Of one layer each, without a graph, which takes longer to make than a few steps."""
    keras.utils.set_random_seed(0)
    gan = dense_gan(dropout=0.3, seed=3)
    optimizers = keras.optimizers.RMSprop(rate), keras.optimizers.RMSprop(RATE)
    gan.compile(losses.BinaryCrossentropy(), *optimizers, run_eagerly=True)
    return gan


def train(gan, listed, epochs=4, held_out=SMALL[:8]):
    return gan.fit(
        SMALL, batch_size=8, epochs=epochs, validation_data=held_out, callbacks=listed, verbose=0
    )


class Breaks(keras.callbacks.Callback):
    """A generator that is lost in each step of a list, as long as its rate is above another."""

    def __init__(self, above):
        super().__init__()
        self.above = above

    def on_train_batch_begin(self, batch, logs=None):
        rate = self.above.get(int(self.model.step.numpy()))
        if rate is not None and float(self.model.generator_optimizer.learning_rate) > rate:
            weight = self.model.generator.trainable_variables[0]
            weight.assign(weight * math.nan)


# Lost once in the first epoch; in the third twice, one after the other.
LOSSES = {1: RATE / 2, 7: RATE / 8}


class Slow:
    name, ends = "slow", False

    def judge(self, gan, figures, before):
        return "too slow: hurry." if len(before.get("generator_loss", ())) == 1 else None


def test_every_epoch_has_the_fields_those_of_an_alarm_of_ones_own_too(capsys, tmp_path):
    watching = callbacks.watch(tmp_path, alarms=[*alarms.standard(), Slow()], count=4)
    history = train(small(), watching, epochs=3).history
    for name in [*(f"alarm_{name}" for name in NAMES), "recoveries"]:
        assert history[name] == [0.0] * 3
    assert history["alarm_slow"] == [0.0, 1.0, 0.0] and "class_entropy" not in history
    for name in ("alarm_slow", "alarm_collapse", "diversity"):
        assert [float(row[name]) for row in rows(tmp_path / "history.csv")] == history[name]
    board = tmp_path / "tensorboard"
    assert alarm_tag("slow") in events(board / "alarms")
    on_board = set(events(board / "train"))
    assert not {alarm_tag(name) for name in NAMES} & on_board, "none was raised"
    assert {"6 diversity/diversity", "7 training/recoveries", alarm_tag("slow")} < on_board
    assert capsys.readouterr().err == "\nAlarm: too slow: hurry.\n"


def test_entropy_of_classes_where_the_quality_knows_them(seeded):
    sample = images()[:64]
    gan = compiled(dense_gan((28, 28)), run_eagerly=True)
    gan.quality = metrics.Quality(*metrics.measures(sample, "fashion"))
    listed = {"callbacks": [callbacks.Alarms()], "verbose": 0}
    history = gan.fit(sample, validation_data=sample, **listed).history
    assert 0 <= history["class_entropy"][0] <= math.log(10)


@pytest.mark.parametrize(
    "wrong", [alarms.Collapse, augmenting.DiffAugment()], ids=["class", "other"]
)
def test_what_is_no_alarm_is_refused(wrong):
    with pytest.raises(ValueError, match="An alarm is an object with `name`"):
        callbacks.Alarms([wrong])


def test_recoveries_that_make_no_sense_are_refused(tmp_path):
    checkpoints = callbacks.Checkpoints(tmp_path)
    for wrong in ({"times": 0}, {"factor": 1.0}, {"factor": 0.0}):
        with pytest.raises(ValueError, match="`times` is 1 or more"):
            callbacks.Recover(checkpoints, **wrong)


# The way back.


def recovering(folder, above, **arguments):
    """`watch` with a run that breaks."""
    alarm, recover, *others = callbacks.watch(folder, count=4)
    recover = callbacks.Recover(others[-1], **arguments) if arguments else recover
    return [Breaks(above), alarm, recover, *others]


def rates(gan):
    optimizers = gan.generator_optimizer, gan.discriminator_optimizer
    return [float(optimizer.learning_rate) for optimizer in optimizers]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that was lost three times and never cut: its folder, GAN, history and errors."""
    folder, gan = tmp_path_factory.mktemp("whole"), small()
    with contextlib.redirect_stderr(io.StringIO()) as said:
        history = train(gan, recovering(folder, LOSSES)).history
    return types.SimpleNamespace(folder=folder, gan=gan, history=history, said=said.getvalue())


@pytest.mark.slow
def test_a_lost_run_goes_back_with_lower_rates(whole):
    gan, history, said = whole.gan, whole.history, whole.said
    assert history["recoveries"] == [1, 1, 3, 3]
    assert history["alarm_exploding"] == [0, 0, 0, 0]  # the epochs that stayed
    assert rates(gan) == [RATE / 8, RATE / 8]
    assert int(gan.step) == 4 * STEPS and np.isfinite(history["generator_loss"]).all()
    assert re.search(r"the beginning.*generator 0\.000488, discriminator 0\.000488", said)
    assert re.search(r"the end of epoch 2.*generator 0\.000122.*3 of 3", said)
    assert [row["epoch"] for row in rows(whole.folder / "history.csv")] == list("1234")
    # The charts end as those of a run without a loss; the alarm stays where it was.
    board = whole.folder / "tensorboard"
    steps = [step for step, _ in curve(board / "train", tag("generator_loss"))]
    assert steps[-2:] == [3 * STEPS, 4 * STEPS]
    assert alarm_tag("exploding") in events(board / "alarms")


def test_what_follows_is_the_training_with_lower_rates_from_there(tmp_path):
    """Lost in the first epoch: as if it had begun with half the rates, and without callbacks."""
    gan, halved = small(), small()
    train(gan, recovering(tmp_path, {1: RATE / 2}), epochs=2, held_out=None)
    for optimizer in (halved.generator_optimizer, halved.discriminator_optimizer):
        optimizer.learning_rate = RATE / 2
    train(halved, [], epochs=2, held_out=None)
    assert same(state(gan), state(halved))


@pytest.mark.slow
@pytest.mark.parametrize(
    "cut", [pytest.param(1, marks=pytest.mark.soak), 2, pytest.param(3, marks=pytest.mark.soak)]
)
def test_a_run_cut_between_recoveries_ends_like_one_that_was_not(whole, tmp_path, cut):
    ended = small()
    train(small(), recovering(tmp_path, LOSSES), epochs=cut)
    history = train(ended, recovering(tmp_path, LOSSES)).history
    assert history == whole.history
    assert same(state(ended), state(whole.gan))
    shown = "history.csv", "samples/*"
    assert bytes_in(tmp_path, *shown) == bytes_in(whole.folder, *shown)


class KilledAfter(keras.callbacks.Callback):
    """Ends the process when training has begun for the n-th time: right after a recovery."""

    begun = 0

    def __init__(self, times):
        super().__init__()
        self.times = times

    def on_train_batch_end(self, batch, logs=None):
        if self.begun == self.times and batch >= 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_train_begin(self, logs=None):
        self.begun += 1


def train_until_killed(folder, times):
    train(small(), [KilledAfter(int(times)), *recovering(Path(folder), LOSSES)])


@pytest.mark.slow
@pytest.mark.soak
def test_a_run_killed_right_after_its_recoveries_ends_like_one_that_was_not(whole, tmp_path):
    """After the first, before any checkpoint; then after the second and after the third."""
    ended = small()
    for times in (2, 3, 3):
        until_killed("test_alarms", tmp_path / "killed", times)
    train(ended, recovering(tmp_path / "killed", LOSSES))
    assert same(state(ended), state(whole.gan))
    shown = "history.csv", "samples/*"
    assert bytes_in(tmp_path / "killed", *shown) == bytes_in(whole.folder, *shown)


@pytest.mark.slow
def test_after_n_times_it_stops_and_says_so_and_the_checkpoints_are_good(tmp_path, capsys):
    always = {STEPS + 1: 0.0}
    history = train(small(), recovering(tmp_path, always, times=2)).history
    said = capsys.readouterr().err
    assert said.count("Went back to the end of epoch 1") == 2
    assert "Stopped: the run has diverged, and went back 2 times." in said
    assert history["recoveries"] == [0, 2] and history["alarm_exploding"] == [0, 1]
    assert math.isnan(history["generator_loss"][-1])
    gan = small()
    assert callbacks.Checkpoints(tmp_path / "checkpoints").restore(gan) == 1
    assert gan.sampler().is_finite and rates(gan) == [RATE, RATE]


@pytest.mark.slow
def test_a_rate_that_is_a_schedule_cannot_be_lowered(tmp_path, capsys):
    schedule = keras.optimizers.schedules.ExponentialDecay(RATE, 100, 0.5)
    history = train(small(schedule), recovering(tmp_path, {1: 0.0}), held_out=None).history
    assert "a learning rate that is a schedule can't be lowered" in capsys.readouterr().err
    assert len(history["generator_loss"]) == 1


@pytest.mark.slow
def test_without_alarms_it_goes_back_too(tmp_path):
    """Losses that are no numbers need no alarm to be seen."""
    gan, checkpoints = small(), callbacks.Checkpoints(tmp_path)
    listed = [Breaks({4: RATE / 2}), callbacks.Recover(checkpoints), checkpoints]
    history = train(gan, listed, held_out=None)
    assert history.history["recoveries"] == [0, 1, 1, 1] and rates(gan) == [RATE / 2] * 2


@pytest.mark.slow
def test_a_history_of_ones_own_may_come_first(tmp_path):
    """The callbacks count on a history without the present epoch."""

    def trained(name, *first):
        checkpoints = callbacks.Checkpoints(tmp_path / name)
        best = callbacks.BestModel(tmp_path / f"{name}.keras", monitor="val_generator_loss")
        recover = callbacks.Recover(checkpoints, times=1)
        listed = [*first, best, Breaks({4: RATE / 2, 10: 0}), recover, checkpoints]
        history = train(small(), listed).history
        return {name: values[:3] for name, values in history.items()}, best.path.exists()

    own, none = trained("own", keras.callbacks.History()), trained("none")
    assert own == none and own[0]["recoveries"] == [0, 1, 1] and own[1]


@pytest.mark.slow
def test_recover_without_a_checkpoint_says_what_is_missing(tmp_path, capsys):
    recover = callbacks.Recover(callbacks.Checkpoints(tmp_path / "none"))
    train(small(), [Breaks({4: RATE / 2}), recover], epochs=3, held_out=None)
    assert "no checkpoint to go back to. Give `Checkpoints` to fit" in capsys.readouterr().err


@pytest.mark.slow
def test_a_fit_that_follows_begins_with_no_recoveries_of_another(tmp_path):
    recover = callbacks.Recover(callbacks.Checkpoints(tmp_path / "none"), times=1)
    for _ in range(2):
        gan, breaks = small(), Breaks({1: RATE / 2})
        history = train(gan, [breaks, recover], epochs=2, held_out=None).history
        assert history["recoveries"] == [1, 1]
