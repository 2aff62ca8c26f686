"""Figures of a run -> the tags under which TensorBoard shows them.

A tag is a group, a slash and the name of the figure. TensorBoard folds each group and sorts the
groups by name, so the numbers put quality and losses on the first screen.
"""

QUALITY = "1 quality"  # one row of charts, so that the first screen has the losses too
LOSSES = "2 losses"
ALARMS = "3 alarms"
MORE_QUALITY = "4 more quality"
SCORES = "5 scores"
DIVERSITY = "6 diversity"
TRAINING = "7 training"
GRADIENTS = "8 gradients"

GROUPS = {
    "discriminator_loss": LOSSES,
    "generator_loss": LOSSES,
    "class_loss": LOSSES,
    "penalty": LOSSES,
    "real_score": SCORES,
    "fake_score": SCORES,
    "diversity": DIVERSITY,
    "class_entropy": DIVERSITY,
    "images_per_second": TRAINING,
    "generator_learning_rate": TRAINING,
    "discriminator_learning_rate": TRAINING,
    "augmentation_probability": TRAINING,
    "recoveries": TRAINING,
    "generator_gradient_norm": GRADIENTS,
    "discriminator_gradient_norm": GRADIENTS,
}


def tag(name, *, prefix=""):
    """The tag of a figure of training; of a figure in no group, its name.

    Args:
        name: of the figure in the logs, without "val_".
        prefix: text before the name, for example "val_".
    """
    group = GROUPS.get(name)
    return f"{group}/{prefix}{name}" if group else prefix + name


def quality_tag(name, quality):
    """The tag of a number of a `metrics.Quality`; the distance and the recall come first.

    Args:
        name: one of `quality.names`.
        quality: the `metrics.Quality`.
    """
    return f"{QUALITY if name in (quality.distance, quality.recall) else MORE_QUALITY}/{name}"


def held_out_tag(name, quality, *, prefix=""):
    """The tag of a figure of validation.

    Args:
        name: of the figure in the logs, without "val_".
        quality: `metrics.Quality`, or None.
        prefix: text before the name of a figure that training has too.
    """
    measured = quality is not None and name in quality.metrics
    return quality_tag(name, quality) if measured else tag(name, prefix=prefix)


def alarm_tag(name):
    """The tag of an alarm, by its `name`."""
    return f"{ALARMS}/{name}"
