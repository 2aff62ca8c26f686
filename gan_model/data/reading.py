"""Files of published data sets -> their bytes, or a sentence on what is wrong with them."""

import gzip
import zipfile
import zlib

DAMAGE = (OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile)


def read_bytes(path):
    """The bytes of a file, unzipped if they are gzipped, whatever its name ends in."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except DAMAGE as error:
        raise damaged(path, error) from None


def matched(path, images, labels):
    """Images and labels, if there is one label for each image."""
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or not len(images):
        shapes = f"images of shape {images.shape} with labels of shape {labels.shape}"
        raise damaged(path, f"{shapes}, expected (n, height, width) with (n,)")
    return images, labels


def refuse_missing(folder, files, names):
    """Refuses a folder that holds some of the files, but not all."""
    missing = [name for name, path in zip(names, files, strict=True) if path is None]
    if missing:
        raise ValueError(f"{folder} lacks {', '.join(missing)}: put all {len(names)} files there.")


def damaged(path, reason):
    """The error for a file whose content is not what its name says."""
    return ValueError(f"{path} is damaged or not what its name says: {reason}.")
