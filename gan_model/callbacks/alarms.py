"""What may go wrong in a run: the alarms, and the callback that reports them.

An alarm is an object with a `name`, `ends` (whether it stops the run), and one method:

    judge(gan, figures, before) -> sentence, or None

`figures` is a dict from names to the figures of the epoch that has just ended. An alarm with
`ends` is also asked after each batch, with the means of the epoch so far. `before` is a dict from
names to lists with the figures of all epochs before. An alarm remembers nothing else, so it judges
a resumed run like one that was never interrupted.

A sentence says what was seen, what it means, and what to try.
"""

import itertools
import math
import sys
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import keras
import tensorflow as tf

from gan_model.callbacks import board
from gan_model.metrics.diversity import class_entropy, collapsed, diversity
from gan_model.metrics.record import Kind
from gan_model.model.run_callback import diverged_figures
from gan_model.penalties import weight_for
from gan_model.storage.paths import expanded

_EPOCHS = 3  # in a row before an alarm is raised, as figures of a healthy game oscillate
_STALLED = 5  # epochs in which the distance has not become less, beside a sure discriminator
_STEPS = 500  # before that a generator has not learned enough to be judged


@dataclass(frozen=True)
class Advice:
    """What to type, in the words of where an alarm is read.

    Args:
        penalty: a penalty, with {} for its weight.
        rate: the learning rate of the discriminator.
        steps: as many steps of the discriminator as of the generator.
        augment: an augmentation.
        loss: another loss.
    """

    penalty: str = "penalty=penalties.R1({})"
    rate: str = "discriminator_learning_rate"
    steps: str = "discriminator_steps=1"
    augment: str = "augment=augmenting.DiffAugment()"
    loss: str = "losses.RelativisticAverage()"


IN_PYTHON = Advice()
ON_COMMAND_LINE = Advice(
    penalty="--penalty r1:{}",
    rate="--discriminator-learning-rate",
    steps="--discriminator-steps 1",
    augment="--augment diff_augment",
    loss="--loss relativistic_average",
)


@runtime_checkable
class Alarm(Protocol):
    """What `callbacks.Alarms` watches for; see the docstring of this module."""

    name: str
    ends: bool

    def judge(self, gan, figures, before):
        """A sentence if something has gone wrong, else None."""


