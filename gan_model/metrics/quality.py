"""The quality of generated images as a Keras metric, and as what a GAN measures of itself."""

import keras

from gan_model.data.images import chosen
from gan_model.features.extractor import checksum_of
from gan_model.metrics.choice import measures as suitable
from gan_model.metrics.record import Kind, Metrics, Reading
from gan_model.metrics.reference import LEAST, Descriptions, Reference, classifier_of, numbers


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
            can be expected to beat them. None if `fit` has no array of training images, or too
            few. `quality.refer_to(held_out, training)` with two arrays sets it.

    Raises:
        ValueError: an object that does not measure, or a `count` below 20.
    """

    def __init__(self, *measures, count=10_000, seed=0, name="quality"):
        super().__init__(name=name)
        _check(measures, count)
        self.measures, self.count, self.seed = measures, count, seed
        self.reference = self.floor = None
        self._real = self._fake = None
        self._looked_at = None, None
        self._by_training = False  # whether the measures were chosen with training images at hand

    def __deepcopy__(self, memo):  # a tuner copies what callbacks hold
        return self.measuring(self.measures)

    def measuring(self, measures):
        """A new `Quality` with the same settings and other measures, before any evaluation."""
        return type(self)(*measures, count=self.count, seed=self.seed, name=self.name)

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

    def reading(self, name, value):
        """`Reading` of a number: its metric, the value, and the floor if it is known.

        Args:
            name: one of `names`, without "val_".
            value: what was measured.
        """
        return Reading(self.metrics[name], value, (self.floor or {}).get(name))

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
        return numbers(self._real, self._fake)

    def reset_state(self):
        self._real = self._fake = None

    # What a GAN asks for.

    def refer_to(self, held_out, training=None):
        """Describes the held-out images, and as many training images for the floor.

        Args:
            held_out: uint8 images; `count` of them are drawn if there are more.
            training: uint8 images; None, or too few, leaves the floor as it is. Without any
                measures given, features may be learned from all of them, and are then kept where
                no training images are given.
        """
        held_out, all_training = chosen(held_out, self.count), training
        spare = training is not None and len(training) >= len(held_out)
        training = chosen(training, len(held_out)) if spare else None
        known, seen = checksum_of([held_out]), None if training is None else checksum_of([training])
        # Often the same images come again: in the next trial of a sweep, or in `evaluate`, which
        # has no training images. Then the floor stays.
        is_known = known == self._looked_at[0]
        measures, by_training = self._chosen_for(held_out, all_training, is_known=is_known)
        if measures:
            self.reference = Reference(measures, held_out)
            self.floor, self._looked_at = None, (known, None)
        self._by_training = by_training  # not before: the reference may be refused
        if training is not None and seen != self._looked_at[1]:
            self.floor, self._looked_at = self.reference.compare(training), (known, seen)

    def of(self, sampler, labels=None):
        """The numbers of a `Sampler`'s images against the reference: dict from names to numbers.

        Args:
            sampler: `Sampler`.
            labels: of the images to generate, see `Sampler.generate`.
        """
        count = self.reference.count
        return self.reference.compare(sampler.generate(count, labels=labels, seed=self.seed))

    def _chosen_for(self, held_out, training, *, is_known):
        """The measures of a new reference, () where the present one is kept; and how chosen.

        The second value is whether they were chosen with training images at hand.
        """
        if self.measures:
            return () if is_known else self.measures, False
        if is_known and (training is None or self._by_training):
            return (), self._by_training
        if training is None and self._by_training and self.reference.shape == held_out.shape[1:]:
            return self.reference.measures, True
        found = suitable(held_out, training=training)
        kept = self.reference.measures if is_known else ()
        is_same = [one.about for one in found] == [one.about for one in kept]
        return () if is_same else found, training is not None

    def _measures(self):
        return self.measures or (self.reference.measures if self.reference else ())


def _check(measures, count):
    for measure in measures:
        if not hasattr(measure, "describe"):
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
