"""The quality of generated images as a Keras metric, and as what a GAN measures of itself."""

import keras

from gan_model.data.images import chosen
from gan_model.features.extractor import checksum_of
from gan_model.metrics.choice import measures as suitable
from gan_model.metrics.reference import LEAST, Descriptions, Reference, numbers


class Quality(keras.metrics.Metric):
    """How far generated images are from held-out ones, and how many kinds of them there are.

    Set it and every evaluation measures it, so that `fit` logs `val_fid_fashion` and the rest:

    ```python
    gan.quality = metrics.Quality()
    gan.fit(train_images, validation_data=test_images, callbacks=callbacks.watch("run"))
    ```

    The generator is measured as it will be used (inference mode), from codings fixed by `seed`
    and counted from 0, against the held-out images: the same numbers however a run was cut,
    and those of `gan.generate(count, seed=seed)`. The held-out images are looked at once.

    As a Keras metric with measures it takes uint8 images of any origin: `update_state(real,
    fake)`, in batches of any size, `result()`, `reset_state()`. A number depends on how many
    images are compared, so as many real ones as fake ones are asked for.

    It is no part of a saved GAN: set it again on one that was loaded.

    Args:
        *measures: what to measure, the number to rank by first, e.g.
            `metrics.FeatureMetrics(features.fashion())`. None given: what suits the held-out
            images, see `metrics.measures`.
        count: images compared, at most; all held-out images if they are fewer. Of a longer
            array as many are drawn, of a `tf.data.Dataset` the first are taken. Fewer images
            read farther from the data (docs/quality.md): compare equal counts only.
        seed: of the codings.

    Attributes:
        reference: `Reference` of the held-out images; None before the first evaluation.
        floor: the numbers of as many training images, which no generator can be expected to
            beat; None where `fit` has no array of them, or too few. For a training set of
            yours, `quality.refer_to(held_out, training)` with two arrays sets it.

    Raises:
        ValueError: something that does not measure, or fewer than 20 images to compare.
    """

    def __init__(self, *measures, count=10_000, seed=0, name="quality"):
        super().__init__(name=name)
        _check(measures, count)
        self.measures, self.count, self.seed = measures, count, seed
        self.reference = self.floor = None
        self._real = self._fake = None
        self._looked_at = None, None

    def __deepcopy__(self, memo):  # a tuner copies what callbacks hold
        return type(self)(*self.measures, count=self.count, seed=self.seed, name=self.name)

    @property
    def names(self):
        """Names of the numbers; none before the first evaluation if no measures were given."""
        return tuple(name for measure in self._measures() for name in measure.names)

    @property
    def distance(self):
        """Name of the number to rank by, less is better; None where `names` are unknown."""
        return next(iter(self.names), None)

    @property
    def classes(self):
        """The function that tells the classes of images, where a measure has one; else None."""
        features = (getattr(one, "features", None) for one in self._measures())
        return next((one.classes for one in features if hasattr(one, "classes")), None)

    # The Keras metric.

    def update_state(self, real_images, fake_images):
        if self._real is None:
            if not self.measures:
                raise ValueError(
                    "A first batch does not tell what suits all images. Say what to measure: "
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
        """Looks at the held-out images, and at as many training images for the floor.

        Args:
            held_out: uint8 images; `count` of them are drawn where there are more.
            training: the same, None or too few for a floor.
        """
        held_out = chosen(held_out, self.count)
        spare = training is not None and len(training) >= len(held_out)
        training = chosen(training, len(held_out)) if spare else None
        known, seen = checksum_of([held_out]), None if training is None else checksum_of([training])
        # The same again, for the next trial of a sweep; or without training images, as `evaluate`
        # comes: then the floor stays.
        if known != self._looked_at[0]:
            self.reference = Reference(self.measures or suitable(held_out), held_out)
            self.floor, self._looked_at = None, (known, None)
        if training is not None and seen != self._looked_at[1]:
            self.floor, self._looked_at = self.reference.compare(training), (known, seen)

    def of(self, sampler):
        """The numbers of a `Sampler`'s images against the reference: dict from names to numbers."""
        return self.reference.compare(sampler.generate(self.reference.count, seed=self.seed))

    def _measures(self):
        return self.measures or (self.reference.measures if self.reference else ())


def _check(measures, count):
    for measure in measures:
        if not hasattr(measure, "describe"):
            raise ValueError(
                f"`Quality` is given measures. Received: {measure!r}. For features type "
                "metrics.Quality(metrics.FeatureMetrics(features.fashion())), for a choice by the "
                "images metrics.Quality()."
            )
    if count < LEAST:
        raise ValueError(f"`count` is {LEAST} images or more. Received: count={count}.")
