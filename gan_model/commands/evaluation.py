"""What `gan-model evaluate` measures, as numbers: quality, classes and signs of copying."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_model import features, metrics, runs
from gan_model.commands.run_images import are_classes_of, load_for
from gan_model.data import load_images
from gan_model.data.image_sets import disjoint_parts
from gan_model.data.images import Subset, chunks, lazy_subset, random_subset, subset_like
from gan_model.metrics.copying import copies_among
from gan_model.model.sampling import Sampler


@dataclass(frozen=True)
class Subject:
    """What is measured: a GAN, or given images."""

    sampler: Sampler | None  # None for images
    settings: dict  # of the run that trained it; {} if they are unknown
    is_run: bool  # whether it is the folder of a run


def open_subject(what, weights):
    """The `Subject` of a run, a file, a name or a folder of images; `weights` of a run."""
    folder = runs.RunFolder(what)
    if folder.holds_run():
        if weights == "best" and not folder.best.is_file():
            raise ValueError(f"There is no {folder.best}: leave out --weights best.")
        model = folder.load() if weights == "last" else runs.load_model(folder.best)
    elif weights == "best":
        raise ValueError(f"--weights best is for the folder of a run, and {what} is not one.")
    elif Path(what).suffix == ".keras":
        model = runs.load_model(what)
    elif Path(what).exists():  # images, also in a folder that has the name of a trained GAN
        return Subject(None, {}, False)
    elif runs.is_pretrained(what):
        model = runs.open_model(what)
    else:
        raise ValueError(f"There is no file or folder {what}.")
    return Subject(Sampler.of(model), runs.trained_on(what) or {}, folder.holds_run())


@dataclass(frozen=True)
class Images:
    """The images of one shape that an evaluation compares, and the labels of the real ones."""

    data: str  # name of the data set, or path of the folder
    train: np.ndarray
    train_labels: np.ndarray
    held_out: np.ndarray
    held_out_labels: np.ndarray
    given: np.ndarray | None  # the images to measure; None if a GAN generates them


def load_compared(subject, args):
    """The `Images` that the values of the options of `gan-model evaluate` ask for."""
    sampler, settings = subject.sampler, subject.settings
    if not (args.data or settings):
        raise ValueError("Say what to compare with: --data NAME, or the path of a folder.")
    # Of a file only one image, so that the others do not stay in memory.
    first = sampler.generate(1) if sampler else load_images(args.what)[:1].copy()
    splits = load_for(
        settings,
        data_set=args.data,
        folder=args.data_dir,
        image_size=first.shape[1:3],
        # Pictures of a folder become grey or coloured as those of the data are; arrays cannot.
        channels=(*first.shape, 1)[3] if sampler or not Path(args.what).is_dir() else None,
        asked={name: getattr(args, name) for name in ("pad", "ground") if getattr(args, name)},
    )
    data = args.data or settings["data"]
    (train, train_labels), (held_out, held_out_labels) = splits
    given = None if sampler else load_images(args.what, image_shape=train.shape[1:])
    if sampler:
        if first[0].size != train[0].size or first.shape[1:3] != train.shape[1:3]:
            raise ValueError(
                f"{args.what} makes images of shape {first.shape[1:]}, those of {data} have "
                f"{train.shape[1:]}. Say what it was trained on: --data NAME, or a folder's path."
            )
        # Grey images come with or without a channel.
        train, held_out = (part.reshape(len(part), *first.shape[1:]) for part in (train, held_out))
    return Images(data, train, train_labels, held_out, held_out_labels, given)


@dataclass(frozen=True)
class Reading:
    """What one set of images was measured to have."""

    images: object
    numbers: dict
    classes: np.ndarray | None  # of each image; None without a classifier
    features: np.ndarray | None  # of each image; None but for the first set


class Evaluation:
    """Measures a `Subject` against `count` held-out images at most.

    `features` None: those of the run, or what suits the images.
    """

    def __init__(self, subject, images, *, count, features):
        self.subject, self.images, self._most = subject, images, count
        to_measure = images.held_out if images.given is None else images.given
        self.count = min(count, len(images.held_out), len(images.train), len(to_measure))
        self.real = lazy_subset(images.held_out, self.count)
        features = features or subject.settings.get("features")
        measures = metrics.measures(images.held_out, features, training=images.train)
        self.reference = metrics.Reference(measures, self.real)
        self._labels = self._labels_to_generate()

    def _labels_to_generate(self):
        """Those of the images compared with, or None for all classes in turn."""
        sampler, labels = self.subject.sampler, self.images.held_out_labels
        if sampler is None or sampler.class_count is None or labels is None:
            return None
        labels = random_subset(labels, self.count)
        return labels if are_classes_of(sampler, labels) else None

    def readings(self, most):
        """A `Reading` for each seed of the GAN, or part of the given images; `most` of them."""
        sampler = self.subject.sampler
        if sampler is None:
            sets = disjoint_parts(self.images.given, self.count, max_parts=most)
        else:
            sets = [
                sampler.generated(self.count, labels=self._labels, seed=seed)
                for seed in range(most)
            ]
        return [self._read(images, with_features=images is sets[0]) for images in sets]

    def _read(self, images, *, with_features):
        """The `Reading` of a set, which is generated or read once for all that is measured."""
        classifier, classes, vectors = self.reference.classifier, [], []

        def seen(chunk):
            if classifier is not None:
                classes.append(classifier.classes(chunk))
            if with_features:
                vectors.append(self.reference.features(chunk))
            return chunk

        numbers = self.reference.compare_chunks(map(seen, chunks(images)))
        joined = (np.concatenate(each) if each else None for each in (classes, vectors))
        return Reading(images, numbers, *joined)

    def bounds(self):
        """The numbers of training images, `floor`, and of `noise`."""
        train = subset_like(
            self.images.train, self.count, labels=self.images.train_labels, wanted=self._labels
        )
        return {
            "floor": self.reference.compare(train),
            "noise": self.reference.compare_noise(self.real),
        }

    def classes(self, readings):
        """The images of each class, as a classifier sees them; None without one."""
        classifier = self.reference.classifier
        if classifier is None:
            return None
        names = list(classifier.class_names)
        seen = {
            "generated": [reading.classes for reading in readings],
            "held_out": [classifier.classes(chunk) for chunk in chunks(self.real)],
        }
        counts = {
            name: np.bincount(np.concatenate(classes), minlength=len(names)).tolist()
            for name, classes in seen.items()
        }
        return {"names": names, **counts}

    def by_class(self):
        """A dict for each class of a GAN: its distance, and how many images are as asked for.

        None where the data have none of its classes.
        """
        images = self.images
        if max(images.train_labels.max(), images.held_out_labels.max()) < 0:
            return None
        rows = []
        for label in range(self.subject.sampler.class_count):
            train, held_out = (
                np.flatnonzero(labels == label)
                for labels in (images.train_labels, images.held_out_labels)
            )
            count = min(self._most, len(train), len(held_out))
            if count < metrics.LEAST:
                continue  # too few to compare
            train = Subset(images.train, random_subset(train, count))
            real = Subset(images.held_out, random_subset(held_out, count))
            reference = metrics.Reference(self.reference.measures, real)
            made = self.subject.sampler.generated(count, labels=label)
            rows.append(
                {
                    "class": label,
                    "count": count,
                    **self._named(label, made),
                    "readings": reference.compare(made),
                    "floor": reference.compare(train),
                    "distance": reference.distance,
                }
            )
        return rows

    def _named(self, label, made):
        """The name of a class, and how many of its images a classifier finds to be of it."""
        names = self.subject.settings.get("class_names")
        if self.images.data not in ("sample", "fashion_mnist"):  # with the classifier's classes
            return {"name": names[label]} if names and names[label] != str(label) else {}
        name = names[label] if names else features.CLASSES[label]
        asked = features.CLASSES.index(name)  # by name, as the real images
        classes = np.concatenate([features.fashion().classes(chunk) for chunk in chunks(made)])
        return {"name": name, "as_asked": float((classes == asked).mean())}

    def copies(self, reading):
        """The `Copies` among the images of the first `Reading`."""
        real, train = (
            np.concatenate([self.reference.features(chunk) for chunk in chunks(images)])
            for images in (self.real, self.images.train)
        )
        return copies_among(reading.features, real, train)
