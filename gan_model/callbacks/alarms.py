"""Figures of a run -> a sentence if something has gone wrong, else None.

An alarm has a `name`, `ends` (whether it stops the run), and one method:

    judge(gan, figures, before) -> sentence, or None

`figures` is a dict from names to the figures of the epoch that has just ended. An alarm with
`ends` is also asked after each batch, with the means of the epoch so far. `before` is a dict from
names to lists with the figures of all epochs before. An alarm remembers nothing else, so it judges
a resumed run like one that was never interrupted. To write your own, give `callbacks.Alarms` an
object with these three attributes.

A sentence says what was seen, what it means, and what to try.
"""

import itertools

import tensorflow as tf

from gan_model.metrics.diversity import collapsed
from gan_model.metrics.record import Kind
from gan_model.model.trackers import FIGURES, not_finite
from gan_model.penalties import weight_for

# The last two are of generated images, and NaN if the weights are.
_OF_TRAINING = (*FIGURES, "diversity", "class_entropy")
_EPOCHS = 3  # in a row before an alarm is raised, as figures of a healthy game oscillate
_STALLED = 5  # epochs in which the distance has not become less, beside a sure discriminator
_STEPS = 500  # before that a generator has not learned enough to be judged


class _LossBounds:
    """The `loss_bounds` of the last loss asked for; computing them takes a while."""

    def __init__(self):
        self._known = None, (None, None)

    def of(self, loss):
        if self._known[0] is not loss:
            self._known = loss, loss_bounds(loss)
        return self._known[1]


_BOUNDS = _LossBounds()  # of all alarms, which mostly watch over one loss


class Exploding:
    """The losses or gradients became infinite, NaN, or far larger than in all epochs before.

    Far larger means a discriminator loss of 100 times the loss of guessing, if the loss is
    bounded, or a gradient norm of 1000 times the largest before. The run has diverged.
    """

    name, ends = "exploding", True

    def judge(self, gan, figures, before):
        seen = self._not_finite(figures) or self._high_loss(gan.loss, figures)
        seen = seen or self._steep(gan.networks, figures, before)
        return seen and (
            f"{seen}. A step was too long, and no later one brings the run back: try lower "
            f"learning rates, or a heavier penalty, {heavier_penalty(gan)}."
        )

    def _not_finite(self, figures):
        names = not_finite(figures, _OF_TRAINING)
        return f"{', '.join(names)} became infinite or not a number" if names else None

    def _high_loss(self, loss, figures):
        paid, (least, guessing) = figures["discriminator_loss"], _BOUNDS.of(loss)
        if guessing is None or paid - least < 100 * (guessing - least):
            return None
        return f"the discriminator pays {paid:.3g}, and by guessing it would pay {guessing:.3g}"

    def _steep(self, networks, figures, before):
        for name in networks:
            now = figures.get(f"{name}_gradient_norm", 0)
            highest = max(before.get(f"{name}_gradient_norm") or [0])
            if 0 < 1000 * highest < now:
                return f"the {name}'s gradient is {now:.3g}, in no epoch before above {highest:.3g}"
        return None


class DiscriminatorWon:
    """The discriminator tells all images apart, so the generator has nothing to learn from.

    Compares the discriminator loss with the loss of guessing, both counted from the loss's lowest
    value. The alarm is raised if the loss is next to nothing (`fraction`), or low
    (`stalled_fraction`) while generated images have stopped getting better. Losses without a lowest
    value never raise it, such as `losses.Wasserstein`, whose discriminator is meant to be far
    ahead.

    Args:
        fraction: of the loss of guessing, between 0 and 1. The discriminator has won if its loss
            is below that for 3 epochs.
        stalled_fraction: of the loss of guessing, as well. The discriminator has won if its loss is
            below that for 5 epochs, and none of the last 5 held-out distances is below all before.
    """

    name, ends = "discriminator_won", False

    def __init__(self, fraction=0.08, stalled_fraction=0.3):
        self.fraction, self.stalled_fraction = fraction, stalled_fraction

    def judge(self, gan, figures, before):
        least, guessing = _BOUNDS.of(gan.loss)
        if guessing is None or int(gan.step.numpy()) < _STEPS:
            return None
        paid = _until_now("discriminator_loss", figures, before)

        def low(epochs, fraction):
            below = least + fraction * (guessing - least)
            return len(paid) >= epochs and max(paid[-epochs:]) < below

        if low(_EPOCHS, self.fraction):
            epochs, stalled = _EPOCHS, ""
        elif low(_STALLED, self.stalled_fraction) and _stands_still(gan, figures, before):
            epochs, stalled = _STALLED, " and the held-out distance has not become less"
        else:
            return None
        norm = "generator_gradient_norm"
        highest = max(_until_now(norm, figures, before))
        return (
            f"for {epochs} epochs the discriminator has paid no more than "
            f"{max(paid[-epochs:]):.2g}{stalled}; guessing costs {guessing:.2g}; "
            f"{_scores(figures)}the generator's gradient is {figures[norm]:.2g}, at most "
            f"{highest:.2g} in an epoch. The "
            "discriminator has won, and the generator learns little from it: try a heavier "
            f"penalty, {heavier_penalty(gan)}, a lower discriminator_learning_rate, "
            "discriminator_steps=1 or augment=augmenting.DiffAugment()."
        )


