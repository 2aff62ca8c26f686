"""What a study measures of a generator, after a number of minutes of training."""

import time

import numpy as np

_CLASSES, _STACKED = 10, 25_600  # generated images whose combinations of classes are counted


class QualityMeter:
    """Compares generated images with held-out ones, looks for copies, saves a grid.

    Where the features know classes, as `fashion` does, it counts them too.

    Args:
        gan: the `GAN` to measure.
        train: uint8 training images, for the floor.
        held_out: uint8 held-out images.
        folder: gets a grid of images for each measurement.
        trained_on: those of them that the GAN is trained on and may copy; None: all.
        features: to measure in, see `metrics.measures`.
        labels: of the training and of the held-out images; generated ones have those of the
            held-out images, if the GAN has classes, and so have the images of the floor.
    """

    def __init__(
        self, gan, train, held_out, folder, *, trained_on=None, features="fashion", labels=None
    ):
        from gan_model import metrics
        from gan_model.data.images import subset_like

        self._gan, self._folder, self._marks = gan, folder, []
        of_training, self._labels = labels if gan.class_count and labels else (None, None)
        self._trained_on = train if trained_on is None else trained_on
        self._held_out = held_out
        measures = metrics.measures(held_out, features, training=train)
        self._reference = metrics.Reference(measures, held_out)
        self._bounds = {
            "floor": self._reference.compare(
                subset_like(train, len(held_out), labels=of_training, wanted=self._labels)
            ),
            "noise": self._reference.compare(metrics.shuffled_pixels(np.asarray(held_out))),
        }
        classifier = self._reference.classifier
        self._classes = classifier and classifier.classes
        if self._classes:
            self._bounds["real_classes"] = _counted(self._classes(held_out))

    def measure(self, minute, images):
        made = self._gan.generate(self._reference.count, labels=self._labels)
        self._keep_grid(minute)
        mark = {"minute": minute, "images": images}
        if self._classes:
            classes = self._classes(made)
            mark["classes"] = _counted(classes)
            if self._gan.class_count:
                mark["as_asked"] = float((classes == self._labels).mean())
        else:
            mark["copying"] = self._copying(made)
        self._marks.append(mark | {"numbers": self._reference.compare(made)})
        name = self._reference.distance
        value = self._marks[-1]["numbers"][name]
        print(f"  minute {minute}: {name} {value:.4g}, {images:,} images", flush=True)

    def _copying(self, made):
        from gan_model.metrics.copying import look_for_copies

        found = look_for_copies(
            self._reference.features,
            fake_images=made,
            held_out_images=self._held_out,
            train_images=self._trained_on,
        )
        return found.copying_probability

    def record(self):
        about = {"distance": self._reference.distance, **self._reference.about}
        return {**about, **self._bounds, "marks": self._marks}

    def _keep_grid(self, minute):
        from gan_model import pictures

        images, columns = self._gan.sampler().for_grid()
        path = self._folder / f"minute-{minute}.png"
        pictures.save(pictures.grid(images, columns=columns), path)


class ModeMeter:
    """Counts which combinations of classes generated images show in their three channels.

    Arguments are those of `QualityMeter`; only `gan` and `train` are used.
    """

    def __init__(self, gan, train, held_out, folder, *, trained_on=None):
        from gan_model import features

        self._gan, self._marks = gan, []
        self._classes = features.fashion().classes
        self._floor = self._counted(train[:_STACKED])

    def measure(self, minute, images):
        numbers = self._counted(self._gan.generate(_STACKED))
        self._marks.append({"minute": minute, "images": images, "numbers": numbers})
        print(f"  minute {minute}: {numbers['modes']} modes, {images:,} images", flush=True)

    def record(self):
        about = {"distance": "modes", "count": _STACKED, "measures": [{"features": "fashion"}]}
        return {**about, "floor": self._floor, "marks": self._marks}

    def _counted(self, stacked):
        first, second, third = (self._classes(stacked[..., channel]) for channel in range(3))
        modes = (first * _CLASSES + second) * _CLASSES + third
        fractions = np.bincount(modes, minlength=_CLASSES**3) / len(modes)
        fractions = fractions[fractions > 0]
        kl = float((fractions * np.log(fractions * _CLASSES**3)).sum())
        return {"modes": len(fractions), "kl": kl}


def _counted(classes):
    return np.bincount(classes, minlength=_CLASSES).tolist()


def stack(images, count, *, seed):
    """Images with three random grey images in their channels: uint8 (count, height, width, 3)."""
    rows = np.random.default_rng(seed).integers(len(images), size=(3, count))
    return np.stack([images[of_channel] for of_channel in rows], axis=-1)


class Stopwatch:
    """Calls `measure(minute, images)` at minutes of training; measuring itself takes no time."""

    def __init__(self, minutes, measure):
        self.left, self._measure, self._began = list(minutes), measure, time.perf_counter()

    def look(self, images):
        now = time.perf_counter()
        if self.left and now - self._began >= 60 * self.left[0]:
            self._measure(self.left.pop(0), images)
            self._began += time.perf_counter() - now
