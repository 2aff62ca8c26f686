"""Event files that TensorBoard draws as one curve, even after a resume."""

import contextlib
import time

import tensorflow as tf

from gan_model import pictures
from gan_model.keras_internals import write_event
from gan_model.storage.paths import expanded


def has_picture(epoch):
    """Whether the picture of an epoch stays: all to 100, each 10th to 1,000, then each 100th.

    Images change less the longer the training, and a picture takes up to a megabyte.
    """
    return epoch % (1 if epoch <= 100 else 10 if epoch <= 1000 else 100) == 0


class Writer:
    """Writes the events of a run that continues from `step`.

    It discards what earlier files have for later steps: a process may have shown an epoch and
    been killed before the checkpoint was written, so that the epoch is shown again. If its folder
    is removed it begins a new one.

    Args:
        path: folder of the event files.
        step: training steps that are done.
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
    for tag, value in figures.items():
        tf.summary.scalar(tag, float(value))


def image(tag, picture):
    """Writes a picture to the default summary writer, with the bytes of its PNG.

    `tf.summary.image` would compress the pixels again, which doubles the time.

    Args:
        tag: name of the picture.
        picture: uint8 (height, width) or (height, width, 3).
    """
    # Here, not above: TensorBoard takes a second to import.
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.image import metadata
    from tensorboard.util import tensor_util

    height, width = picture.shape[:2]
    summary = Summary()
    summary.value.add(
        tag=tag,
        metadata=metadata.create_summary_metadata(display_name=None, description=""),
        tensor=tensor_util.make_tensor_proto(
            [b"%d" % width, b"%d" % height, pictures.png(picture)]
        ),
    )
    tf.summary.experimental.write_raw_pb(summary.SerializeToString())