class Collapse:
    """The generator makes nearly the same image from all codings.

    It is raised by the `diversity` of 64 images: their variance as a fraction of that of as many
    real ones, within a class if the GAN has classes; but not if `gan.quality` measures a recall
    above 0.005. If the quality has a classifier, the alarm is also raised by a low entropy of
    their classes. Searches judge a trial by the same criteria.
    """

    name, ends = "collapse", False

    def judge(self, gan, figures, before):
        if int(gan.step.numpy()) < _STEPS:
            return None
        quality = gan.quality
        names = [f"val_{name}" for name in quality.metrics.of_kind(Kind.RECALL)] if quality else []
        # Not every epoch is validated.
        recalls = [value for name in names for value in _latest(name, figures, before)[-1:]]
        reasons = [
            collapsed(diversity=diversity, spread=spread, recalls=recalls)
            for diversity, spread in itertools.zip_longest(
                _latest("diversity", figures, before), _latest("class_entropy", figures, before)
            )
        ]
        if len(reasons) < _EPOCHS or not all(reasons):
            return None
        return (
            f"{reasons[-1]}, for {_EPOCHS} epochs. The generator has collapsed: try lower learning "
            f"rates, {heavier_penalty(gan)}, another loss such as losses.RelativisticAverage(), "
            "or start again with another seed."
        )


def standard():
    """The alarms that `callbacks.Alarms` watches for by default."""
    return [Exploding(), DiscriminatorWon(), Collapse()]


def figure_of(alarm):
    """Name of the figure in the logs that is 1 while an alarm is raised, and 0 otherwise."""
    return f"alarm_{alarm.name}"


def diverged(figures):
    """Whether the figures of an epoch show that its run has diverged: no later step helps."""
    return bool(not_finite(figures, _OF_TRAINING) or figures.get(figure_of(Exploding)))


def _scores(figures):
    """The mean scores; "" where a loss of a subclass does not log them."""
    if "real_score" not in figures or "fake_score" not in figures:
        return ""
    return f"real images score {figures['real_score']:.1f}, fake ones {figures['fake_score']:.1f}; "


def heavier_penalty(gan):
    """What to type for a heavier penalty: ten times the weight that the GAN has.

    Of a sum of penalties the largest weight counts, of a schedule that of the step. Without a
    penalty, or with one that has no weight, it is the weight that suits the images.
    """
    weights = [
        float(one(int(gan.step.numpy())) if callable(one) else one) for one in _weights(gan.penalty)
    ]
    heavier = max(10 * max(weights), weight_for(gan.image_shape))
    return f"penalty=penalties.R1({heavier:{'.0f' if heavier >= 10 else '.2g'}})"


def _weights(penalty):
    """The weights of a penalty, or of the penalties in a sum; 0 where there is none."""
    parts = getattr(penalty, "parts", None)
    if parts is None:
        return [getattr(penalty, "weight", 0)]
    return [weight for part in parts for weight in _weights(part)]


def loss_bounds(loss):
    """The lowest discriminator loss, and the loss of guessing (the same score for all images).

    They are found by trying scores up to 50. (None, None) if the loss has no lowest value.

    Args:
        loss: one of `gan_model.losses`.
    """
    scores = [-10.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 10.0]
    pairs = itertools.product([*scores, -50.0, 50.0], repeat=2)
    paid = {(real, fake): _paid(loss, real, fake) for real, fake in pairs}
    guessing = min(paid[score, score] for score in scores)
    inner = min(paid[pair] for pair in itertools.product(scores, repeat=2))
    outer = min(paid.values())
    # False for NaN too.
    bounded = outer < guessing and inner - outer <= 0.01 * (guessing - outer)
    return (outer, guessing) if bounded else (None, None)


def _paid(loss, real, fake):
    paid = loss.discriminator(tf.fill((1, 1), real), tf.fill((1, 1), fake))
    return float(tf.reduce_mean(paid))  # it may be one value for each image


def _stands_still(gan, figures, before):
    """Whether the held-out distance is measured, and of late never below all before."""
    distance = gan.quality and gan.quality.distance
    read = _until_now(f"val_{distance}", figures, before)
    return len(read) > _STALLED and min(read[-_STALLED:]) >= min(read[:-_STALLED])


def _until_now(name, figures, before):
    """A figure of all epochs in which it was logged, a list."""
    return [*before.get(name, ()), *([figures[name]] if name in figures else ())]


def _latest(name, figures, before):
    return _until_now(name, figures, before)[-_EPOCHS:]
