"""Figures of a run -> a sentence where something has gone wrong, or nothing.

An alarm has a `name`, `ends` (whether the run is lost with it), and one method:

    judge(gan, figures, before) -> sentence, or None

figures are those of the epoch that has just ended, by name; those of an alarm that ends the
run come after each batch as well, and are then of the epoch so far. before are those of all
epochs before, a dict from names to lists. Nothing else is remembered, so that a run which
was cut is judged like one that never was. To write your own, give an object with these
three to `callbacks.Alarms`.

A sentence says what was seen, what it means, and what to try.
"""

import itertools
import math

import tensorflow as tf

from gan_model.metrics.diversity import collapsed
from gan_model.model.trackers import FIGURES

# The last two are those of generated images: not a number where the weights are not.
_OF_TRAINING = (*FIGURES, "diversity", "class_entropy")
_EPOCHS = 3  # in a row, before it is said: figures of a healthy game swing
_STEPS = 500  # before that a generator has not learned enough to be judged


class _Priced:
    """Remembers what the discriminator's loss can cost, which takes a while to find out."""

    _known = None, (None, None)

    def loss_bounds(self, loss):
        if self._known[0] is not loss:
            self._known = loss, loss_bounds(loss)
        return self._known[1]


class Exploding(_Priced):
    """The losses or gradients became infinite, no numbers, or far larger than any before.

    Far larger: a discriminator that pays 100 times what guessing costs, where the loss has
    such a price, or a gradient 1000 times that of every epoch before. The run is lost.
    """

    name, ends = "exploding", True

    def judge(self, gan, figures, before):
        seen = self._no_numbers(figures) or self._losing(gan.loss, figures)
        seen = seen or self._steep(figures, before)
        return seen and (
            f"{seen}. A step was too long, and no later one brings the run back: try lower "
            "learning rates, or a penalty, penalty=penalties.R1(10)."
        )

    def _no_numbers(self, figures):
        names = not_finite(figures)
        return f"{', '.join(names)} became infinite or not a number" if names else None

    def _losing(self, loss, figures):
        paid, (least, guessing) = figures["discriminator_loss"], self.loss_bounds(loss)
        if guessing is None or paid - least < 100 * (guessing - least):
            return None
        return f"the discriminator pays {paid:.3g}, and by guessing it would pay {guessing:.3g}"

    def _steep(self, figures, before):
        for player in ("generator", "discriminator"):
            now = figures.get(f"{player}_gradient_norm", 0)
            most = max(before.get(f"{player}_gradient_norm") or [0])
            if 0 < 1000 * most < now:
                return f"the {player}'s gradient is {now:.3g}, in no epoch before above {most:.3g}"
        return None


class DiscriminatorWon(_Priced):
    """The discriminator tells all images apart, so that the generator has nothing to learn from.

    Seen in what the discriminator pays: the share of what guessing costs, counted from the
    least that its loss can be. A loss without such an end, as `losses.Wasserstein`, whose
    discriminator is meant to be far ahead, never raises it.

    Args:
        share: of the price of guessing, below which the game is over when it lasts 3 epochs.
    """

    name, ends = "discriminator_won", False

    def __init__(self, share=0.08):
        self.share = share

    def judge(self, gan, figures, before):
        least, guessing = self.loss_bounds(gan.loss)
        paid = [*before.get("discriminator_loss", ()), figures["discriminator_loss"]][-_EPOCHS:]
        if guessing is None or len(paid) < _EPOCHS or int(gan.step.numpy()) < _STEPS:
            return None
        if max(paid) >= least + self.share * (guessing - least):
            return None
        most = max([figures["generator_gradient_norm"], *before.get("generator_gradient_norm", ())])
        return (
            f"for {_EPOCHS} epochs the discriminator has paid no more than {max(paid):.2g}, and "
            f"guessing costs {guessing:.2g}; real images score {figures['real_score']:.1f}, fake "
            f"ones {figures['fake_score']:.1f}; the generator's gradient is "
            f"{figures['generator_gradient_norm']:.2g}, at most {most:.2g} in an epoch. The "
            "discriminator has won, and the generator learns little from it: try a lower "
            "discriminator_learning_rate, discriminator_steps=1, penalty=penalties.R1(10) or "
            "augment=augmenting.DiffAugment()."
        )


class Collapse:
    """The generator makes nearly the same image from all codings.

    Seen in 64 images: how much they vary, as a share of what as many real ones do
    (`diversity`; of a GAN with classes, within a class); the entropy of their classes, where
    `gan.quality` knows classes; and the recall, where that is measured. Searches judge a trial
    by the same marks.
    """

    name, ends = "collapse", False

    def judge(self, gan, figures, before):
        if int(gan.step.numpy()) < _STEPS:
            return None
        recalls = _last(figures, before, "val_recall_")
        marks = [
            collapsed(diversity=diversity, spread=spread, recalls=recalls)
            for diversity, spread in itertools.zip_longest(
                _latest("diversity", figures, before), _latest("class_entropy", figures, before)
            )
        ]
        if len(marks) < _EPOCHS or not all(marks):
            return None
        return (
            f"{marks[-1]}, for {_EPOCHS} epochs. The generator has collapsed: try lower learning "
            "rates, penalty=penalties.R1(10), another loss such as losses.RelativisticAverage(), "
            "or begin anew with another seed."
        )


def standard():
    """The alarms that `callbacks.Alarms` has unless told otherwise."""
    return [Exploding(), DiscriminatorWon(), Collapse()]


def not_finite(figures):
    """Names of the figures of training that are infinite or not a number.

    Figures that a user's own callbacks log say nothing about the run.
    """
    return [name for name in _OF_TRAINING if not math.isfinite(figures.get(name, 0))]


def diverged(figures):
    """Whether no later step can bring back a run whose epoch has these figures."""
    return bool(not_finite(figures) or figures.get(f"alarm_{Exploding.name}"))


def loss_bounds(loss):
    """The least that the discriminator can pay, and what guessing costs: equal scores for all.

    Found by trying scores up to 50. (None, None) where the loss has no least value.
    """
    scores = [-10.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 10.0]
    guessing = min(_paid(loss, score, score) for score in scores)
    inner, outer = (
        min(_paid(loss, real, fake) for real in tried for fake in tried)
        for tried in (scores, [*scores, -50.0, 50.0])
    )
    # Written so that not-a-numbers are no prices either.
    bounded = outer < guessing and inner - outer <= 0.01 * (guessing - outer)
    return (outer, guessing) if bounded else (None, None)


def _paid(loss, real, fake):
    return float(loss.discriminator(tf.fill((1, 1), real), tf.fill((1, 1), fake)))


def _latest(name, figures, before):
    return [*before.get(name, ()), *([figures[name]] if name in figures else ())][-_EPOCHS:]


def _last(figures, before, beginning):
    """The newest value of each figure whose name begins so: not every epoch has them."""
    names = {name for name in (*before, *figures) if name.startswith(beginning)}
    return [_latest(name, figures, before)[-1] for name in sorted(names)]
