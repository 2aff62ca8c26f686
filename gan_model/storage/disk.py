"""Faults of the disk among the errors of TensorFlow."""

import errno
import os

_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE)


def fault_of(error):
    """What is wrong with the disk, for example "No space left on device"; None for other errors.

    TensorFlow raises `ResourceExhaustedError` where a file cannot be written, as it does where the
    memory is exhausted. Only the text tells which it was.
    """
    text = str(error)
    return next((os.strerror(one) for one in _FAULTS if os.strerror(one) in text), None)
