"""The losses: numbers from their docstrings, then laws for all of them."""

import dataclasses
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from gan_model.losses import (
    BinaryCrossentropy,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Relativistic,
    RelativisticAverage,
    Wasserstein,
)

LOSSES = [
    NonSaturating(),
    NonSaturating(label_smoothing=0.1),
    Minimax(),
    Minimax(label_smoothing=0.1),
    BinaryCrossentropy(),
    BinaryCrossentropy(label_smoothing=0.1),
    LeastSquares(),
    Hinge(),
    Wasserstein(),
    Relativistic(),
    RelativisticAverage(),
]
RELATIVISTIC = [Relativistic(), RelativisticAverage()]
REAL, FAKE = (0.3, -0.7, 1.4), (0.2, 1.1, -0.4)


def name(loss):
    smoothed = ", smoothed" if getattr(loss, "label_smoothing", 0) else ""
    return type(loss).__name__ + smoothed


def named(losses):
    return pytest.mark.parametrize("loss", losses, ids=name)


for_all = named(LOSSES)
for_classifiers = pytest.mark.parametrize("kind", [NonSaturating, Minimax, BinaryCrossentropy])
for_both_players = pytest.mark.parametrize("player", ["discriminator", "generator"])


def scores(*values):
    return ops.reshape(ops.convert_to_tensor(values, "float32"), (-1, 1))


def test_non_saturating_at_a_draw():
    draw = scores(0.0, 0.0, 0.0)
    assert float(NonSaturating().discriminator(draw, draw)) == pytest.approx(2 * math.log(2))
    assert float(NonSaturating().generator(None, draw)) == pytest.approx(math.log(2))


def test_binary_crossentropy_at_a_draw():
    draw = scores(0.0, 0.0, 0.0)
    assert float(BinaryCrossentropy().discriminator(draw, draw)) == pytest.approx(math.log(2))
    assert float(BinaryCrossentropy().generator(None, draw)) == pytest.approx(math.log(2))


def test_non_saturating_from_probabilities():
    """-log D(real) - log(1 - D(fake)), computed the unstable way in float64."""
    real, fake = np.array([2.0, -1.0, 0.5]), np.array([-0.3, 1.2, 0.1])
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    discriminator = -np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean()
    generator = -np.log(sigmoid(fake)).mean()
    loss = NonSaturating()
    assert float(loss.discriminator(scores(*real), scores(*fake))) == pytest.approx(discriminator)
    assert float(loss.generator(None, scores(*fake))) == pytest.approx(generator)


def test_binary_crossentropy_is_keras_own_over_the_joined_batch():
    real, fake = scores(2.0, -1.0, 0.5), scores(-0.3, 1.2, 0.1)
    keras_loss = keras.losses.BinaryCrossentropy(from_logits=True)
    joined, labels = ops.concatenate([fake, real]), scores(0.0, 0.0, 0.0, 1.0, 1.0, 1.0)
    ours = BinaryCrossentropy().discriminator(real, fake)
    assert float(ours) == pytest.approx(float(keras_loss(labels, joined)), rel=1e-6)


# The docstrings' numbers: what each player pays at the scores (real, fake).

PAID = [
    (Minimax(), 0.0, 0.0, 2 * math.log(2), -math.log(2)),
    (LeastSquares(), 0.5, 0.5, 1 / 4, 1 / 8),
    (LeastSquares(), 1.0, 0.0, 0.0, 1 / 2),
    (Hinge(), 0.0, 0.0, 2.0, 0.0),
    (Hinge(), 1.0, -1.0, 0.0, 1.0),
    (Hinge(), 0.5, 0.25, 0.5 + 1.25, -0.25),
    (Wasserstein(), 3.0, 3.0, 0.0, -3.0),
    (Wasserstein(), 2.0, -1.0, -3.0, 1.0),
    (Relativistic(), 7.0, 7.0, math.log(2), math.log(2)),
    (RelativisticAverage(), 7.0, 7.0, 2 * math.log(2), 2 * math.log(2)),
    # Of a thousand, to the last bit.
    (NonSaturating(), 1000.0, -1000.0, 0.0, 1000.0),
    (NonSaturating(), -1000.0, 1000.0, 2000.0, 0.0),
    (NonSaturating(0.1), 1000.0, -1000.0, 100.0, 1000.0),
    (NonSaturating(0.1), -1000.0, 1000.0, 1900.0, 0.0),
    (BinaryCrossentropy(), 1000.0, -1000.0, 0.0, 1000.0),
    (BinaryCrossentropy(), -1000.0, 1000.0, 1000.0, 0.0),
    (Minimax(), 1000.0, -1000.0, 0.0, 0.0),
    (Minimax(), -1000.0, 1000.0, 2000.0, -1000.0),
    (Relativistic(), 1000.0, -1000.0, 0.0, 2000.0),
    (Relativistic(), -1000.0, 1000.0, 2000.0, 0.0),
    (RelativisticAverage(), 1000.0, -1000.0, 0.0, 4000.0),
    (RelativisticAverage(), -1000.0, 1000.0, 4000.0, 0.0),
]


