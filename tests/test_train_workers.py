"""Several processes that train one GAN: the same run as of one device, and what ends it."""

import contextlib
import importlib.metadata
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import tensorflow as tf
from forked import Forked
from processes import (
    PATIENCE,
    REPOSITORY,
    environment,
    finish,
    gan_model,
    images_in,
    program,
    start,
    train,
    wait_for,
)
from tensorflow.python.eager import context

from gan_model import commands
from gan_model.callbacks.checkpoints import saved
from gan_model.commands import local_workers
from gan_model.commands.local_workers import as_one, free_ports
from gan_model.commands.program import Program
from gan_model.replicas import Workers, cluster, strategy
from gan_model.runs import RunFolder
from gan_model.storage import checkpoint

SEVERAL = "--preset", "dense", "--codings-size", 2000, "--steps-per-epoch", 20
# What is not as it is on two devices of one process, which test_devices has; the first trains too.
LAWS = [
    "uneven_batches",
    "each_worker_reads_its_rows",
    "sums_of_a_step",
]
MORE_LAWS = [
    "penalties_by_hand",
    "adaptive_augmentation",
    "average_of_both",
    "dirac_by_hand",
    "turns_by_hand",
    "mean_scores_of_all",
    "accumulated",
    "several_steps_in_a_call",
]
PRESETS = [
    "sums_of_a_modern_step",
    "same_as_one_device",
    "fifty_steps",
    "clipped",
    "clipped_by_value",
    "bounded_discriminator",
    "xla_is_refused",
    "in_bfloat16",
]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return images_in(tmp_path_factory.mktemp("data") / "images", count=40)


def tf_config(addresses, number):
    task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
    return json.dumps(task)


def free_addresses(count):
    return [f"localhost:{port}" for port in free_ports(count)]


def finish_both(*lines, places=None):
    """How the commands of the workers of one cluster end: status, output and errors of each.

    `places` has the variables of each worker's environment; None: those of TensorFlow.
    """
    addresses, ends = free_addresses(len(lines)), []
    places = places or [{"TF_CONFIG": tf_config(addresses, n)} for n in range(len(lines))]
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(Forked(line, env=environment() | variables))
            for line, variables in zip(lines, places, strict=True)
        ]
        for process in processes:
            output, errors = process.communicate(timeout=PATIENCE)
            ends.append((process.returncode, output, errors))
    return ends


@pytest.mark.slow
@pytest.mark.parametrize("cases", [LAWS, pytest.param(MORE_LAWS + PRESETS, marks=pytest.mark.soak)])
def test_two_workers_are_one_device(cases, tmp_path):
    line = program("two_devices.py", tmp_path, *cases)
    for status, output, errors in finish_both(line, line):
        assert output.splitlines() == [f"{case}: passed" for case in cases], errors
        assert status == 0


def ended(run_dir):
    """The arrays of the last checkpoint, and its history."""
    arrays, about = checkpoint.read(saved(run_dir / "checkpoints")[-1])
    return {name: array.tobytes() for name, array in arrays.items()}, about["history"]


def workers_of(process):
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


def kill_one(line, run_dir, rng, *, epochs):
    """Kills the chief or the other when more epochs are done; gives which, and what was printed."""
    folder = RunFolder(run_dir)
    due = folder.epochs_done() + epochs
    with start(line) as process:
        wait_for(lambda: folder.epochs_done() >= due, process)
        # In the epoch that has begun, or at its end: a fast machine soon comes to that of the run.
        moment = time.monotonic() + rng.uniform(0, 1)
        wait_for(lambda: time.monotonic() >= moment or folder.epochs_done() > due, process)
        victim = rng.randrange(2)
        os.kill(workers_of(process)[victim], signal.SIGKILL)
        output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, (output, errors)
    return victim, errors


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it takes Linux to find the workers")
@pytest.mark.soak
@pytest.mark.parametrize("kills", [1, 10])
def test_a_run_whose_workers_are_killed_ends_like_one_that_never_was(images, tmp_path, kills):
    def line(name):
        return train(images, tmp_path / name, *SEVERAL, "--workers", 2, "--epochs", 4 * kills)

    whole = finish(line("whole"))
    assert (whole.returncode, whole.stderr) == (0, ""), whole
    rng = random.Random(kills)
    for number in range(kills):  # the second while they start
        epochs = 0 if number == 1 else 1
        victim, errors = kill_one(line("killed"), tmp_path / "killed", rng, epochs=epochs)
        assert f"Worker {victim} of 2" in errors
        assert ". Finished epochs are kept; to go on: " in errors
        assert "--workers 2" in errors and "Traceback" not in errors
    again = finish(line("killed"))
    assert (again.returncode, again.stderr) == (0, ""), again
    assert ended(tmp_path / "killed") == ended(tmp_path / "whole")
    files = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == files


