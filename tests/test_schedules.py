"""Rates and penalties by step, clipped and accumulated gradients: Keras's own, in this step."""

import math
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_dirac import PSI, RATE, THETA, dirac, state
from test_resume import SHAPE, CopyAfter, Process, same

from gan_model import GAN, callbacks, presets
from gan_model.callbacks.board import EpochSpeed
from gan_model.losses import Wasserstein
from gan_model.model import Batch
from gan_model.model.random import PENALTY, RandomStream
from gan_model.penalties import DRAGAN, R1, R2, GradientPenalty
from gan_model.storage import checkpoint

ZEROS = np.zeros((4, 1, 1), "float32")
EVERY_WAY = [{}, {"run_eagerly": True}, {"jit_compile": True}]
in_every_way = pytest.mark.parametrize("how", EVERY_WAY, ids=str)


def halved(start, steps=2):
    """A rate or weight that is half of what it was after each so many steps."""
    return keras.optimizers.schedules.ExponentialDecay(start, steps, 0.5, staircase=True)


def sgd(rate=RATE, **settings):
    return keras.optimizers.SGD(rate, **settings)


def played(generator, discriminator, **compiled):
    gan = dirac(Wasserstein())
    gan.compile(Wasserstein(), generator, discriminator, **compiled)
    return gan


def states_after(steps, gan):
    """psi and theta after each of so many steps."""
    states = []
    noting = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: states.append(state(gan))
    )
    gan.fit(np.repeat(ZEROS, steps, axis=0), batch_size=4, callbacks=[noting], verbose=0)
    assert len(states) == steps
    return states


# Closed forms.


