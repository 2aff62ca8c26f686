"""What TensorBoard gets of a run: files that it draws as one curve, tags, pictures, speed.

A tag is a group, a slash and the name of a figure. TensorBoard folds each group and sorts the
groups by name, so the numbers put quality and losses on the first screen.
"""

import contextlib
import time

import tensorflow as tf

from gan_model import pictures
from gan_model.callbacks.same_run import rate_now
from gan_model.keras_internals import write_event
from gan_model.storage.paths import expanded

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
    """The tag of a figure of training; of a figure in no group, its name."""
    group = GROUPS.get(name)
    return f"{group}/{prefix}{name}" if group else prefix + name


def quality_tag(name, quality):
    """The tag of a number of a `metrics.Quality`; the distance and the recall come first."""
    return f"{QUALITY if name in (quality.distance, quality.recall) else MORE_QUALITY}/{name}"


def held_out_tag(name, quality, *, prefix=""):
    """The tag of a figure of validation, named without "val_"; `quality` may be None.

    The prefix comes before the name of a figure that training has too.
    """
    measured = quality is not None and name in quality.metrics
    return quality_tag(name, quality) if measured else tag(name, prefix=prefix)


def alarm_tag(name):
    """The tag of an alarm, by its `name`."""
    return f"{ALARMS}/{name}"


def has_picture(epoch):
    """Whether the picture of an epoch stays: all to 100, each 10th to 1,000, then each 100th.

    Images change less the longer the training, and a picture takes up to a megabyte.
    """
    return epoch % (1 if epoch <= 100 else 10 if epoch <= 1000 else 100) == 0


class Writer:
    """Writes the events of a run that continues from `step`, into the folder `path`.

    It discards what earlier files have for later steps: a process may have shown an epoch and
    been killed before the checkpoint was written, so that the epoch is shown again. If its folder
    is removed, it begins a new one.
    """

    def __init__(self, path, step):
        self._path = expanded(path)
        self._open(step)

    @contextlib.contextmanager
    def drawing(self, step):
        """What is drawn in this context goes to this writer, for a step."""
        if not self._path.is_dir():
            self._open(step - 1)
        # record_if: Keras's TensorBoard callback may have switched all summaries off.
        with self._events.as_default(step=step), tf.summary.record_if(True):
            yield

    def close(self):
        self._events.close()

    def _open(self, step):
        self._events = tf.summary.create_file_writer(str(self._path))
        v1 = tf.compat.v1
        # TensorBoard discards everything from the step at which a session starts.
        start = v1.Event(
            wall_time=time.time(),
            step=step + 1 if step else 0,
            session_log=v1.SessionLog(status=v1.SessionLog.START),
        )
        write_event(self._events, start)


def scalars(figures):
    """Writes figures, a dict from tags to numbers, to the default summary writer."""
    for name, value in figures.items():
        tf.summary.scalar(name, float(value))


def image(name, picture):
    """Writes a uint8 picture to the default summary writer, with the bytes of its PNG.

    `tf.summary.image` would compress the pixels again, which doubles the time.
    """
    # Here, not above: TensorBoard takes a second to import.
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.image import metadata
    from tensorboard.util import tensor_util

    height, width = picture.shape[:2]
    summary = Summary()
    summary.value.add(
        tag=name,
        metadata=metadata.create_summary_metadata(display_name=None, description=""),
        tensor=tensor_util.make_tensor_proto(
            [b"%d" % width, b"%d" % height, pictures.png(picture)]
        ),
    )
    tf.summary.experimental.write_raw_pb(summary.SerializeToString())


class EpochSpeed:
    """Measures the speed of one epoch of a GAN; make a new one at the beginning of each."""

    def __init__(self, gan):
        self._gan = gan
        self._began, self._ended = time.perf_counter(), None
        self._seen_before = int(gan.images_seen.numpy())

    def stop(self):
        """Ends the measured time, after each batch: what follows the last one is no training."""
        self._ended = time.perf_counter()

    def figures(self):
        """Images per second and the learning rates: dict from tags to numbers."""
        seconds = (self._ended or time.perf_counter()) - self._began
        seen = int(self._gan.images_seen.numpy()) - self._seen_before
        rates = {
            tag(f"{name}_learning_rate"): rate_now(optimizer)
            for name, optimizer in self._gan.optimizers.items()
        }
        return {tag("images_per_second"): seen / seconds} | rates
