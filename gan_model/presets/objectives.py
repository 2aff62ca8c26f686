"""Losses, penalties and augmentations as the command line names them."""

from gan_model import augmenting, averaging, catalog, losses, penalties

_LOSSES = dict(
    zip(
        catalog.LOSSES,
        (
            losses.NonSaturating,
            losses.BinaryCrossentropy,
            losses.Minimax,
            losses.LeastSquares,
            losses.Hinge,
            losses.Wasserstein,
            losses.Relativistic,
            losses.RelativisticAverage,
        ),
        strict=True,
    )
)
_PENALTIES = dict(
    zip(
        catalog.PENALTIES,
        (penalties.R1, penalties.R2, penalties.GradientPenalty, penalties.DRAGAN),
        strict=True,
    )
)
# R1 and R2 change slowly, and are evaluated in every eighth step, as in `modern`.
_EVERY = {"r1": 8, "r2": 8}


def with_objectives(
    gan,
    *,
    loss=None,
    penalty=None,
    augment=None,
    mirror=None,
    average=None,
    discriminator_steps=None,
):
    """Compiles a new GAN again with what is given; everything else stays as it is.

    Args:
        gan: compiled `GAN` before its first step.
        loss: a name in `catalog.LOSSES`.
        penalty: (name, weight) with a name in `catalog.PENALTIES`; ("none",) for no penalty.
        augment: a name in `catalog.AUGMENTATIONS`.
        mirror: whether images are also flipped horizontally at random.
        average: half-life of the average in images, see `averaging`; 0 for no average.
        discriminator_steps: see `GAN.compile`.
    """
    changed = {}
    if loss is not None:
        changed["loss"] = _LOSSES[loss]()
    if penalty is not None:
        name, *weight = penalty
        every = {"every": _EVERY[name]} if name in _EVERY else {}
        changed["penalty"] = _PENALTIES[name](*weight, **every) if weight else None
    if augment is not None or mirror:
        changed["augment"] = _augmentation(augment, mirror, gan.augment)
    if average is not None:
        changed["average"] = averaging.ExponentialMovingAverage(average) if average else None
    if discriminator_steps is not None:
        changed["discriminator_steps"] = discriminator_steps
    if changed:
        gan.compile(**gan.compile_arguments() | changed)
    return gan


def _augmentation(name, mirror, own):
    """The augmentation of this name, with mirrored images if asked for; `own` is the GAN's."""
    parts = {"none": None, None: own}.get(name, augmenting.DiffAugment())
    if mirror:
        flip = augmenting.HorizontalFlip()
        parts = flip if parts is None else parts + flip
    return augmenting.Adaptive(parts) if name == "adaptive" else parts
