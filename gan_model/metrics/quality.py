"""The quality of generated images as a Keras metric, and as what a GAN measures of itself."""

from typing import NamedTuple

import keras

from gan_model.data.images import lazy_subset, random_subset, subset_like
from gan_model.features.extractor import checksum_of
from gan_model.metrics.choice import measures as suitable
from gan_model.metrics.record import Kind, Measure, Metrics
from gan_model.metrics.reference import LEAST, Descriptions, Reference, classifier_of


class _Known(NamedTuple):
    """What a `Quality` remembers of a set of held-out images.

    Args:
        reference: their `Reference`.
        by_training: whether its measures were chosen with training images at hand.
        floor_of: checksum of the training images of its floor, or None.
    """

    reference: Reference
    by_training: bool
    floor_of: str | None = None


class Quality(keras.metrics.Metric):
    """How far generated images are from held-out ones, and how many kinds of them there are.

    Set it and every evaluation measures it, so that `fit` logs `val_fid_fashion` and the rest:

    ```python
    gan.quality = metrics.Quality()
    gan.fit(train_images, validation_data=test_images, callbacks=callbacks.watch("run"))
    ```

    The generator is measured in inference mode, from the codings of `seed`, against the held-out
    images. The measured images are those of `gan.generate(count, seed=seed)`, so an interrupted
    run logs the same numbers. If the GAN has classes, they have the labels of the held-out images,
    so that each class has the same share of both. The held-out images are described only once.

    As a Keras metric with measures it compares any uint8 images: `update_state(real, fake)` in
    batches of any size, `result()`, `reset_state()`. The numbers depend on the count of images,
    so real and fake ones must be as many.

    A saved GAN does not contain it: set it again on a loaded one.

    Args:
        *measures: what to measure, the number to rank by first, e.g.
            `metrics.FeatureMetrics(features.fashion())`. Without any, what suits the held-out
            and training images, see `metrics.measures`. `fit` then learns features where no
            others fit, which takes minutes the first time.
        count: images compared, at most; all held-out images if they are fewer. They are drawn at
            random from a longer array, and are the first of a longer `tf.data.Dataset`. Distances
            are higher for fewer images (docs/quality.md): compare equal counts only.
        seed: of the codings.

    Attributes:
        reference: `Reference` of the held-out images; None before the first evaluation.
        floor: the numbers of as many training images, dict from names to numbers; no generator
            can be expected to beat them. If the GAN has classes, they have the labels of the
            held-out images, unless a class has too few. None if `fit` has no array of training
            images, or too few. `quality.refer_to(held_out, training)` with two arrays sets it.

    Raises:
        ValueError: an object that does not measure, or a `count` below 20.
    """

    def __init__(self, *measures, count=10_000, seed=0, name="quality"):
        super().__init__(name=name)
        _check(measures, count)
        self.measures, self.count, self.seed = measures, count, seed
        self.reference = None
        self._real = self._fake = None
        self._known = {}  # `_Known` by the checksum of the held-out images, of the last two sets

    def __deepcopy__(self, memo):  # a tuner copies what callbacks hold
        return self.measuring(self.measures)

    def measuring(self, measures):
        """A new `Quality` with the same settings and other measures, before any evaluation."""
        return type(self)(*measures, count=self.count, seed=self.seed, name=self.name)

    @property
    def floor(self):
        return self.reference and self.reference.floor

    @property
    def metrics(self):
        """`Metrics`, a dict from names to what the numbers are.

        Empty before the first evaluation if no measures were given.
        """
        return Metrics(self._measures())

    @property
    def names(self):
        """Names of the numbers; none before the first evaluation if no measures were given."""
        return tuple(self.metrics)

    @property
    def distance(self):
        """Name of the number to rank by, lower is better; None while `names` are unknown."""
        return self.metrics.distance

    @property
    def recall(self):
        """Name of the recall; None if it is not measured."""
        return self.metrics.first(Kind.RECALL)

    @property
    def further_names(self):
        """Names of the first number of each measure but that of the distance: tuple of str."""
        names = [[metric.name for metric in measure.metrics] for measure in self._measures()]
        return tuple(first for first, *others in names if self.distance not in (first, *others))

    @property
    def classes(self):
        """Function from uint8 images to their classes; None if no measure has a classifier."""
        classifier = classifier_of(self._measures())
        return classifier and classifier.classes

    # The Keras metric.

    def update_state(self, real_images, fake_images):
        if self._real is None:
            if not self.measures:
                raise ValueError(
                    "A `Quality` used as a Keras metric needs measures. Say what to measure: "
                    "metrics.Quality(*metrics.measures(images))."
                )
            self._real, self._fake = Descriptions(self.measures), Descriptions(self.measures)
        self._real.add(real_images)
        self._fake.add(fake_images)

    def result(self):
        """Dict from names to numbers; empty before the first images."""
        if self._real is None:
            return {}
        return self._real.statistics().compare(self._fake.statistics())

    def reset_state(self):
        self._real = self._fake = None

    # What a GAN asks for.

    def refer_to(self, held_out, training=None, *, labels=(None, None)):
        """Sets and returns the `Reference` of held-out images, which is computed once.

        Args:
            held_out: uint8 images; `count` of them are drawn if there are more.
            training: uint8 images. None, or fewer than the held-out images, leaves the floor as it
                is. If no measures were given, features may be learned from all of these images; a
                later call without training images keeps them.
            labels: of both, for a GAN with classes: its images have the labels of the held-out
                images, and so have the training images of the floor.
        """
        wanted, of_training = labels
        wanted = None if wanted is None else random_subset(wanted, self.count)
        held_out, spare = lazy_subset(held_out, self.count), None
        if training is not None and len(training) >= len(held_out):
            spare = subset_like(training, len(held_out), labels=of_training, wanted=wanted)
        # Often the same images come again: in the next trial of a sweep, or in `evaluate`, which
        # has no training images, perhaps after it was given others in between.
        key = checksum_of([held_out])
        known = self._known.get(key)
        if known is None or not (self.measures or training is None or known.by_training):
            known = self._describe(held_out, training, known)
        floor_of = known.floor_of if spare is None else checksum_of([spare])
        if floor_of != known.floor_of:
            known = known._replace(reference=known.reference.with_floor(spare), floor_of=floor_of)
        last = [(other, one) for other, one in self._known.items() if other != key][-1:]
        self._known = {**dict(last), key: known}
        self.reference = known.reference
        return self.reference

    def of(self, sampler, labels=None):
        """The numbers of a `Sampler`'s images against the reference: dict from names to numbers.

        Args:
            sampler: `Sampler`.
            labels: of the images to generate, see `Sampler.generate`.
        """
        count = self.reference.count
        return self.reference.compare(sampler.generated(count, labels=labels, seed=self.seed))

    def _describe(self, held_out, training, known):
        """The `_Known` of held-out images, of which something may be `known` already."""
        if self.measures:
            return _Known(Reference(self.measures, held_out), by_training=False)
        if training is None:
            for other in reversed(self._known.values()):  # features that were learned before
                if other.by_training and other.reference.shape == held_out.shape[1:]:
                    return _Known(Reference(other.reference.measures, held_out), by_training=True)
        chosen = suitable(held_out, training=training)
        if known and [measure.about for measure in chosen] == known.reference.about["measures"]:
            return known._replace(by_training=True)
        return _Known(Reference(chosen, held_out), by_training=training is not None)

    def _measures(self):
        return self.measures or (self.reference.measures if self.reference else ())


def _check(measures, count):
    for measure in measures:
        if isinstance(measure, type) or not isinstance(measure, Measure):
            raise ValueError(
                f"`Quality` takes measures. Received: {measure!r}. For features type "
                "metrics.Quality(metrics.FeatureMetrics(features.fashion())), for a choice by the "
                "images metrics.Quality()."
            )
    if measures and Metrics(measures).distance is None:
        raise ValueError(
            "Of none of these measures is less better, so nothing tells which epoch is the best. "
            "Add one, such as metrics.FeatureMetrics(features.pixels())."
        )
    if count < LEAST:
        raise ValueError(f"`count` is {LEAST} images or more. Received: count={count}.")