@pytest.mark.slow
@pytest.mark.soak
def test_workers_that_die_in_a_checkpoint_or_an_evaluation(images, tmp_path):
    """Three deaths of one run, which ends like one without."""
    dies = tmp_path / "dies"
    dies.mkdir()

    def train_in(name):
        _, _, _, *options = train(images, tmp_path / name, *SEVERAL, "--workers", 2, "--epochs", 5)
        line = program("dying_workers.py", "train", *options)
        return finish(line, variables={"DIES": str(dies)})

    whole = train_in("whole")
    assert whole.returncode == 0, whole.stderr
    for victim, place, count in ((0, "checkpoint", 2), (1, "evaluation", 2), (0, "evaluation", 2)):
        (dies / f"{place}-{victim}").write_text(str(count))
        killed = train_in("killed")
        assert killed.returncode == 1 and not any(dies.iterdir()), killed
        assert f"Worker {victim} of 2" in killed.stderr and "Traceback" not in killed.stderr
    again = train_in("killed")
    assert again.returncode == 0, again.stderr
    assert ended(tmp_path / "killed") == ended(tmp_path / "whole")


@pytest.fixture
def hosts():
    """Two network namespaces with a cable between them: names and addresses."""
    if sys.platform != "linux" or os.geteuid() or not shutil.which("ip"):
        pytest.skip("Network namespaces take Linux, root and iproute2.")
    names = [f"gan-model-{os.getpid()}-{number}" for number in range(2)]
    ends = [f"gan{os.getpid()}-{number}" for number in range(2)]
    with contextlib.ExitStack() as stack:
        for name in names:
            if ip("netns", "add", name, check=False).returncode:
                pytest.skip("This machine does not let a test make network namespaces.")
            stack.callback(ip, "netns", "del", name)
        peer = "peer", "name", ends[1], "netns", names[1]
        ip("link", "add", ends[0], "netns", names[0], "type", "veth", *peer)
        addresses = [f"10.77.{os.getpid() % 250}.{number}" for number in (1, 2)]
        for name, end, address in zip(names, ends, addresses, strict=True):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", end)
            ip("-n", name, "link", "set", end, "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names, ends, addresses


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True)


@pytest.mark.slow
@pytest.mark.soak
def test_a_cut_connection_ends_both_hosts(hosts, images, tmp_path):
    names, ends, addresses = hosts
    places = [f"{address}:2222" for address in addresses]
    runs = [tmp_path / "chief", tmp_path / "other"]  # hosts without a shared disk
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(
                start(
                    ["ip", "netns", "exec", name, *train(images, run, *SEVERAL, "--epochs", 900)],
                    variables={"TF_CONFIG": tf_config(places, number)},
                )
            )
            for number, (name, run) in enumerate(zip(names, runs, strict=True))
        ]
        stack.callback(lambda: [process.kill() for process in processes])
        wait_for(lambda: saved(runs[0] / "checkpoints"), processes[0])
        ip("-n", names[0], "link", "set", ends[0], "down")
        cut = time.monotonic()
        for process in processes:
            _, errors = process.communicate(timeout=PATIENCE)
            assert process.returncode == 1 and "Traceback" not in errors, errors
            assert "Worker " in errors and "; to go on, start all workers again: " in errors
        print(f"both ended {time.monotonic() - cut:.0f} s after the cut", file=sys.stderr)
    assert not runs[1].exists()


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="it takes Linux to find the workers")
@pytest.mark.parametrize("victim", [0, 1])
def test_a_stopped_worker_ends_the_other(images, tmp_path, victim):
    line = train(images, tmp_path / "run", *SEVERAL, "--workers", 2, "--epochs", 90)
    with start(line) as process:
        wait_for(lambda: saved(tmp_path / "run" / "checkpoints"), process)
        os.kill(workers_of(process)[victim], signal.SIGSTOP)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Finished epochs are kept; to go on: " in errors and "Traceback" not in errors
    assert ("Worker 1 of 2, localhost:" in errors) == (victim == 1)


