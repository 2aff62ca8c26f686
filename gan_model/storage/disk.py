"""Faults of the disk among the errors of TensorFlow."""

import errno
import os

_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE)


def fault_of(error):
    """The line of an error's text that tells a fault of the disk; None for other errors.

    TensorFlow raises `ResourceExhaustedError` where a file cannot be written, as it does where the
    memory is exhausted. Only the text tells which it was, for example "No space left on device".
    """
    faults = [os.strerror(one) for one in _FAULTS]
    lines = str(error).splitlines()
    return next((line for line in lines if any(fault in line for fault in faults)), None)
