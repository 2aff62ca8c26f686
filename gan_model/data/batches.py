"""Images in memory or on disk -> shuffled batches, in an order that resumes.

Every batch of a run has a number, counted from 0 and never reset. Batch `b` belongs to pass
`b // steps_per_epoch` over the images, and the order of a pass is a permutation of *all*
images drawn from (seed, pass) alone. So whoever knows the number of the next batch can go on
exactly where another process stopped.
"""

import math
import weakref

import numpy as np
import tensorflow as tf

from gan_model.storage.serializable import is_integer

_READ_BYTES = 2**19  # about what is read at a time
_AHEAD = 8  # batches read before they are asked for


def dataset(images, labels=None, *, batch_size=32, seed=0, shuffle=True, drop_remainder=True):
    """Batches of images for `GAN.fit`, shuffled over all images.

    Args:
        images: uint8 array or memmap (n, height, width) or (n, height, width, channels); or
            what `data.load` takes, a name or the path of a folder, for its training images
            and their labels.
        labels: integers (n,), handed on beside an array of images. None: the batches hold images
            only.
        batch_size: images in a batch.
        seed: of the order. The same seed gives the same order on any machine.
        shuffle: False keeps the order of the array, for every pass.
        drop_remainder: leave out the images that do not fill a last batch; in a shuffled
            order these are others in each pass.

    Returns:
        `ImageBatches`, a `tf.data.Dataset` of one pass.

    Raises:
        ValueError: no images, fewer images than one batch, labels of another length, or labels
            for a name or a folder.
    """
    if isinstance(images, str) or hasattr(images, "__fspath__"):
        # Here, not above: arrays need none of the readers.
        from gan_model.data.sources import load

        if labels is not None:
            raise ValueError(f"{images} has labels of its own. Leave labels out.")
        (images, labels), _ = load(images)
    return ImageBatches(
        images,
        labels,
        batch_size=batch_size,
        seed=seed,
        shuffle=shuffle,
        drop_remainder=drop_remainder,
    )


