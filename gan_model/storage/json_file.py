"""Numbers, texts, lists and dicts <-> JSON, numpy's numbers included."""

import json

from gan_model.storage.atomic import atomic_write


def to_json(content, *, indent=None):
    """JSON of a dict or list; a number of numpy is written as the same number of Python.

    Raises:
        TypeError: it holds something that JSON has no form for.
    """
    return json.dumps(content, indent=indent, default=_python_number)


def as_read_back(content):
    """A dict or list as JSON gives it back: tuples are lists. Raises as `to_json`."""
    return json.loads(to_json(content))


def write_json(path, content):
    """Writes a dict or list atomically, indented.

    Raises:
        OSError: the file cannot be written; an earlier one is unchanged.
        TypeError: as `to_json`.
    """
    text = to_json(content, indent=1) + "\n"
    with atomic_write(path) as beside:
        beside.write_text(text)


def _python_number(value):
    import numpy as np  # here, not above: `gan-model --help` comes by and is done without it

    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no form in JSON: {value!r}")
