"""Event files that TensorBoard draws as one curve, also after a resume."""

import time

import tensorflow as tf


def writer(path, step):
    """A summary writer for a run that goes on from `step`.

    What is in earlier files for later steps is taken back: a process may have shown an epoch
    and been killed before its checkpoint was written, and the epoch is then shown again.
    """
    made = tf.summary.create_file_writer(str(path))
    v1 = tf.compat.v1
    # TensorBoard forgets what it has read from the step on at which a session starts.
    start = v1.Event(
        wall_time=time.time(),
        step=step + 1 if step else 0,
        session_log=v1.SessionLog(status=v1.SessionLog.START),
    )
    tf.raw_ops.ImportEvent(writer=made._resource, event=start.SerializeToString())
    return made
