"""A cluster that the environment names -> the strategy of this process, one of its workers."""

import contextlib
import json
import os
import socket
import time

import grpc
import tensorflow as tf

from gan_model import keras_internals
from gan_model.storage.messages import reason_of

# Tries again each second, and not through the proxy of web pages.
_CHANNEL = (("grpc.max_reconnect_backoff_ms", 1000), ("grpc.enable_http_proxy", 0))
_HEARTBEAT = 15  # seconds without a sign of life after which a worker counts as dead
_CLUSTER = '{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}'


def resolver():
    """The resolver of a cluster of several workers, or None."""
    if os.environ.get("TF_CONFIG"):
        _check_tf_config(os.environ["TF_CONFIG"])
        found = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    elif int(os.environ.get("SLURM_STEP_NUM_TASKS") or 1) > 1:  # it may be set and empty
        # With these numbers it need not run nvidia-smi, which may be missing.
        gpus = {"gpus_per_node": 1024, "gpus_per_task": 1, "auto_set_gpu": False}
        found = tf.distribute.cluster_resolver.SlurmClusterResolver(**gpus)
    else:
        return None
    return found if found.cluster_spec().num_tasks("worker") > 1 else None


def _check_tf_config(text):
    try:
        settings = json.loads(text)
        workers = settings["cluster"]["worker"]
        task = settings["task"]
        fits = set(settings["cluster"]) == {"worker"} and task["type"] == "worker"
        fits = fits and isinstance(workers, list) and all(map(_is_address, workers))
        fits = fits and 0 <= int(task["index"]) < len(workers)
    except (ValueError, KeyError, TypeError):
        fits = False
    if not fits:
        raise ValueError(
            "TF_CONFIG is not that of one of several workers. "
            f"Received: {text}. Expected, for example: {_CLUSTER}"
        )


def _is_address(text):
    host, _, port = text.rpartition(":") if isinstance(text, str) else ("", "", "")
    return bool(host) and port.isdecimal() and int(port) < 2**16


def connect(resolver, wait):
    """The strategy of this process as one of the workers of a cluster; waits for the others.

    Args:
        resolver: `tf.distribute.cluster_resolver.ClusterResolver`.
        wait: seconds.

    Raises:
        ValueError: this machine has fewer GPUs than workers, or the workers' clusters differ.
        ConnectionError: a worker has not come, or the port of this one is taken.
    """
    addresses = resolver.cluster_spec().job_tasks("worker")
    number = resolver.task_id
    _take_a_gpu(addresses, number)
    if number == 0:
        _await(addresses, wait)
    keras_internals.configure_workers(len(addresses), wait=wait, heartbeat=_HEARTBEAT)
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
        _check_same(addresses, number, wait)
    except (tf.errors.OpError, RuntimeError) as error:
        raise ConnectionError(
            f"Worker {number} of {len(addresses)} could not join the others. Is the port of "
            f"{addresses[number]}, its own, free, and does worker 0 run at {addresses[0]}? "
            f"TensorFlow said: {reason_of(error)}"
        ) from error
    return strategy


def exchange_via_coordinator(topic, text, *, number, others, wait=60):
    """The texts of other workers, dict by number; each worker must ask once for a topic.

    The chief has the service that carries them, so it is the last to end.

    Args:
        topic: of the text.
        text: of this worker.
        number: of this worker.
        others: numbers of those that this worker hears.
        wait: seconds.

    Raises:
        tf.errors.OpError: a worker has not told its text, or has not read the chief's.
    """
    key = "gan-model/{}/{}".format
    keras_internals.tell_workers(key(topic, number), text)
    told = {one: keras_internals.told_by_worker(key(topic, one), wait=wait) for one in others}
    # The chief may exit before it replies. That is fine: its text is here already.
    with contextlib.suppress(tf.errors.UnavailableError):
        keras_internals.tell_workers(key(f"{topic} was read", number), "")
    for other in others if number == 0 else ():
        keras_internals.told_by_worker(key(f"{topic} was read", other), wait=wait)
    return told


def _check_same(addresses, number, wait):
    """Refuses workers that name other workers than the chief: no sum of theirs would work."""
    others = range(1, len(addresses)) if number == 0 else [0]
    told = exchange_via_coordinator(
        "names", json.dumps(addresses), number=number, others=others, wait=wait
    )
    for other, names in zip(told, map(json.loads, told.values()), strict=True):
        if names != addresses:
            raise ValueError(
                "All workers of a run name the same workers in TF_CONFIG, but worker "
                f"{number} has {', '.join(addresses)} and worker {other} {', '.join(names)}."
            )


def _take_a_gpu(addresses, number):
    """Shows TensorFlow one GPU, another for each worker of this machine."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return
    hosts = [address.rpartition(":")[0] for address in addresses]
    before = hosts[:number].count(hosts[number])
    # Where each process is shown a GPU of its own. Those of `train --workers` are shown the same.
    has_its_own = "CUDA_VISIBLE_DEVICES" in os.environ and "GAN_MODEL_PARENT" not in os.environ
    if len(gpus) == 1 and has_its_own:
        before = 0
    if before >= len(gpus):
        raise ValueError(
            f"This machine has {len(gpus)} GPUs and more workers, of which worker {number} is one. "
            "Start a worker for each GPU."
        )
    tf.config.set_visible_devices(gpus[before], "GPU")


def _await(addresses, wait):
    """Waits until each of the other workers listens: TensorFlow's chief would wait without end.

    Raises:
        ConnectionError: one does not, or another program listens at its address.
    """
    deadline = time.monotonic() + wait
    for number, address in enumerate(addresses[1:], start=1):
        left = max(1.0, deadline - time.monotonic())
        with grpc.insecure_channel(address, _CHANNEL) as channel:
            try:
                grpc.channel_ready_future(channel).result(timeout=left)
            except grpc.FutureTimeoutError:
                raise ConnectionError(
                    f"Worker {number} of {len(addresses)} has not come to {address} within "
                    f"{wait} seconds: {_why_silent(address)}."
                ) from None


def _why_silent(address):
    host, _, port = address.rpartition(":")
    try:
        # An address of IPv6 has brackets.
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except OSError as error:
        return error.strerror or str(error)
    return "another program listens there"
