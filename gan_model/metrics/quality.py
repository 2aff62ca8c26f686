"""The quality of generated images as a Keras metric, and as what a GAN measures of itself."""

import keras

from gan_model.data.images import lazy_subset, random_subset, subset_like
from gan_model.features.extractor import checksum_of
from gan_model.metrics.choice import measures as suitable
from gan_model.metrics.record import Kind, Metrics
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
        self._references = {}  # of the last two sets of held-out images, by their checksum

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
        return numbers(self._real, self._fake)

    def reset_state(self):
        self._real = self._fake = None

    # What a GAN asks for.

    def refer_to(self, held_out, training=None, *, labels=(None, None)):
        """Describes the held-out images, and as many training images for the floor.

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
        held_out = lazy_subset(held_out, self.count)
        # Often the same images come again: in the next trial of a sweep, or in `evaluate`, which
        # has no training images, perhaps after it was given others in between.
        key = checksum_of([held_out])
        reference = self._references.get(key)
        if reference is None or not self._keeps(reference, training):
            reference = self._renewed(reference, held_out, training)
        last = [one for one in self._references.items() if one[0] != key][-1:]
        self.reference, self._references = reference, {**dict(last), key: reference}
        if training is not None and len(training) >= len(held_out):
            alike = {"labels": of_training, "wanted": wanted}
            reference.take_floor(subset_like(training, len(held_out), **alike))

    def of(self, sampler, labels=None):
        """The numbers of a `Sampler`'s images against the reference: dict from names to numbers.

        Args:
            sampler: `Sampler`.
            labels: of the images to generate, see `Sampler.generate`.
        """
        count = self.reference.count
        return self.reference.compare(sampler.generated(count, labels=labels, seed=self.seed))

    def _keeps(self, reference, training):
        """Whether the measures of a reference suit the training images, if any, as well."""
        return bool(self.measures) or training is None or reference.by_training

    def _renewed(self, reference, held_out, training):
        """A `Reference` of held-out images, which is the present one if its measures suit."""
        if self.measures:
            return Reference(self.measures, held_out)
        before = self.reference
        learned = training is None and before and before.by_training
        if learned and before.shape == held_out.shape[1:]:
            return Reference(before.measures, held_out, by_training=True)
        found = suitable(held_out, training=training)
        if reference and [one.about for one in found] == reference.about["measures"]:
            reference.by_training = True
            return reference
        return Reference(found, held_out, by_training=training is not None)

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