class Sleepers:
    """Stands for a `commands.Program` whose workers only say that they are there, and sleep."""

    words = ("gan-model", "train", "--workers", "2")

    def __init__(self, folder):
        self._folder = folder

    def started(self, arguments):
        assert arguments == ["train"]  # without --workers
        text = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1], str(os.getpid())).touch()"
        return [sys.executable, "-c", f"{text}; time.sleep(90)", str(self._folder)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_all_workers(tmp_path):
    def press():
        while len(os.listdir(tmp_path)) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        local_workers.start(2, Sleepers(tmp_path))
    pressing.join()
    for pid in map(int, os.listdir(tmp_path)):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="it takes Linux to find the workers")
def test_ctrl_c_ends_a_run_of_two_workers(images, tmp_path):
    line = train(images, tmp_path / "run", *SEVERAL, "--workers", 2, "--epochs", 90)
    with start(line) as process:
        due = tmp_path / "run" / "checkpoints"
        wait_for(lambda: len(saved(due)) > 0, process)
        workers = workers_of(process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    stopped = "\npython -m gan_model train: stopped. Finished epochs are kept; to go on: "
    assert errors.startswith(stopped) and " -m gan_model train --data " in errors
    assert not any(os.path.exists(f"/proc/{worker}") for worker in workers)


def test_a_worker_without_its_parent_ends_before_it_looks_for_the_others(tmp_path):
    variables = {"GAN_MODEL_PARENT": "0", "TF_CONFIG": "none"}
    ended = finish(gan_model("train", "--run-dir", tmp_path / "run"), variables=variables)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "")


