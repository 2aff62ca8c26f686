"""A cluster that the environment names -> the strategy of this process, one of its workers."""

import contextlib
import json
import os
import socket
import time

import tensorflow as tf
from tensorflow.compiler.xla.tsl.protobuf.coordination_config_pb2 import CoordinatedJob
from tensorflow.python.eager import context

from gan_model.storage.messages import reason_of

_HEARTBEAT = 15  # seconds without a sign of life after which a worker counts as dead
_CLUSTER = '{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}'
# Both sides of HTTP/2, which gRPC speaks, begin with a frame of settings (RFC 9113, 3.4 and 6.5).
_SETTINGS = b"\4"
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0" + _SETTINGS + bytes(5)


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


def joined(resolver, wait):
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
    # TensorFlow has no public name for how long it waits.
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader="/job:worker/replica:0/task:0",
        cluster_register_timeout_in_ms=wait * 1000,
        heartbeat_timeout_in_ms=_HEARTBEAT * 1000,
        shutdown_barrier_timeout_in_ms=_HEARTBEAT * 1000,
        coordinated_jobs=[CoordinatedJob(name="worker", num_tasks=len(addresses))],
    )
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


def exchanged(topic, text, *, number, others, wait=60):
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
    service, key = context.context(), "gan-model/{}/{}".format
    service.set_config_key_value(key(topic, number), text)
    told = {other: service.get_config_key_value(key(topic, other), wait * 1000) for other in others}
    # The chief may end as soon as it has this, before it has answered. This worker has heard it.
    with contextlib.suppress(tf.errors.UnavailableError):
        service.set_config_key_value(key(f"{topic} was read", number), "")
    for other in others if number == 0 else ():
        service.get_config_key_value(key(f"{topic} was read", other), wait * 1000)
    return told


def _check_same(addresses, number, wait):
    """Refuses workers that name other workers than the chief: no sum of theirs would work."""
    others = range(1, len(addresses)) if number == 0 else [0]
    told = exchanged("names", json.dumps(addresses), number=number, others=others, wait=wait)
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
        while (reason := _silence(address)) and time.monotonic() < deadline:
            time.sleep(0.5)
        if reason:
            raise ConnectionError(
                f"Worker {number} of {len(addresses)} has not come to {address} within "
                f"{wait} seconds: {reason}."
            )


def _silence(address):
    """Why no server of TensorFlow answers at an address; None where one does."""
    host, _, port = address.rpartition(":")
    try:
        # An address of IPv6 has brackets.
        with socket.create_connection((host.strip("[]"), int(port)), timeout=5) as connection:
            connection.sendall(_GREETING)
            kind = connection.recv(9)[3:4]
    except OSError as error:
        return error.strerror or str(error)
    return None if kind == _SETTINGS else "another program listens there"
