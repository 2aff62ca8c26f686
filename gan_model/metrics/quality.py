"""The quality of generated images as a Keras metric, and as what a GAN measures of itself."""

import keras

from gan_model.features.extractor import checksum_of
from gan_model.metrics.choice import measures as suitable
from gan_model.metrics.reference import Descriptions, Reference, chosen, numbers


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

    As a Keras metric it takes uint8 images of any origin: `update_state(real, fake)`, in
    batches of any size, `result()`, `reset_state()`. A number depends on how many images are
    compared, so as many real ones as fake ones are asked for.

    Args:
        *measures: what to measure, the number to rank by first, e.g.
            `metrics.InFeatureSpace(features.fashion())`. None given: what suits the held-out
            images, see `metrics.measures`.
        count: images compared, at most; all held-out images if they are fewer. Fewer images
            read farther from the data (docs/quality.md): compare equal counts only.
        seed: of the codings.

    Attributes:
        reference: `Reference` of the held-out images; None before the first evaluation.
        floor: the numbers of as many training images, which no generator can be expected to
            beat; None where `fit` has no training images to spare.
    """

    def __init__(self, *measures, count=10_000, seed=0, name="quality"):
        super().__init__(name=name)
        self.measures, self.count, self.seed = measures, count, seed
        self.reference = self.floor = None
        self._real = self._fake = self._looked_at = None

    @property
    def names(self):
        """Names of the numbers; none before the first evaluation if no measures were given."""
        return tuple(name for measure in self._measures() for name in measure.names)

    @property
    def distance(self):
        """Name of the number to rank by, less is better; None where `names` are unknown."""
        return next(iter(self.names), None)

    # The Keras metric.

    def update_state(self, real_images, fake_images):
        if self._real is None:
            measures = self.measures or suitable(real_images)
            self._real, self._fake = Descriptions(measures), Descriptions(measures)
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
        looked_at = checksum_of([held_out] if training is None else [held_out, training])
        if looked_at == self._looked_at:
            return  # again, for the next trial of a sweep
        self.reference = Reference(self.measures or suitable(held_out), held_out)
        self.floor = None if training is None else self.reference.compare(training)
        self._looked_at = looked_at

    def of(self, sampler):
        """The numbers of a `Sampler`'s images against the reference: dict from names to numbers."""
        return self.reference.compare(sampler.generate(self.reference.count, seed=self.seed))

    def _measures(self):
        return self.measures or (self.reference.measures if self.reference else ())