@pytest.mark.parametrize(("loss", "real", "fake", "discriminator", "generator"), PAID)
def test_what_each_player_pays(loss, real, fake, discriminator, generator):
    real, fake = scores(real, real), scores(fake, fake)
    assert float(loss.discriminator(real, fake)) == pytest.approx(discriminator, rel=1e-6)
    assert float(loss.generator(real, fake)) == pytest.approx(generator, rel=1e-6)


def test_relativistic_pairs_by_place():
    """Each of three pairs by itself, in float64."""
    expected = np.mean([math.log1p(math.exp(f - r)) for r, f in zip(REAL, FAKE, strict=True)])
    paid = float(Relativistic().discriminator(scores(*REAL), scores(*FAKE)))
    assert paid == pytest.approx(expected, rel=1e-6)


def test_relativistic_average_by_the_formula():
    softplus = lambda x: np.log1p(np.exp(x))  # noqa: E731
    real, fake = np.array(REAL), np.array(FAKE)
    of_discriminator = softplus(-(real - fake.mean())).mean() + softplus(fake - real.mean()).mean()
    of_generator = softplus(real - fake.mean()).mean() + softplus(-(fake - real.mean())).mean()
    loss, given = RelativisticAverage(), (scores(*REAL), scores(*FAKE))
    assert float(loss.discriminator(*given)) == pytest.approx(of_discriminator, rel=1e-6)
    assert float(loss.generator(*given)) == pytest.approx(of_generator, rel=1e-6)


def test_minimax_saturates_and_non_saturating_does_not():
    lost = tf.constant([[-10.0]])
    for loss, slope in ((Minimax(), -0.0000454), (NonSaturating(), -0.9999546)):
        (found,) = slopes(lambda fake, loss=loss: loss.generator(None, fake), lost)
        assert found == pytest.approx(slope, rel=1e-3)


# Label smoothing.


@for_classifiers
def test_smoothed_labels_are_keras_own(kind):
    """Real images have the label 0.9, fake ones 0."""
    of_keras = keras.losses.BinaryCrossentropy(from_logits=True)
    real, fake = scores(*REAL), scores(*FAKE)
    expected = float(of_keras(scores(0.9, 0.9, 0.9), real) + of_keras(scores(0, 0, 0), fake))
    share = 0.5 if kind is BinaryCrossentropy else 1.0
    paid = float(kind(label_smoothing=0.1).discriminator(real, fake))
    assert paid == pytest.approx(share * expected, rel=1e-6)


@for_classifiers
def test_smoothing_gives_real_scores_a_best_value(kind):
    """log(1 / 0.1 - 1) = 2.197."""
    loss, fake = kind(label_smoothing=0.1), scores(0.0)
    (slope,) = slopes(lambda real: loss.discriminator(real, fake), tf.constant([[2.1972246]]))
    assert slope == pytest.approx(0.0, abs=1e-6)


@for_classifiers
def test_the_generator_does_not_see_the_smoothing(kind):
    paid = [float(kind(s).generator(None, scores(*FAKE))) for s in (0.0, 0.1)]
    assert paid[0] == paid[1]


@for_classifiers
@pytest.mark.parametrize("smoothing", [-0.1, 0.5, 1.0])
def test_labels_smoothed_past_the_middle_are_refused(kind, smoothing):
    with pytest.raises(ValueError, match=r"below 0\.5.*label_smoothing=0\.1"):
        kind(label_smoothing=smoothing)


# Laws.


def slopes(function, at):
    with tf.GradientTape() as tape:
        tape.watch(at)
        value = function(at)
    return tape.gradient(value, at).numpy().ravel()


def of(loss, player, which):
    """The loss of a player as a function of the real scores, or of the fake ones."""
    method, real, fake = getattr(loss, player), scores(*REAL), scores(*FAKE)
    if which == "real":
        return (lambda real: method(real, fake)), real
    return (lambda fake: method(real, fake)), fake


