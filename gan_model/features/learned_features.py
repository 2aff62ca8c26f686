"""A learned network as `Features`: learned once for given images, kept on disk, given to others."""

import contextlib
import hashlib
import io
import sys
import time

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gan_model.data.cache import cache_folder
from gan_model.data.images import chunks, lazy_subset
from gan_model.data.reading import DAMAGE
from gan_model.features.extractor import Features, checksum_of, with_channels
from gan_model.features.learned_network import (
    STEPS,
    learn,
    seen_shape,
    to_range,
    to_seen,
    vectors,
)
from gan_model.storage.atomic import atomic_write
from gan_model.storage.locks import locked
from gan_model.storage.messages import reason_of
from gan_model.storage.paths import expanded

LEAST_TO_LEARN_FROM = 200  # images; docs/quality.md has what was measured with so few
_MOST = 10_000  # images that are learned from
_VERSION = 1  # increase it when the same images would give other features
_BLOCK = 250
_WAITING = "Another process learns features of these images; waiting."
_DAMAGE = (*DAMAGE, tf.errors.OpError)  # the last of arrays that do not fit together


class LearnedFeatures(Features):
    """32 numbers for an image, by a network that was learned from images like it.

    Its name is `learned_` with the first four characters of its checksum, so that numbers of
    different networks cannot be confused: `fid_learned_3f2a`.

    Args:
        arrays: dict from names to float32 arrays, see `learned_network.vectors`.
        image_shape: (height, width, channels) of the images that it takes.
    """

    def __init__(self, arrays, image_shape):
        self.arrays = {name: np.asarray(arrays[name], np.float32) for name in sorted(arrays)}
        constants = {name: tf.constant(array) for name, array in self.arrays.items()}
        shape = seen_shape(image_shape)
        checksum = checksum_of([np.asarray(image_shape), *self.arrays.values()])
        super().__init__(
            f"learned_{checksum[:4]}",
            lambda images: vectors(to_range(to_seen(images, shape)), constants),
            checksum=checksum,
            image_shape=image_shape,
        )

    def save(self, path):
        """Writes a `.npz` file that `features.from_file` reads, atomically.

        Raises:
            OSError: the file cannot be written.
        """
        with atomic_write(path) as beside, open(beside, "wb") as file:
            np.savez(file, version=np.int64(_VERSION), image_shape=self.image_shape, **self.arrays)


def learned(images, *, seed=0, steps=STEPS, keep=True):
    """Features learned from images: once for each set of images, then read from the cache.

    Learning takes minutes, and a line on stderr shows how it gets on. The same images, seed and
    machine give the same features, so a killed process begins again and gets the same.

    Never learn from images that are to be measured, nor from generated ones.

    Args:
        images: uint8 (n, height, width) or with channels, 200 or more. Of more than 10,000 images
            that many are drawn.
        seed: of the learning.
        steps: of 64 images.
        keep: whether to look in the cache, and to keep the features there: $GAN_MODEL_CACHE, else
            $XDG_CACHE_HOME/gan-model, else ~/.cache/gan-model.

    Returns:
        `LearnedFeatures`.

    Raises:
        ValueError: images of another type or shape, fewer than 200, or all the same.
    """
    images = lazy_subset(with_channels(images, None, "learned"), _MOST)
    if len(images) < LEAST_TO_LEARN_FROM:
        raise ValueError(
            f"Features are learned from {LEAST_TO_LEARN_FROM} images or more. Received: "
            f"{len(images)}. For fewer images type metrics.measures(images, 'sliced'), or "
            "--features sliced."
        )
    if not keep:
        return _learn(images, seed, steps)
    entry = cache_folder() / f"features-{_key(images, seed, steps)}"
    path = entry / "features.npz"
    with contextlib.suppress(ValueError):  # before the lock: a cache may be there to read alone
        return from_file(path)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # the cache cannot be written, which `save` tells
            stack.enter_context(locked(entry, waiting=_WAITING))
        with contextlib.suppress(ValueError):
            return from_file(path)
        features = _learn(images, seed, steps)
        try:
            features.save(path)
        except OSError as error:
            reason = error.strerror or error
            print(f"Learned features cannot be kept in {entry}: {reason}.", file=sys.stderr)
        return features


def from_file(path):
    """The `LearnedFeatures` of a file that `LearnedFeatures.save` has written.

    Raises:
        ValueError: there is no such file, or it is damaged or not of learned features.
    """
    try:
        with np.load(io.BytesIO(expanded(path).read_bytes()), allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        version, shape = int(arrays.pop("version")), arrays.pop("image_shape")
        if version != _VERSION:
            raise ValueError(f"its version is {version}, and this package reads {_VERSION}")
        features = LearnedFeatures(arrays, tuple(shape.tolist()))
        features(np.zeros((1, *features.image_shape), np.uint8))
        return features
    except _DAMAGE as error:
        reason = getattr(error, "strerror", None) or reason_of(error)
        raise ValueError(f"{path} cannot be read as learned features: {reason}.") from None


def _key(images, seed, steps):
    digest = hashlib.sha256(f"{_VERSION} {seed} {steps} {images.shape}".encode())
    for chunk in chunks(images):
        digest.update(np.ascontiguousarray(chunk))
    return digest.hexdigest()


def _learn(images, seed, steps):
    shape = seen_shape(images.shape[1:])
    # Rounded, as a tenth of the memory of float32 is worth more than half a grey level.
    seen = np.concatenate(
        [
            np.rint(to_seen(images[first : first + _BLOCK], shape)).astype(np.uint8)
            for first in range(0, len(images), _BLOCK)
        ]
    )
    if all(np.array_equal(image, seen[0]) for image in seen):  # stops at the first other one
        raise ValueError("All images are the same, so there is nothing to learn from them.")
    began = time.perf_counter()
    with _shown(f"Learning features from {len(images):,} images (once)", steps) as tell:
        features = LearnedFeatures(learn(seen, seed=seed, steps=steps, tell=tell), images.shape[1:])
    seconds = time.perf_counter() - began
    print(
        f"Features learned from {len(images):,} images in {seconds:.0f} s: {features.name}",
        file=sys.stderr,
    )
    return features


@contextlib.contextmanager
def _shown(line, steps):
    """Gives a function of the steps done, which moves a bar where stderr is a terminal."""
    if not sys.stderr.isatty():
        print(f"{line}...", file=sys.stderr, flush=True)
        yield None
        return
    columns = TextColumn("{task.description}"), BarColumn(None), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(line, total=steps)
        yield lambda done: shown.update(task, completed=done)