class Alarms(keras.callbacks.Callback):
    """Watches figures that cost almost nothing, and reports when a run goes wrong.

    At the end of each epoch it adds to the logs `diversity` and `class_entropy` (of 64 generated
    images, see `callbacks.alarms.Collapse`) and one field for each alarm, 1 while it is raised
    and 0 otherwise: `alarm_exploding`, `alarm_discriminator_won`, `alarm_collapse`. Give it
    before the callbacks that show and save them. When an alarm begins, its sentence is printed
    to stderr and written to TensorBoard, in the tab Text and as a point in the chart of the
    alarm. An alarm with `ends` stops the run at once; `Recover` brings back what
    `Exploding` has ended.

    The diversity is known if training or held-out images came as an array.

    Args:
        alarms: objects with `name`, `ends` and `judge(gan, figures, before)`, see
            `callbacks.alarms`. None: `Exploding`, `DiscriminatorWon` and `Collapse`.
        log_dir: folder that TensorBoard reads; the sentences go to its run `alarms`. None:
            to stderr only.

    Raises:
        ValueError: an object that is not an alarm.

    Example, with an alarm of your own:

    ```python
    class Slow:
        name, ends = "slow", False

        def judge(self, gan, figures, before):
            if figures["generator_gradient_norm"] < 0.01:
                return "the generator hardly moves: try a higher generator_learning_rate."

    watching = callbacks.Alarms([*alarms.standard(), Slow()])
    ```
    """

    def __init__(self, alarms=None, *, log_dir=None):
        super().__init__()
        self.alarms = standard() if alarms is None else list(alarms)
        for alarm in self.alarms:
            if isinstance(alarm, type) or not isinstance(alarm, Alarm):
                raise ValueError(
                    "An alarm is an object with `name`, `ends` and `judge(gan, figures, before)`. "
                    f"Received: {alarm!r}. Type callbacks.Alarms([alarms.Exploding()])."
                )
        self.log_dir = expanded(log_dir) if log_dir else None

    def on_train_begin(self, logs=None):  # not in __init__: a tuner deep-copies callbacks
        self._ending, self._writer = {}, None

    def on_train_batch_end(self, batch, logs=None):
        for alarm in self.alarms:
            if alarm.ends and (sentence := self._judged(alarm, logs)):
                self._ending[alarm.name] = sentence
                self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        logs |= self._measured()
        for alarm in self.alarms:
            sentence = self._ending.pop(alarm.name, None) or self._judged(alarm, logs)
            figure = figure_of(alarm)
            logs[figure] = float(bool(sentence))
            raised_before = (self.model.history.history.get(figure) or [0])[-1]
            if sentence and (alarm.ends or not raised_before):
                self._tell(alarm.name, sentence)
            if sentence and alarm.ends:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self._writer:
            self._writer.close()

    def _judged(self, alarm, logs):
        # The history does not have this epoch yet: Keras adds it after all other callbacks.
        return alarm.judge(self.model, logs, self.model.history.history)

    def _measured(self):
        """Diversity and entropy of 64 generated images; NaN if the generator has diverged."""
        real = self.model.monitor.real_sample
        classes = self.model.quality.classes if self.model.quality else None
        if real is None:
            return {}
        if not self.model.sampler().is_finite:
            return {"diversity": math.nan} | ({"class_entropy": math.nan} if classes else {})
        images = self.model.generate(len(real.images), labels=real.labels)
        figures = {"diversity": diversity(images, real.images, real.labels)}
        spread = class_entropy(classes, images, real.images) if classes else None
        return figures if spread is None else figures | {"class_entropy": spread}

    def _tell(self, name, sentence):
        print(f"\nAlarm: {sentence}", file=sys.stderr)
        if self.log_dir:
            step = int(self.model.step.numpy())
            self._writer = self._writer or board.Writer(self.log_dir / "alarms", step - 1)
            with self._writer.drawing(step):
                # Not the tag of the chart: TensorBoard reads both as text then, and fails.
                tf.summary.text(f"{board.alarm_tag(name)}_message", sentence)
                # This point stays if `Recover` repeats the epoch and `Scalars` discards its own.
                board.scalars({board.alarm_tag(name): 1})


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

    def __init__(self, advice=IN_PYTHON):
        self.advice = advice

    def judge(self, gan, figures, before):
        seen = (
            self._not_finite(figures)
            or self._high_loss(gan.loss, figures)
            or self._steep(gan.networks, figures, before)
        )
        return seen and (
            f"{seen}. A step was too long, and no later one brings the run back: try lower "
            f"learning rates, or a heavier penalty, {heavier_penalty(gan, self.advice)}."
        )

    def _not_finite(self, figures):
        names = diverged_figures(figures)
        return f"{', '.join(names)} became infinite or not a number" if names else None

    def _high_loss(self, loss, figures):
        now, (least, guessing) = figures["discriminator_loss"], _BOUNDS.of(loss)
        if guessing is None or now - least < 100 * (guessing - least):
            return None
        return f"the discriminator loss is {now:.3g}, that of guessing {guessing:.3g}"

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

    def __init__(self, fraction=0.08, stalled_fraction=0.3, advice=IN_PYTHON):
        self.fraction, self.stalled_fraction = fraction, stalled_fraction
        self.advice = advice

    def judge(self, gan, figures, before):
        least, guessing = _BOUNDS.of(gan.loss)
        if guessing is None or int(gan.step.numpy()) < _STEPS:
            return None
        losses = _until_now("discriminator_loss", figures, before)

        def low(epochs, fraction):
            below = least + fraction * (guessing - least)
            return len(losses) >= epochs and max(losses[-epochs:]) < below

        if low(_EPOCHS, self.fraction):
            epochs, stalled = _EPOCHS, ""
        elif low(_STALLED, self.stalled_fraction) and _stands_still(gan, figures, before):
            epochs, stalled = _STALLED, " and the held-out distance has not become less"
        else:
            return None
        scores = ""  # the loss of a subclass may log none
        if "real_score" in figures and "fake_score" in figures:
            real, fake = figures["real_score"], figures["fake_score"]
            scores = f"real images score {real:.1f}, fake ones {fake:.1f}; "
        norm = "generator_gradient_norm"
        highest = max(_until_now(norm, figures, before))
        return (
            f"for {epochs} epochs the discriminator loss has been no more than "
            f"{max(losses[-epochs:]):.2g}{stalled}; that of guessing is {guessing:.2g}; {scores}"
            f"the generator's gradient is {figures[norm]:.2g}, at most {highest:.2g} in an epoch. "
            "The discriminator has won, and the generator learns little from it: try a heavier "
            f"penalty, {heavier_penalty(gan, self.advice)}, a lower {self.advice.rate}, "
            f"{self.advice.steps} or {self.advice.augment}."
        )


