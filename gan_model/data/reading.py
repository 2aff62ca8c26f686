"""What may go wrong with files of arrays and with downloads."""

import contextlib
import socket
import tokenize
import zipfile
import zlib

DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile),
    TypeError,  # numpy's, where a file should be an archive of arrays and is one array
    *(SyntaxError, tokenize.TokenError),  # numpy's, of the header of an array
    RuntimeError,  # zipfile's, of an archive that seems to be encrypted, or of a later version
)

# Seconds without data after which a download is given up. A server may have a dozen addresses, and
# on a network that drops packets each of them takes this long.
_TIMEOUT = 5


@contextlib.contextmanager
def short_timeout():
    """Connections that are opened meanwhile are given up after 5 seconds without data."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
