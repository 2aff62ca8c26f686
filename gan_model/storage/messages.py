"""What the message of an error says of names from outside, and of another error."""

import difflib
import errno
import os
import re
import textwrap
import unicodedata

# Control and format characters, half surrogates, and separators of lines and paragraphs.
_NOT_SHOWN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_LONGEST = 400  # characters of a reason; Keras quotes whole configurations
_JOINERS = "\u200c\u200d"  # format characters that Persian, Indian scripts and emoji need
_FAULTS_OF_DISKS = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE)
_OF_TENSORFLOW = re.compile(r"\{\{.*?\}\}\s*|\s*\[Op:.*$")  # the operation in which it failed


def did_you_mean(name, known):
    """The text " Did you mean 'modern'?" for a name near a known one; "" for others."""
    near = difflib.get_close_matches(str(name), known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def printable(text):
    """A text with escapes, as `repr` writes them, for what a terminal would obey or hide.

    A name of a file may contain any character, such as those that move the cursor, change the
    color or reverse the reading order. Letters of all languages stay as they are.
    """
    return "".join(map(_printable, str(text)))


def _printable(character):
    if unicodedata.category(character) in _NOT_SHOWN and character not in _JOINERS:
        return character.encode("unicode_escape").decode()
    return character


def reason_of(error):
    """The first line of an error's message, cut if it is long; or the name of its class."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return textwrap.shorten(line, _LONGEST, placeholder=" ...")


def fault_of(error):
    """The line of an error's text that names a fault of the disk; None for other errors.

    TensorFlow raises `ResourceExhaustedError` where a file cannot be written, as it does where the
    memory is exhausted. Only the text tells which it was, for example "No space left on device".
    """
    faults = [os.strerror(one) for one in _FAULTS_OF_DISKS]
    for line in str(error).splitlines():
        if any(fault in line for fault in faults):
            return _OF_TENSORFLOW.sub("", line)
    return None