@for_all
@for_both_players
@pytest.mark.parametrize("real", [-1000.0, 0.0, 1000.0])
@pytest.mark.parametrize("fake", [-1000.0, 0.0, 1000.0])
def test_values_and_gradients_are_finite_up_to_a_thousand(loss, player, real, fake):
    real, fake = tf.constant([[real], [0.0]]), tf.constant([[fake], [0.0]])
    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        value = getattr(loss, player)(real, fake)
    found = tape.gradient(value, [real, fake], unconnected_gradients="zero")
    assert np.isfinite(value) and np.isfinite(found).all()


@named([loss for loss in LOSSES if not isinstance(loss, Minimax)])
def test_the_generators_gradient_lives_at_a_thousand(loss):
    """However clearly the fakes are found out. `Minimax` is there to show the contrary."""
    real = scores(0.0)
    (slope,) = slopes(lambda fake: loss.generator(real, fake), tf.constant([[-1000.0]]))
    assert slope <= -0.999


@for_all
@pytest.mark.parametrize(
    ("player", "which"),
    [("discriminator", "real"), ("discriminator", "fake"), ("generator", "fake")],
)
def test_gradients_agree_with_finite_differences(loss, player, which):
    function, at = of(loss, player, which)
    step, differences = 1e-2, []
    for place in np.eye(3, dtype="float32")[..., None]:
        differences.append(float(function(at + step * place) - function(at - step * place)))
    np.testing.assert_allclose(slopes(function, at), np.array(differences) / (2 * step), atol=1e-4)


@for_all
def test_at_a_draw_the_discriminator_gains_by_parting_the_scores(loss):
    draw, nudge = scores(0.0, 0.0), scores(0.1, 0.1)
    assert float(loss.discriminator(nudge, -nudge)) < float(loss.discriminator(draw, draw))
    assert float(loss.discriminator(-nudge, nudge)) > float(loss.discriminator(draw, draw))


@for_all
def test_the_generator_gains_by_raising_the_fake_scores(loss):
    real = scores(0.0)
    paid = [float(loss.generator(real, scores(fake))) for fake in (-0.1, 0.0, 0.1)]
    assert paid[0] > paid[1] > paid[2]


@for_all
def test_only_who_says_so_needs_the_real_scores(loss):
    def asked():
        return loss.generator(None, scores(*FAKE))

    if getattr(loss, "needs_real_scores", False):
        with pytest.raises((ValueError, TypeError)):
            asked()
    else:
        assert float(asked()) == float(loss.generator(scores(*REAL), scores(*FAKE)))


@named(RELATIVISTIC)
def test_the_same_constant_added_to_all_scores_changes_nothing(loss):
    for shift in (5.0, -300.0):
        for player in (loss.discriminator, loss.generator):
            expected = float(player(scores(*REAL), scores(*FAKE)))
            shifted = float(player(scores(*REAL) + shift, scores(*FAKE) + shift))
            assert shifted == pytest.approx(expected, abs=1e-4)


@for_all
@for_both_players
def test_each_player_is_paid_by_the_image(loss, player):
    """A scalar; and a batch twice over costs the same."""
    real, fake = scores(*REAL), scores(*FAKE)
    once = getattr(loss, player)(real, fake)
    twice = getattr(loss, player)(ops.tile(real, (2, 1)), ops.tile(fake, (2, 1)))
    assert once.shape == () and once.dtype == tf.float32
    assert float(twice) == pytest.approx(float(once), rel=1e-6)


@for_all
def test_scores_of_patches_are_scores(loss):
    """(batch, height, width, 1): the mean over all of them."""
    real, fake = scores(*REAL, *FAKE), scores(*FAKE, *REAL)
    patches = [ops.reshape(values, (1, 2, 3, 1)) for values in (real, fake)]
    for player in (loss.discriminator, loss.generator):
        assert float(player(*patches)) == pytest.approx(float(player(real, fake)), rel=1e-6)


@for_all
def test_config_round_trip(loss):
    config = keras.saving.serialize_keras_object(loss)
    assert keras.saving.deserialize_keras_object(config) == loss


@for_all
def test_a_loss_does_not_change(loss):
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.label_smoothing = 0.2


def test_files_of_before_there_was_smoothing_are_read():
    for kind in (NonSaturating, BinaryCrossentropy):
        assert kind.from_config({}) == kind()


@pytest.mark.slow
@for_all
def test_a_gan_trains_with_it_and_is_saved_with_it(loss, images, tmp_path):
    from gan_model import presets

    gan = presets.dense((16, 16), codings_size=3)
    gan.compile(loss, run_eagerly=True)
    history = gan.fit(images[:8], batch_size=8, validation_data=images[:8], verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    gan.save(tmp_path / "gan.keras")
    assert keras.models.load_model(tmp_path / "gan.keras").loss == loss
