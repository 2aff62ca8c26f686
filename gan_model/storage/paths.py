"""A path as a person types it -> the path."""

import os
from pathlib import Path


def expanded(path):
    """The `Path` of a text or `Path`, with the home folder in the place of a `~` at its start.

    No shell does so within a Python program. A `~name` without such a user is the name of a file.
    """
    return Path(os.path.expanduser(path))
