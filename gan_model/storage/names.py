"""A name that nobody has -> the known one that was meant."""

import difflib


def did_you_mean(name, known):
    """The text " Did you mean 'modern'?" for a name near a known one; "" for others."""
    near = difflib.get_close_matches(str(name), known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
