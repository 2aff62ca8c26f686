"""Processes with a device each -> one that decides, others that follow."""

import functools
import json
import re

import numpy as np
import tensorflow as tf

from gan_model.keras_internals import without_registry_leak
from gan_model.replicas import cluster


class Workers:
    """The processes that run each training step together.

    All of them must call the methods of this class in the same order.

    Args:
        strategy: `tf.distribute.Strategy`.

    Attributes:
        count: number of workers; 1 where this process is alone.
        number: of this process, from 0.
        addresses: host and port of each.
    """

    def __init__(self, strategy):
        several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
        resolver = strategy.cluster_resolver if several else None
        self.addresses = resolver.cluster_spec().job_tasks("worker") if several else [""]
        self.count = len(self.addresses)
        self.number = resolver.task_id if several else 0
        self._strategy = strategy
        of_integers = functools.partial(
            tf.function, input_signature=[tf.TensorSpec([None], tf.int64)]
        )
        self._sum = without_registry_leak(of_integers, self._summed)

    @property
    def is_chief(self):
        """Whether this worker decides and writes: worker 0."""
        return self.number == 0

    def from_chief(self, arrays):
        """Arrays of the chief, to the bit, on all workers.

        Args:
            arrays: list of numpy arrays; those of other workers only tell shapes and types.
        """
        if self.count == 1:
            return arrays
        each = [_packed(array) for array in arrays]
        packed = np.concatenate(each)
        received = self._sum(packed if self.is_chief else np.zeros_like(packed)).numpy()
        ends = np.cumsum([len(one) for one in each])
        parts = np.split(received, ends[:-1])
        return [
            np.frombuffer(part.tobytes()[: array.nbytes], array.dtype).reshape(array.shape)
            for part, array in zip(parts, arrays, strict=True)
        ]

    def broadcast_int(self, number):
        """The integer that the chief has."""
        return int(self.from_chief([np.array(number)])[0])

    def all_gather_text(self, text):
        """The text of each worker, a list on all of them."""
        if self.count == 1:
            return [text]
        mine = np.frombuffer(text.encode(), np.uint8).astype(np.int64)
        sizes = self._rows(np.array([len(mine)]))[:, 0]
        rows = self._rows(np.pad(mine, (0, max(sizes) - len(mine))))
        return [
            bytes(row[:size].astype(np.uint8)).decode()
            for row, size in zip(rows, sizes, strict=True)
        ]

    def check_same(self, settings):
        """Refuses workers that do not do the same.

        Args:
            settings: dict of what must be the same on all workers; values that JSON knows.

        Raises:
            ValueError: some differ, and in what.
        """
        if self.count == 1:
            return
        chiefs, *others = map(json.loads, self.all_gather_text(json.dumps(settings)))
        differing = [
            f"{name} is {chiefs.get(name)} on worker 0 and {value} on worker {number}"
            for number, of_worker in enumerate(others, start=1)
            for name, value in of_worker.items()
            if value != chiefs.get(name)
        ]
        if differing:
            self.barrier()
            raise ValueError(
                f"The workers of a run do the same, but {'; '.join(differing)}. Start all of them "
                "with the same command, on the same images."
            )

    def barrier(self):
        """Waits until no worker needs another one any more; called last.

        A worker that has its sum may end while another one is still receiving it, whose sum then
        fails.
        """
        if self.count == 1:
            return
        self.all_gather_text("done")  # without a limit: the others may have much to do
        others = [number for number in range(self.count) if number != self.number]
        cluster.exchange_via_coordinator("done", "", number=self.number, others=others)

    def describe_failure(self, error):
        """One sentence on the worker that a collective could not reach.

        Args:
            error: `tf.errors.OpError`.
        """
        found = re.search(r"/job:worker/replica:0/task:(\d+)", str(error))
        number = int(found[1]) if found else None
        if number is None or number == self.number:
            return (
                f"Worker {self.number} of {self.count} failed, or lost the others: {_what(error)}"
            )
        return f"Worker {number} of {self.count}, {self.addresses[number]}, no longer answers."

    def _rows(self, row):
        """A row of integers from each worker, (count, len(row))."""
        rows = np.zeros((self.count, len(row)), np.int64)
        rows[self.number] = row
        return self._sum(rows.reshape(-1)).numpy().reshape(rows.shape)

    def _summed(self, values):
        def add(of_worker):
            # The copy is on the device of the worker; TensorFlow asks an argument for its device.
            return tf.distribute.get_replica_context().all_reduce("SUM", tf.identity(of_worker))

        summed = self._strategy.run(add, args=(values,))
        return self._strategy.experimental_local_results(summed)[0]


def _what(error):
    """The line of an error of TensorFlow that says what happened, not where."""
    lines = [line.strip() for line in str(error).splitlines() if _says_what(line)]
    return lines[0] if lines else type(error).__name__


def _says_what(line):
    where = "Graph execution error", "Detected at node", "<stack traces"
    if line.startswith("  (0) "):  # the first of several root errors
        return True
    several = line.endswith("root error(s) found.")
    return bool(line[:1].strip()) and not line.startswith(where) and not several


def _packed(array):
    # Sums of integers with zeros are exact, also for the bits of -0.0 and NaN.
    return np.frombuffer(array.tobytes() + bytes(-array.nbytes % 8), np.int64)
