"""Generated images -> how far they are from being all the same image."""

import numpy as np

# On the embedded sample the images of a dcgan, one epoch old, vary 0.6 to 1.1 times as much as the
# real ones, by its learning rates, and those of an untrained one 0.02 times; their classes have an
# entropy of 0.66 to 1.9 nats, and of 0 before training.
_VARIETY = 0.1
_ENTROPY = 0.3  # nats; less than one image in ten is of another class
_RECALL = 0.005


def diversity(images, real_images, labels=None):
    """How much images vary, as a share of what real ones do: 0 for one image over and over.

    It is half the mean squared distance between two of them, over the same of the real ones.

    Args:
        images: uint8 (n, height, width) or with channels.
        real_images: the same; of any number where there are no labels.
        labels: of both alike, (n,). Then only how images vary within a class counts.
    """
    made, real = _variance(images, labels), _variance(real_images, labels)
    if labels is not None and not real:  # one image a class
        return diversity(images, real_images)
    return made / max(real, 1e-9)


def collapsed(*, diversity, spread=None, recalls=()):
    """What tells that a generator has collapsed, as the beginning of a sentence; "" if nothing.

    Args:
        diversity: of its images; None where it is not known.
        spread: entropy of their classes in nats; None where there are none.
        recalls: whatever was measured of it: any real image that is covered speaks against.
    """
    if spread is not None and spread < _ENTROPY:
        return f"nearly all images are of one class: entropy {spread:.2f} nats"
    if diversity is None or diversity >= _VARIETY or any(recall > _RECALL for recall in recalls):
        return ""
    return f"nearly all images are alike: they vary {diversity:.2g} times as much as real ones"


def _variance(images, labels=None):
    """Of a pixel from image to image, the mean over all pixels."""
    images = images.astype(np.float32)
    for label in () if labels is None else np.unique(labels):
        images[labels == label] -= images[labels == label].mean(axis=0)
    return float(np.var(images, axis=0).mean())