class ImageBatches(tf.data.Dataset):
    """One pass over the images as a `tf.data.Dataset`; each new iteration is the next pass.

    `GAN.fit` does not count iterations: it asks for `epochs_from`, whose position is the step
    of the model. See `dataset` for the arguments.
    """

    def __init__(self, images, labels=None, *, batch_size, seed, shuffle, drop_remainder):
        labels = None if labels is None else np.asarray(labels)
        _check_numbers(batch_size=batch_size, seed=seed)
        batch_size, seed = int(batch_size), int(seed)  # numpy's could overflow
        _check(images, labels, batch_size, drop_remainder)
        self.images, self.labels = images, labels
        self.batch_size, self.seed, self.shuffle = batch_size, seed, shuffle
        full, rest = divmod(len(images), batch_size)
        self.steps_per_epoch = full if drop_remainder or not rest else full + 1
        self._drop_remainder = drop_remainder
        self._order_drawn = None, None  # number of a pass, and its order
        # TensorFlow holds this function for as long as the process lives, so it must not hold the
        # images. The pipeline does, by its method `_batches`, and so does whatever reads from it.
        self._read = _weakly(self._rows)
        self._passes_begun = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._pipeline = self._one_epoch(self._begin_next_pass, self.steps_per_epoch)
        super().__init__(tf.data.experimental.to_variant(self._pipeline))

    def in_order(self):
        """The same images, all of them, in the order of the array: for evaluation."""
        if not (self.shuffle or self._drop_remainder):
            return self
        how = {"batch_size": self.batch_size, "seed": self.seed}
        return ImageBatches(self.images, self.labels, **how, shuffle=False, drop_remainder=False)

    def epochs_from(self, step, steps_per_epoch=None, *, worker=0, workers=1):
        """A dataset of which each iteration is one epoch, beginning at batch number `step`.

        Args:
            step: integer `tf.Variable`, read when an iteration begins: the number of batches
                that the run has used so far.
            steps_per_epoch: batches in an epoch, where it is not one pass. The next epoch
                goes on where this one ended, in the middle of a pass or across passes.
            worker, workers: number of a worker among so many, which reads its rows of each batch:
                the same number as the others where they divide, otherwise fewer or none.
        """
        return self._one_epoch(lambda: tf.cast(step, tf.int64), steps_per_epoch, worker, workers)

    def passes_of(self, worker, workers):
        """The dataset itself, with the rows of a worker only; see `epochs_from`."""
        return self._one_epoch(self._begin_next_pass, self.steps_per_epoch, worker, workers)

    def _inputs(self):
        return [self._pipeline]

    @property
    def element_spec(self):
        return self._pipeline.element_spec

    def _begin_next_pass(self):
        return (self._passes_begun.assign_add(1) - 1) * self.steps_per_epoch

    def _one_epoch(self, first_batch, steps, worker=0, workers=1):
        steps = steps or self.steps_per_epoch

        def batch_numbers(_):
            # A flat_map over one element, so that the position is read once, at the start.
            first = first_batch()
            return tf.data.Dataset.range(first, first + steps)

        options = tf.data.Options()
        # The autotuning thread sleeps longer the longer an epoch lasts. The next epoch makes a new
        # iterator, which waits for that thread: up to 9 seconds after an epoch of 12.
        options.autotune.enabled = False
        stacks = (
            tf.data.Dataset.from_tensors(0)
            .flat_map(batch_numbers)
            .batch(self._batches_a_read())
            .map(
                lambda numbers: self._batches(numbers, worker, workers),
                num_parallel_calls=1,
                deterministic=True,
            )
        )
        # Of a batch without rows `unbatch` dies (TensorFlow 2.21).
        batches = stacks.unbatch() if workers == 1 else stacks.flat_map(_each)
        return (
            batches.apply(tf.data.experimental.assert_cardinality(steps))
            .prefetch(_AHEAD)
            .with_options(options)
        )

    def _batches_a_read(self):
        # One call into Python for many small batches; a last batch that is not full can't be
        # stacked with others.
        if not self._drop_remainder:
            return 1
        image_bytes = math.prod(self.images.shape[1:]) * self.images.dtype.itemsize
        return max(1, _READ_BYTES // (self.batch_size * image_bytes))

    def _batches(self, numbers, worker, workers):
        arrays = [self.images] if self.labels is None else [self.images, self.labels]
        kinds = [tf.as_dtype(array.dtype) for array in arrays]
        stacks = tf.numpy_function(self._read, [numbers, worker, workers], kinds, stateful=False)
        count = self.batch_size if self._drop_remainder and workers == 1 else None
        for stack, array in zip(stacks, arrays, strict=True):
            stack.set_shape((None, count, *array.shape[1:]))
        return stacks[0] if self.labels is None else tuple(stacks)

    def _rows(self, numbers, worker, workers):
        rows = np.stack([self._rows_of(number) for number in numbers])
        size = -(-rows.shape[1] // workers)
        rows = rows[:, worker * size : (worker + 1) * size]
        return [_native(array[rows]) for array in (self.images, self.labels) if array is not None]

    def _rows_of(self, number):
        number_of_pass, position = divmod(int(number), self.steps_per_epoch)
        return self._order(number_of_pass)[position * self.batch_size :][: self.batch_size]

    def _order(self, number_of_pass):
        if not self.shuffle:
            return np.arange(len(self.images))
        # Kept for the length of a pass: drawing it takes longer than a batch. Read once and
        # written once, as another thread may be reading another pass.
        drawn_for, order = self._order_drawn
        if drawn_for != number_of_pass:
            bits = np.random.Philox(key=[self.seed, number_of_pass])
            order = np.random.Generator(bits).permutation(len(self.images))
            self._order_drawn = number_of_pass, order
        return order


def _native(array):
    # TensorFlow takes the bytes as they are, whatever their order.
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _each(*stacks):
    return tf.data.Dataset.from_tensor_slices(stacks if len(stacks) > 1 else stacks[0])


def _weakly(method):
    """A function that calls a method and does not keep the object of the method alive."""
    reference = weakref.WeakMethod(method)

    def call(*arguments):
        method = reference()
        if method is None:
            # A thread that reads ahead for an iterator that is gone too. Of this error alone
            # TensorFlow writes nothing to the screen.
            raise StopIteration("The dataset that these batches come from is gone. Keep it.")
        return method(*arguments)

    return call


def _check_numbers(**given):
    for name, number in given.items():
        if not is_integer(number):
            raise ValueError(f"`{name}` is an integer. Received: {name}={number!r}. Type 32.")
    if not 0 <= given["seed"] < 2**32:
        raise ValueError(f"`seed` is 0 or more and below 2**32. Received: seed={given['seed']}.")


def _check(images, labels, batch_size, drop_remainder):
    if not isinstance(images, np.ndarray):
        raise ValueError(
            f"Batches are made of a numpy array. Received: images as {type(images).__name__}. "
            "Type dataset(np.asarray(images))."
        )
    if batch_size < 1:
        raise ValueError(f"`batch_size` counts images, so it is 1 or more. Received: {batch_size}.")
    if len(images) == 0:
        raise ValueError(f"There are no images: the array has the shape {images.shape}.")
    if drop_remainder and len(images) < batch_size:
        raise ValueError(
            f"{len(images)} images do not fill one batch of {batch_size}. "
            f"Use a smaller batch, of {len(images)} images at most."
        )
    if labels is not None and len(labels) != len(images):
        raise ValueError(
            f"{len(labels)} labels came with {len(images)} images; there must be one for each."
        )
