"""Faults of the disk among the errors of TensorFlow."""

import errno
import os
import re

_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE)
_OF_TENSORFLOW = re.compile(r"\{\{.*?\}\}\s*|\s*\[Op:.*$")  # the operation in which it failed


def fault_of(error):
    """The line of an error's text that names a fault of the disk; None for other errors.

    TensorFlow raises `ResourceExhaustedError` where a file cannot be written, as it does where the
    memory is exhausted. Only the text tells which it was, for example "No space left on device".
    """
    faults = [os.strerror(one) for one in _FAULTS]
    for line in str(error).splitlines():
        if any(fault in line for fault in faults):
            return _OF_TENSORFLOW.sub("", line)
    return None