@pytest.mark.slow
@in_every_way
def test_rates_by_hand(how):
    """psi <- psi - r(step) theta, theta <- theta + r'(step) psi, each with its own schedule."""
    gan, psi, theta = played(sgd(halved(0.1)), sgd(halved(0.4, 3)), **how), PSI, THETA
    for step, found in enumerate(states_after(8, gan)):
        psi -= 0.4 * 0.5 ** (step // 3) * theta
        theta += 0.1 * 0.5 ** (step // 2) * psi
        assert found == pytest.approx((psi, theta), abs=1e-6)


@pytest.mark.slow
def test_the_generators_schedule_counts_its_own_steps():
    gan, theta = played(sgd(halved(0.1)), sgd(0.0), discriminator_steps=3), THETA
    for step, found in enumerate(states_after(12, gan)):
        if step % 3 == 2:
            theta += 0.1 * 0.5 ** (step // 3 // 2) * PSI
        assert found[1] == pytest.approx(theta, abs=1e-6)


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("kind", [R1, R2, GradientPenalty, DRAGAN])
def test_a_penalty_weighs_what_its_schedule_says(kind, every):
    images = tf.random.stateless_uniform((4, 3, 3), (0, 1))
    batch = Batch(images)
    bowl = lambda x: tf.reduce_sum(x.images**2, axis=(1, 2))[:, None]  # noqa: E731
    for step in range(7):
        random = RandomStream(seed=5, step=tf.constant(step, tf.int64), purpose=PENALTY)
        paid, full = (
            float(penalty(bowl, batch, batch, random))
            for penalty in (kind(halved(6.0), every=every), kind(6.0 * every))
        )
        due = step % every == 0
        assert paid == pytest.approx(0.5 ** (step // 2) * full if due else 0.0, rel=1e-5)


def test_the_schedule_of_the_docstring_goes_from_10_to_1():
    penalty = R1(keras.optimizers.schedules.CosineDecay(10.0, decay_steps=20_000, alpha=0.1))
    batch, slope = Batch(tf.ones((2, 1, 1))), lambda x: x.images[:, 0] * 2**0.5
    for step, weight in ((0, 10.0), (10_000, 5.5), (20_000, 1.0), (30_000, 1.0)):
        random = RandomStream(seed=5, step=step, purpose=PENALTY)
        assert float(penalty(slope, batch, batch, random)) == pytest.approx(weight)


@pytest.mark.slow
@in_every_way
def test_penalties_by_hand(how):
    """R1 charges w / 2 psi^2, and is logged as it was paid."""
    gan, psi = played(sgd(0.0), sgd(RATE), penalty=R1(halved(3.0)), **how), PSI
    states = []
    noting = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: states.append(state(gan))
    )
    logs = gan.fit(ZEROS, batch_size=4, epochs=6, callbacks=[noting], verbose=0).history
    assert len(states) == len(logs["penalty"]) == 6
    for step in range(6):
        weight = 3.0 * 0.5 ** (step // 2)
        assert logs["penalty"][step] == pytest.approx(weight / 2 * psi**2, rel=1e-5)
        psi -= RATE * (THETA + weight * psi)
        assert states[step][0] == pytest.approx(psi, abs=1e-6)


CLIPPING = [{"clipnorm": 0.25}, {"clipvalue": 0.25}, {"global_clipnorm": 0.25}]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("clipping", "how"),
    [
        *((CLIPPING[0], how) for how in EVERY_WAY),
        *((clipping, {}) for clipping in CLIPPING[1:]),
        # XLA sees what Keras makes of the setting: a slope that is cut.
        *(
            pytest.param(clipping, how, marks=pytest.mark.soak)
            for clipping in CLIPPING[1:]
            for how in EVERY_WAY[1:]
        ),
    ],
    ids=str,
)
def test_clipped_by_hand(clipping, how):
    """Each player has one weight, the slope of which is more than 0.25 all the time."""
    gan = played(sgd(**clipping), sgd(**clipping), **how)
    for step, found in enumerate(states_after(3, gan), start=1):
        moved = step * RATE * 0.25
        assert found == pytest.approx((PSI - moved, THETA + moved), abs=1e-6)


def test_clipping_is_of_the_penalty_too():
    gan = played(sgd(0.0), sgd(clipvalue=2.0), penalty=R1(1000.0))
    gan.fit(ZEROS, batch_size=4, verbose=0)
    assert state(gan)[0] == pytest.approx(PSI - RATE * 2.0, abs=1e-6)


@pytest.mark.slow
@in_every_way
def test_accumulated_by_hand(how):
    """Both move with every third batch; the generator's last gradient is of the moved psi."""
    accumulating = dict(gradient_accumulation_steps=3)
    gan, psi, theta = played(sgd(**accumulating), sgd(**accumulating), **how), PSI, THETA
    for step, found in enumerate(states_after(9, gan)):
        if step % 3 == 2:
            before, psi = psi, psi - RATE * theta
            theta += RATE * (2 * before + psi) / 3
        assert found == pytest.approx((psi, theta), abs=1e-6)
    assert int(gan.step) == 9 and int(gan.images_seen) == 36
    assert int(gan.generator_optimizer.iterations) == 3


@pytest.mark.slow
def test_three_small_batches_are_one_large_one():
    """For the player that accumulates, where the other stands still."""
    real = np.random.default_rng(0).normal(size=(12, 1, 1)).astype("float32")
    ends = []
    for size, settings in ((12, {}), (4, {"gradient_accumulation_steps": 3})):
        gan = played(sgd(0.0), sgd(**settings), penalty=GradientPenalty(0.5) + R1(2.0))
        gan.fit(real, batch_size=size, shuffle=False, verbose=0)
        ends.append(state(gan)[0])
    assert ends[0] == pytest.approx(ends[1], abs=1e-6)
    assert abs(ends[0] - PSI) > 0.01


def test_a_schedule_counts_batches_and_lazy_penalties_add_up_where_gradients_accumulate():
    accumulating = sgd(halved(0.1, 4), gradient_accumulation_steps=2)
    gan, psi = played(sgd(0.0), accumulating, penalty=R1(1.0, every=2)), PSI
    for step, found in enumerate(states_after(8, gan)):
        if step % 2 == 1:
            psi -= 0.1 * 0.5 ** (step // 4) * (THETA + psi)
        assert found[0] == pytest.approx(psi, abs=1e-6)


# On TensorBoard.


def test_the_rate_that_is_drawn_is_the_present_one():
    class Rates(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            figures = EpochSpeed(self.model).figures()
            rates.append({name.split("/")[1]: float(v) for name, v in figures.items()})

    rates = []
    gan = played(sgd(halved(0.1)), sgd(halved(0.4, 3)), discriminator_steps=2)
    gan.fit(np.repeat(ZEROS, 3, axis=0), batch_size=4, epochs=3, verbose=0, callbacks=[Rates()])
    assert [r["discriminator_learning_rate"] for r in rates] == pytest.approx([0.2, 0.1, 0.05])
    assert [r["generator_learning_rate"] for r in rates] == pytest.approx([0.1, 0.05, 0.025])


# However a run is cut.


def all_at_once(**more):
    """Optimizers and `compile` with everything that depends on the step."""

    def adam(rate, **settings):
        cosine = keras.optimizers.schedules.CosineDecay(rate, 20, alpha=0.1, warmup_target=1e-3)
        return keras.optimizers.Adam(cosine, beta_1=0.5, **settings)

    optimizers = (
        adam(1e-4, global_clipnorm=1.0),
        adam(2e-4, clipnorm=0.5, gradient_accumulation_steps=3),
    )
    penalty = R1(halved(10.0, 3), every=2) + GradientPenalty(
        keras.optimizers.schedules.PolynomialDecay(1.0, 15, 0.1)
    )
    return optimizers, dict(penalty=penalty, **more)


STEPS = 5  # an epoch: the cut after two lies in the middle of an accumulation


def small_gan(drawn):
    """Of two layers and one, with dropout: the graph of few layers is made in less time."""
    keras.utils.set_random_seed(drawn)
    hidden = [keras.layers.Dense(16), keras.layers.LeakyReLU(), keras.layers.Dropout(0.4)]
    made = [keras.layers.Dense(math.prod(SHAPE), "tanh"), keras.layers.Reshape(SHAPE)]
    return GAN(
        keras.Sequential([keras.Input((4,)), *made]),
        keras.Sequential(
            [keras.Input(SHAPE), keras.layers.Flatten(), *hidden, keras.layers.Dense(1)]
        ),
        seed=3,
    )


class Scheduled(Process):
    """Several steps an execution, if nothing else is said; nothing is held out."""

    def __init__(self, *, drawn=0, steps_per_execution=4):
        super().__init__(None, drawn=drawn, model=small_gan(drawn))
        optimizers, settings = all_at_once(steps_per_execution=steps_per_execution)
        self.gan.compile(None, *optimizers, **settings)

    def fit(self, folder, **options):
        return super().fit(folder, **options, validation_data=None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Four epochs without a cut, and in `cut` and `2.keras` what there was after two."""
    folder = tmp_path_factory.mktemp("whole")
    saving = keras.callbacks.ModelCheckpoint(folder / "{epoch}.keras")
    also = [saving, CopyAfter(2, folder / "run", folder / "cut")]
    ended = Scheduled().fit(folder / "run", epochs=4, steps=STEPS, also=also)
    return types.SimpleNamespace(folder=folder, ended=ended, figures=ended.history.history)


@pytest.mark.slow
def test_two_epochs_and_two_more_are_four(whole):
    ended = Scheduled(drawn=1).fit(whole.folder / "cut", epochs=4, steps=STEPS)
    assert ended.batches == whole.ended.batches[2 * STEPS :]
    assert same(ended.state, whole.ended.state)
    assert ended.history.history == whole.figures
    assert len(set(whole.figures["penalty"])) == 4


@pytest.mark.slow
def test_a_model_loaded_from_its_file_goes_on_as_if_nothing_had_happened(whole):
    loaded = keras.models.load_model(whole.folder / "2.keras")
    loaded = Process(None, drawn=1, model=loaded)
    loaded.fit(None, initial_epoch=2, epochs=4, steps=STEPS, validation_data=None)
    assert same(loaded.state, whole.ended.state)
    found = loaded.history.history
    assert found == {name: whole.figures[name][2:] for name in found} and "penalty" in found


def test_a_configuration_holds_the_schedules_themselves():
    """Keras tells the objects of a file apart by their `id`, which a copy's successor may take."""
    penalty = R1(halved(10.0)) + GradientPenalty(halved(1.0))
    for part in penalty.parts:
        assert part.get_config()["weight"] is part.weight


@pytest.mark.slow
def test_the_steps_of_one_execution_are_no_matter_of_the_result(whole):
    one = Scheduled(steps_per_execution=1).fit(None, epochs=4, steps=STEPS)
    assert same(one.state, whole.ended.state)
    figures = one.history.history
    assert figures == {name: whole.figures[name] for name in figures} and "penalty" in figures


@pytest.mark.slow
def test_what_has_been_accumulated_is_part_of_a_checkpoint(whole):
    gan = whole.ended.gan
    kept = checkpoint.collect(gan)
    accumulated = [v for name, v in kept.items() if name.endswith("accumulator")]
    assert len(accumulated) == len(gan.discriminator.trainable_variables)
    assert any(v.any() for v in accumulated)


# Refused before the first step.


def by_epoch():
    return [
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
        keras.callbacks.ReduceLROnPlateau(monitor="generator_loss", mode="min"),
    ]


@pytest.mark.parametrize("callback", by_epoch(), ids=lambda callback: type(callback).__name__)
def test_callbacks_that_set_the_rate_of_one_optimizer_are_refused(callback, images, tmp_path):
    gan = presets.dense((16, 16))
    message = rf"{type(callback).__name__} sets the learning rate of one optimizer.*CosineDecay"
    with pytest.raises(ValueError, match=message):
        gan.fit(images, callbacks=[callbacks.Checkpoints(tmp_path / "run"), callback], verbose=0)
    assert int(gan.step) == 0 and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (halved(-1.0), "`weight` is 0 or more. Received: weight=-1.0"),
        (float("nan"), "weight=nan"),
        (keras.optimizers.schedules.CosineDecay, "`weight` is a number or an object of keras.opt"),
        (lambda step: 10.0, r"Type keras.optimizers.schedules.CosineDecay\(10.0, 20_000\)"),
    ],
)
def test_what_is_no_weight_is_refused(weight, message):
    with pytest.raises(ValueError, match=message):
        R1(weight)
