"""Names from outside: which known one a misspelled name means, and how to print any name."""

import difflib
import unicodedata

# Control and format characters, half surrogates, and separators of lines and paragraphs.
_NOT_SHOWN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"  # format characters that Persian, Indian scripts and emoji need


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
