"""Files of published data sets -> their bytes, or an error that says what is wrong."""

import contextlib
import gzip
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


def read_bytes(path):
    """The bytes of a file, decompressed if it is gzipped, whatever its suffix."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except DAMAGE as error:
        if isinstance(error, OSError) and error.strerror:
            raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
        raise damaged(path, error) from None


def matched(path, images, labels):
    """(images, labels), after a check that there is one label per image.

    Raises:
        ValueError: if their shapes do not match.
    """
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or not len(images):
        shapes = f"images of shape {images.shape} with labels of shape {labels.shape}"
        raise damaged(path, f"{shapes}, expected (n, height, width) with (n,)")
    return images, labels


def refuse_missing(folder, files, names):
    """Refuses a folder with some of the files missing; a missing file is None in `files`."""
    missing = [name for name, path in zip(names, files, strict=True) if path is None]
    if missing:
        raise ValueError(f"{folder} lacks {', '.join(missing)}: put all {len(names)} files there.")


def damaged(path, reason):
    """The `ValueError` for a file with unexpected content."""
    return ValueError(f"{path} is damaged or has another format than its name says: {reason}.")
