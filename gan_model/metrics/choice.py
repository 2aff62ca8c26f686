"""Which measures suit given images."""

from pathlib import Path

from gan_model import features
from gan_model.catalog import FEATURES
from gan_model.data.images import random_subset
from gan_model.features.extractor import with_channels
from gan_model.features.learned_features import LEAST_TO_LEARN_FROM
from gan_model.metrics.feature_metrics import FeatureMetrics
from gan_model.metrics.frechet import Moments, frechet_distance
from gan_model.metrics.sliced import PATCH, SlicedWasserstein
from gan_model.metrics.spectrum import PowerSpectrum
from gan_model.storage.messages import did_you_mean

_MAX_IMAGES = 1000  # that are classified to find out what they show
# The Fréchet distance to Fashion-MNIST's training images, in `fashion` features, is below 6 for
# 20 or more of its other images, 21 for garments upside down, 28 for digits, and higher for images
# of a single class.
_MAX_DISTANCE_OF_GARMENTS = 15.0


def measures(images, name=None, *, training=None):
    """What to measure for given images: objects for `Reference` or `Quality`.

    Args:
        images: uint8 (n, height, width) or with channels, those to compare with.
        name: one of

            "fashion"    a classifier of garments, for grey images of 28 x 28
            "learned"    a network learned from `training`, which takes minutes the first time, and
                         the power spectrum, since such networks hardly see fine patterns
            "inception"  Keras's InceptionV3
            "sliced"     no network: the sliced Wasserstein distance, and the rest in `pixels`

            or the path of a `.npz` file of learned features. None: "fashion" for garments; else
            "learned" if there are 200 training images or more; else "sliced".
        training: uint8 images that are not among `images`, to learn features from.

    Raises:
        ValueError: an unknown name, features that do not take such images, a file that is none of
            features, too few images to learn from, or weights that cannot be downloaded.
    """
    if name is None:
        name = _suitable(images, training)
    if Path(str(name)).suffix == ".npz":
        chosen_features = features.from_file(name)
        with_channels(images[:1], chosen_features.image_shape, chosen_features.name)
        return _learned(chosen_features)
    if name == "learned":
        if training is None:
            raise ValueError(
                "Features are learned from training images, and there are none. Type "
                "metrics.measures(held_out, 'learned', training=images)."
            )
        return _learned(features.learned(training))
    if name == "fashion":
        with_channels(images[:1], (28, 28, 1), name)
        return (FeatureMetrics(features.fashion()),)
    if name == "inception":
        return (FeatureMetrics(features.inception()),)
    if name == "sliced":
        pixels = FeatureMetrics(features.pixels())
        cut = min(images.shape[1:3]) >= PATCH and images.shape[3:] in ((), (1,), (3,))
        return (SlicedWasserstein(), pixels) if cut else (pixels,)
    raise ValueError(
        f"Unknown features {name!r}.{did_you_mean(name, FEATURES)} Known: {', '.join(FEATURES)}, "
        "or a .npz file of learned features."
    )


def _learned(chosen_features):
    # Learned features may not see blur or fine patterns.
    return FeatureMetrics(chosen_features), PowerSpectrum()


def _suitable(images, training):
    if garments(images):
        return "fashion"
    learnable = training is not None and len(training) >= LEAST_TO_LEARN_FROM
    return "learned" if learnable and images.shape[3:] in ((), (1,), (3,)) else "sliced"


def garments(images):
    """Whether the images look like those of Fashion-MNIST to its classifier."""
    if images.shape[1:] not in ((28, 28), (28, 28, 1)):
        return False
    sample = random_subset(images, _MAX_IMAGES)
    if len(sample) < 2:
        return False
    known = features.fashion()
    # A count of 2 makes the covariance its own scatter.
    garments_moments = Moments(2, known.mean, known.covariance)
    distance = frechet_distance(garments_moments, Moments.of(known(sample)))
    return distance < _MAX_DISTANCE_OF_GARMENTS