@pytest.mark.slow
def test_workers_that_differ_are_refused(images, tmp_path):
    others = images_in(tmp_path / "others", count=60)
    lines = [
        train(images, tmp_path / "run", "--preset", "dense", "--seed", 0),
        train(others, tmp_path / "run", "--preset", "dcgan", "--seed", 1),
    ]
    for status, _, errors in finish_both(*lines):
        assert status == 2
        assert " train: The workers of a run do the same, but " in errors
        assert errors.endswith(". Start all of them with the same command, on the same images.\n")
        assert "preset is dense on worker 0 and dcgan on worker 1" in errors
        assert "seed is 0 on worker 0 and 1 on worker 1" in errors
        assert re.search(r"data is (\S+) on worker 0 and (?!\1)\S+ on worker 1", errors)
        assert re.search(
            r"images is 36 images, \w+ on worker 0 and 54 images, \w+ on worker 1", errors
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("package", ["gan-model", "tensorflow"])
def test_workers_of_other_versions_are_refused(package, monkeypatch):
    """The other worker says what this one would with another version."""

    def all_gather_text(workers, text):
        settings = json.loads(text)
        return [text, json.dumps(settings | {package: "0.0.1"})]

    monkeypatch.setattr(Workers, "count", 2, raising=False)
    monkeypatch.setattr(Workers, "all_gather_text", all_gather_text)
    monkeypatch.setattr(Workers, "barrier", lambda self: None)
    monkeypatch.setattr(Workers, "__init__", lambda self, strategy: None)
    program = Program(["gan-model", "train"])
    version = importlib.metadata.version(package)
    refused = f"{package} is {version} on worker 0 and 0.0.1 on worker 1. Start all"
    with pytest.raises(ValueError, match=re.escape(refused)):
        with as_one(None, {}, program):
            pytest.fail("it has begun")


@pytest.mark.slow
def test_tasks_of_slurm_are_workers():
    lines = [program("join.py", text) for text in ("the chief", "äöü, a longer text")]
    tasks = [
        {
            "SLURM_PROCID": str(number),
            "SLURM_STEP_NUM_TASKS": "2",
            "SLURM_STEP_TASKS_PER_NODE": "2",
            "SLURM_STEP_NODELIST": "localhost",
        }
        for number in range(2)
    ]
    for number, (status, output, errors) in enumerate(finish_both(*lines, places=tasks)):
        assert status == 0, errors
        assert output == f"{number} ['the chief', 'äöü, a longer text']\n"


class Chief:
    """A chief that ends, with its service, when it gets one of the texts that it waits for."""

    def __init__(self, last):
        self._last = last

    def set_config_key_value(self, key, _):
        if self._last in key:
            raise tf.errors.UnavailableError(None, None, "Socket closed")

    def get_config_key_value(self, key, _):
        return f"what {key} holds"


def test_a_chief_may_end_before_it_has_answered_but_not_before_it_was_heard(monkeypatch):
    def exchanged():
        return cluster.exchange_via_coordinator("done", "", number=1, others=[0])

    monkeypatch.setattr(context, "context", lambda: Chief("was read"))
    assert exchanged() == {0: "what gan-model/done/0 holds"}
    monkeypatch.setattr(context, "context", lambda: Chief("done/1"))
    with pytest.raises(tf.errors.UnavailableError, match="Socket closed"):
        exchanged()


@pytest.mark.parametrize(
    "text",
    [
        "a:2222",
        '{"cluster": {"worker": ["a:1", "b:1"]}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
        '{"cluster": {"chief": ["a:1"], "worker": ["b:1"]}, "task": {"type": "chief", "index": 0}}',
        '{"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a", "b"]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1", "b:x"]}, "task": {"type": "worker", "index": 0}}',
    ],
)
def test_a_tf_config_that_is_none_is_refused(text, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="Expected, for example") as refused:
        strategy()
    assert f"Received: {text}." in str(refused.value)


def test_devices_of_a_worker_are_refused(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", tf_config(["a:1", "b:1"], 0))
    with pytest.raises(ValueError, match="A worker has one device"):
        strategy(2)


def test_a_worker_that_does_not_come_is_named(monkeypatch):
    addresses = free_addresses(2)
    monkeypatch.setenv("TF_CONFIG", tf_config(addresses, 0))
    with pytest.raises(ConnectionError, match="Worker 1 of 2 has not come to localhost"):
        strategy(wait=1)


@pytest.mark.parametrize(
    ("host", "family"), [("localhost", socket.AF_INET), ("::1", socket.AF_INET6)]
)
def test_another_program_at_the_address_of_a_worker_is_told(host, family, monkeypatch):
    if family == socket.AF_INET6 and not socket.has_dualstack_ipv6():
        pytest.skip("This machine has no IPv6.")
    with socket.create_server((host, 0), family=family) as other:
        named = f"[{host}]" if ":" in host else host
        addresses = [*free_addresses(1), f"{named}:{other.getsockname()[1]}"]
        monkeypatch.setenv("TF_CONFIG", tf_config(addresses, 0))
        threading.Thread(target=greet, args=(other,)).start()
        with pytest.raises(ConnectionError, match="within 0 seconds: another program listens"):
            strategy(wait=0)


def greet(server):
    with server.accept()[0] as connection:
        connection.send(b"SSH-2.0-other")


@pytest.mark.slow
def test_a_worker_whose_port_is_taken_ends():
    with socket.create_server(("localhost", 0)) as other:
        addresses = [*free_addresses(1), f"localhost:{other.getsockname()[1]}"]
        with joining(addresses, 1) as worker:
            _, errors = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 1
    assert f"Is the port of {addresses[1]}, its own, free, and does worker 0" in errors


@pytest.mark.slow
def test_workers_that_name_other_workers_are_refused():
    two, three = (addresses := free_addresses(3))[:2], addresses
    with joining(two, 0) as chief, joining(three, 1) as worker:
        for process in (chief, worker):
            _, errors = process.communicate(timeout=PATIENCE)
            assert process.returncode == 1
            *_, message = errors.splitlines()
            assert "All workers of a run name the same workers in TF_CONFIG, but " in message
            assert ", ".join(three) in message and message.count(", ".join(two)) == 2


def joining(addresses, number):
    """A process that joins workers."""
    variables = {"TF_CONFIG": tf_config(addresses, number)}
    return Forked(program("join.py", "a text"), env=environment() | variables)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "Graph execution error:\n\nDetected at node a\n  File b\nOOM of 3 GB\n\t [[a]]",
            "OOM of 3 GB",
        ),
        ("Graph execution error:\n\nDetected at node a\n<stack traces unavailable>\nOOM", "OOM"),
        ("2 root error(s) found.\n  (0) OOM\n\t [[a]]\n  (1) Cancelled", "(0) OOM"),
        ("Connection closed", "Connection closed"),
        ("", "ResourceExhaustedError"),
    ],
)
def test_a_worker_that_fails_by_itself_says_why(text, told):
    worker = SimpleNamespace(number=1, count=2, addresses=["a:1", "b:2"])
    error = tf.errors.ResourceExhaustedError(None, None, text)
    assert Workers.describe_failure(worker, error).endswith(f"lost the others: {told}")


