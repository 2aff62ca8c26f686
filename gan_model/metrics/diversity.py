"""Generated images -> how much they differ from each other."""

import numpy as np

# On the embedded sample, images of a dcgan after one epoch have a diversity of 0.6 to 1.1,
# depending on its learning rates; those of an untrained one have 0.02. Their classes have an
# entropy of 0.66 to 1.9 nats, and of 0 before training.
_MIN_DIVERSITY = 0.1
_MIN_ENTROPY = 0.3  # nats; below it, fewer than one image in ten is of another class
_MIN_RECALL = 0.005


def diversity(images, real_images, labels=None):
    """Variance of images divided by that of real images: 0 if all images are the same.

    The variance is half the mean squared distance between two images.

    Args:
        images: uint8 (n, height, width) or with channels.
        real_images: uint8, the same shape; without labels any number of them.
        labels: (n,), the classes of both. With them only the variance within a class counts.
    """
    made, real = _variance(images, labels), _variance(real_images, labels)
    if labels is not None and not real:  # one image of each class
        return diversity(images, real_images)
    return made / max(real, 1e-9)


def collapsed(*, diversity, spread=None, recalls=()):
    """Why a generator counts as collapsed, as the beginning of a sentence; "" if it does not.

    Args:
        diversity: of its images; None if unknown.
        spread: entropy of their classes in nats; None if unknown.
        recalls: the values of all metrics of `Kind.RECALL`. A generator that covers some real
            images has not collapsed.
    """
    if spread is not None and spread < _MIN_ENTROPY:
        return f"nearly all images are of one class: entropy {spread:.2f} nats"
    if diversity is None or diversity >= _MIN_DIVERSITY:
        return ""
    if any(recall > _MIN_RECALL for recall in recalls):
        return ""
    return f"nearly all images are alike: they vary {diversity:.2g} times as much as real ones"


def class_entropy(classes, images, real_images):
    """The entropy of the classes of images in nats; None where it tells nothing.

    It tells nothing where nearly all real images are of one class too.

    Args:
        classes: function from uint8 images to their classes.
        images, real_images: uint8.
    """
    if entropy(np.bincount(classes(real_images))) < _MIN_ENTROPY:
        return None
    return entropy(np.bincount(classes(images)))


def entropy(counts):
    """How evenly images are spread over classes: -sum p log p in nats, log(classes) at most."""
    fractions = np.asarray(counts, np.float64) / np.sum(counts)
    fractions = fractions[fractions > 0]
    return float(-(fractions * np.log(fractions)).sum()) + 0.0  # 0, not -0


def _variance(images, labels):
    """Variance of each pixel over the images, averaged over all pixels."""
    # A row of pixels at a time: all images in float32 may not fit into memory.
    rows = [_variance_of_pixels(images[:, row], labels) for row in range(images.shape[1])]
    return float(np.stack(rows).mean())


def _variance_of_pixels(values, labels):
    values = values.astype(np.float32)
    for label in () if labels is None else np.unique(labels):
        values[labels == label] -= values[labels == label].mean(axis=0)
    return np.var(values, axis=0)