class Collapse:
    """The generator makes nearly the same image from all codings.

    It is raised by the `diversity` of 64 images: their variance as a fraction of that of as many
    real ones, within a class if the GAN has classes; but not if `gan.quality` measures a recall
    above 0.005. If the quality has a classifier, the alarm is also raised by a low entropy of
    their classes. Searches judge a trial by the same criteria.
    """

    name, ends = "collapse", False

    def __init__(self, advice=IN_PYTHON):
        self.advice = advice

    def judge(self, gan, figures, before):
        if int(gan.step.numpy()) < _STEPS:
            return None
        quality = gan.quality
        names = [f"val_{name}" for name in quality.metrics.of_kind(Kind.RECALL)] if quality else []
        # Not every epoch is validated.
        recalls = [value for name in names for value in _until_now(name, figures, before)[-1:]]
        varied, spread = (
            _until_now(name, figures, before)[-_EPOCHS:] for name in ("diversity", "class_entropy")
        )
        reasons = [
            collapsed(diversity=one, spread=entropy, recalls=recalls)
            for one, entropy in itertools.zip_longest(varied, spread)
        ]
        if len(reasons) < _EPOCHS or not all(reasons):
            return None
        return (
            f"{reasons[-1]}, for {_EPOCHS} epochs. The generator has collapsed: try lower learning "
            f"rates, {heavier_penalty(gan, self.advice)}, another loss such as {self.advice.loss}, "
            "or start again with another seed."
        )


def standard(advice=IN_PYTHON):
    """The alarms that `callbacks.Alarms` watches for by default.

    Args:
        advice: `Advice`, what the alarms say to type.
    """
    return [Exploding(advice), DiscriminatorWon(advice=advice), Collapse(advice)]


def figure_of(alarm):
    """Name of the figure in the logs that is 1 while an alarm is raised, and 0 otherwise."""
    return f"alarm_{alarm.name}"


def diverged(figures):
    """Whether the figures of an epoch show that its run has diverged: no later step helps."""
    return bool(diverged_figures(figures) or figures.get(figure_of(Exploding)))


def heavier_penalty(gan, advice=IN_PYTHON):
    """What to type for a heavier penalty: ten times the weight that the GAN has.

    Of a sum of penalties the largest weight counts, of a schedule that of the step. Without a
    penalty, or with one that has no weight, it is the weight that suits the images.
    """
    weights = [
        float(one(int(gan.step.numpy())) if callable(one) else one) for one in _weights(gan.penalty)
    ]
    heavier = max(10 * max(weights), weight_for(gan.image_shape))
    return advice.penalty.format(f"{heavier:{'.0f' if heavier >= 10 else '.2g'}}")


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
    losses = {(real, fake): _loss_of(loss, real, fake) for real, fake in pairs}
    guessing = min(losses[score, score] for score in scores)
    inner = min(losses[pair] for pair in itertools.product(scores, repeat=2))
    outer = min(losses.values())
    # False for NaN too.
    bounded = outer < guessing and inner - outer <= 0.01 * (guessing - outer)
    return (outer, guessing) if bounded else (None, None)


def _loss_of(loss, real, fake):
    values = loss.discriminator(tf.fill((1, 1), real), tf.fill((1, 1), fake))
    return float(tf.reduce_mean(values))  # it may be one value for each image


def _stands_still(gan, figures, before):
    """Whether the held-out distance is measured, and of late never below all before."""
    distance = gan.quality and gan.quality.distance
    read = _until_now(f"val_{distance}", figures, before)
    return len(read) > _STALLED and min(read[-_STALLED:]) >= min(read[:-_STALLED])


def _until_now(name, figures, before):
    """A figure of all epochs in which it was logged, a list."""
    return [*before.get(name, ()), *([figures[name]] if name in figures else ())]
