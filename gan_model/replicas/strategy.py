"""Devices of this machine, or of several -> a `tf.distribute` strategy."""

import tensorflow as tf

from gan_model.replicas import cluster

_WAIT = 600  # seconds


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
            `TF_CONFIG` is not one, or not that of the other workers.
        ConnectionError: a worker has not come, or the port of this one is taken.
    """
    resolver = cluster.resolver()
    if resolver is not None:
        if devices not in (None, 1):
            raise ValueError(
                f"A worker has one device, not {devices}. Start a worker for each device."
            )
        return cluster.connect(resolver, wait)
    gpus = tf.config.list_physical_devices("GPU")
    wanted = max(1, len(gpus)) if devices is None else devices
    if gpus and wanted > len(gpus):
        raise ValueError(f"This machine has {len(gpus)} GPUs, not {devices}.")
    if wanted == 1:
        return tf.distribute.get_strategy()
    if not gpus:
        cpu, *_ = tf.config.list_physical_devices("CPU")
        logical = [tf.config.LogicalDeviceConfiguration()] * wanted
        tf.config.set_logical_device_configuration(cpu, logical)
    kind = "GPU" if gpus else "CPU"
    return tf.distribute.MirroredStrategy([f"{kind}:{number}" for number in range(wanted)])
