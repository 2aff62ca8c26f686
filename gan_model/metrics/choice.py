"""Which measures suit given images."""

import difflib

from gan_model import features
from gan_model.data.images import chosen
from gan_model.metrics.feature_metrics import FeatureMetrics
from gan_model.metrics.frechet import Moments, frechet_distance
from gan_model.metrics.sliced import PATCH, SlicedWasserstein

FEATURES = ("fashion", "inception", "sliced")
_LOOKED_AT = 1000
# The Fréchet distance to Fashion-MNIST's training images, in `fashion` features, is below 6 for
# 20 and more of its other images; 21 for garments upside down, 28 for digits, more for one class.
_GARMENTS = 15.0


def measures(images, name=None):
    """What to measure for images of this kind: objects for `Reference` or `Quality`.

    Args:
        images: uint8 (n, height, width) or with channels.
        name: "fashion", "inception" or "sliced" (no network: the sliced Wasserstein distance,
            and all others in `pixels`). None: "fashion" for grey garments of
            28 x 28, else "sliced".

    Raises:
        ValueError: an unknown name; features that don't take such images, or whose weights
            are not to be had.
    """
    if name is None:
        name = "fashion" if garments(images) else "sliced"
    if name == "fashion":
        features.extractor.with_channels(images[:1], (28, 28, 1), name)
        return (FeatureMetrics(features.fashion()),)
    if name == "inception":
        return (FeatureMetrics(features.inception()),)
    if name == "sliced":
        pixels = FeatureMetrics(features.pixels())
        cut = min(images.shape[1:3]) >= PATCH and images.shape[3:] in ((), (1,), (3,))
        return (SlicedWasserstein(), pixels) if cut else (pixels,)
    near = difflib.get_close_matches(str(name), FEATURES, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"Unknown features {name!r}.{guess} Known: {', '.join(FEATURES)}.")


def garments(images):
    """Whether these are images like those of Fashion-MNIST, as far as its classifier can tell."""
    if images.shape[1:] not in ((28, 28), (28, 28, 1)):
        return False
    looked_at = chosen(images, _LOOKED_AT)
    if len(looked_at) < 2:
        return False
    known = features.fashion()
    there = Moments(2, known.mean, known.covariance)  # as of two images: the scatter is the same
    return frechet_distance(there, Moments.of(known(looked_at))) < _GARMENTS