def test_one_worker_is_no_cluster(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", tf_config(["a:1"], 0))
    assert strategy().num_replicas_in_sync == 1


@pytest.mark.parametrize("tasks", ["", "1"])
def test_one_task_of_slurm_is_no_cluster(tasks, monkeypatch):
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", tasks)
    assert cluster.resolver() is None


@pytest.mark.skipif(shutil.which("bash") is None, reason="it takes bash, as a pod has it")
@pytest.mark.parametrize("status", [0, 3])
def test_a_pod_ends_as_its_training_ends(status, tmp_path):
    """A pod that stays on after its training is started again, and waits for the others."""
    page = (REPOSITORY / "docs" / "cluster" / "train.yaml").read_text()
    script = re.search(r"args:\n +- \|\n(.*?)^ +ports:", page, re.DOTALL | re.MULTILINE)[1]
    programs = {"gan-model": f'echo "$TF_CONFIG" "$@"; exit {status}', "sleep": "exit 99"}
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    env = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "JOB_COMPLETION_INDEX": "1"}
    pod = ["bash", "-c", textwrap.dedent(script)]
    ended = subprocess.run(pod, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended
    settings, words = ended.stdout.split("} train ")
    assert json.loads(settings + "}")["task"] == {"type": "worker", "index": 1}
    commands.named("train").make_context("train", words.split())  # refuses what it does not know


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_each_worker_of_a_machine_takes_a_gpu(number, monkeypatch):
    """Without GPUs: what TensorFlow is asked for. The last worker finds none left."""
    seen = []
    gpus = [tf.config.PhysicalDevice(f"/physical_device:GPU:{n}", "GPU") for n in range(2)]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda *shown: seen.append(shown))
    monkeypatch.setenv("TF_CONFIG", tf_config(["a:1", "b:1", "b:2", "b:3"], number))
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", lambda resolver: "made")
    monkeypatch.setattr(cluster, "_await", lambda *_: None)
    monkeypatch.setattr(context.context(), "configure_coordination_service", lambda **_: None)
    monkeypatch.setattr(cluster, "_check_same", lambda *_: None)
    if number == 3:
        with pytest.raises(ValueError, match="has 2 GPUs and more workers, of which worker 3 is"):
            strategy()
        return
    assert strategy() == "made"
    assert seen == [(gpus[max(0, number - 1)], "GPU")]


def test_a_worker_that_sees_only_a_gpu_of_its_own_takes_it(monkeypatch):
    gpu, seen = tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU"), []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [gpu])
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda *shown: seen.append(shown))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    cluster._take_a_gpu(["a:1", "a:2"], 1)
    assert seen == [(gpu, "GPU")]
    monkeypatch.setenv("GAN_MODEL_PARENT", "1")  # `--workers` shows the same one to all
    with pytest.raises(ValueError, match="has 1 GPUs and more workers"):
        cluster._take_a_gpu(["a:1", "a:2"], 1)
