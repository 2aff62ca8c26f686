"""Devices of this machine, or of several -> a `tf.distribute` strategy."""

import json
import os
import socket
import time

import tensorflow as tf
from tensorflow.compiler.xla.tsl.protobuf.coordination_config_pb2 import CoordinatedJob
from tensorflow.python.eager import context

_HEARTBEAT = 15  # seconds without a sign of life after which a worker counts as dead
_WAIT = 600  # seconds
_CLUSTER = '{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}'


def strategy(devices=None, *, wait=_WAIT):
    """The `tf.distribute` strategy of this process; the default one for one device.

    Call it before TensorFlow uses a device, and make and compile the GAN in its `scope()`.

    Where the environment variable `TF_CONFIG` names several workers, or Slurm has started several
    tasks, this process is one of these workers and waits for the others. A worker has one device:
    on a machine with several GPUs start one worker for each.

    Args:
        devices: number of devices of this machine. None: all GPUs, or one device where there is no
            GPU. Where there is none, more than one are logical CPUs, which share the cores: for a
            trial.
        wait: seconds to wait for the other workers.

    Raises:
        ValueError: there are fewer GPUs than devices, or than workers of this machine; or
            `TF_CONFIG` is not one.
        ConnectionError: a worker has not come, or the port of this one is taken.
    """
    resolver = _cluster()
    if resolver is not None:
        if devices not in (None, 1):
            raise ValueError(
                f"A worker has one device. Received: devices={devices}. Start a worker for each."
            )
        return _of_workers(resolver, wait)
    gpus = tf.config.list_physical_devices("GPU")
    wanted = max(1, len(gpus)) if devices is None else devices
    if gpus and wanted > len(gpus):
        raise ValueError(f"This machine has {len(gpus)} GPUs. Received: devices={devices}.")
    if wanted == 1:
        return tf.distribute.get_strategy()
    if not gpus:
        cpu, *_ = tf.config.list_physical_devices("CPU")
        logical = [tf.config.LogicalDeviceConfiguration()] * wanted
        tf.config.set_logical_device_configuration(cpu, logical)
    kind = "GPU" if gpus else "CPU"
    return tf.distribute.MirroredStrategy([f"{kind}:{number}" for number in range(wanted)])


def _cluster():
    """The resolver of a cluster of several workers, or None."""
    if os.environ.get("TF_CONFIG"):
        _check_tf_config(os.environ["TF_CONFIG"])
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    elif int(os.environ.get("SLURM_STEP_NUM_TASKS", 1)) > 1:
        # Told that there are enough, it does not ask nvidia-smi, which is not everywhere.
        gpus = {"gpus_per_node": 1024, "gpus_per_task": 1, "auto_set_gpu": False}
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(**gpus)
    else:
        return None
    several = resolver.cluster_spec().num_tasks("worker") > 1
    return resolver if several else None


def _check_tf_config(text):
    try:
        settings = json.loads(text)
        workers = settings["cluster"]["worker"]
        task = settings["task"]
        fits = set(settings["cluster"]) == {"worker"} and task["type"] == "worker"
        fits = fits and isinstance(workers, list) and all(isinstance(one, str) for one in workers)
        fits = fits and 0 <= int(task["index"]) < len(workers)
    except (ValueError, KeyError, TypeError):
        fits = False
    if not fits:
        raise ValueError(
            "TF_CONFIG is not that of one of several workers. "
            f"Received: {text}. Expected, for example: {_CLUSTER}"
        )


def _of_workers(resolver, wait):
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
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except (tf.errors.OpError, RuntimeError) as error:
        raise ConnectionError(
            f"Worker {number} of {len(addresses)} could not join the others. Is the port of "
            f"{addresses[number]}, its own, free, and does worker 0 run at {addresses[0]}? "
            f"TensorFlow said: {str(error).splitlines()[0]}"
        ) from error


def _take_a_gpu(addresses, number):
    """Shows TensorFlow one GPU, another for each worker of this machine."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return
    hosts = [address.rpartition(":")[0] for address in addresses]
    before = hosts[:number].count(hosts[number])
    if before >= len(gpus):
        raise ValueError(
            f"This machine has {len(gpus)} GPUs and more workers, of which worker {number} is one. "
            "Start a worker for each GPU."
        )
    tf.config.set_visible_devices(gpus[before], "GPU")


def _await(addresses, wait):
    """Waits until each of the other workers listens: TensorFlow's chief would wait without end.

    Raises:
        ConnectionError: one does not.
    """
    deadline = time.monotonic() + wait
    for number, address in enumerate(addresses[1:], start=1):
        host, _, port = address.rpartition(":")
        while True:
            try:
                socket.create_connection((host, int(port)), timeout=5).close()
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ConnectionError(
                        f"Worker {number} of {len(addresses)} has not come to {address} within "
                        f"{wait} seconds: {error.strerror or error}."
                    ) from error
                time.sleep(0.5)
