"""Several processes that train one GAN together: starts them here, and has them act as one.

The first worker, the chief, shows and writes. The others follow it.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

_GRACE = 5  # seconds in which the chief can notice that a worker has died, and say so
_INTERVAL = 0.1
_PARENT = "GAN_MODEL_PARENT"  # environment variable of workers that end with their parent


def start(count, program):
    """Runs this command as `count` workers on this machine, and ends as they do.

    Args:
        count: number of workers.
        program: `Program`, whose words have `--workers`.

    Raises:
        SystemExit: a worker failed; the others were ended.
    """
    addresses = [f"localhost:{port}" for port in free_ports(count)]
    with contextlib.ExitStack() as stack:
        heard = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(count - 1)]
        workers = []
        stack.callback(_end, workers)
        for number in range(count):
            errors = None if number == 0 else heard[number - 1]
            workers.append(_started(program, number, addresses, errors))
        failed = _first_to_fail(workers)
        if failed is None:
            return
        _wait(workers, _GRACE)
        _tell(failed, workers, heard, program)
        sys.exit(max(workers[failed].returncode, 1))  # it is negative where a signal ended it


@contextlib.contextmanager
def as_one(strategy, settings, program):
    """Gives whether this process is the chief, once all workers are there and agree.

    Args:
        strategy: `tf.distribute.Strategy` of this process.
        settings: dict of what must be the same on all workers.
        program: `Program`.

    Raises:
        ValueError: the workers do not do the same.
        SystemExit: a worker is lost.
    """
    import tensorflow as tf

    import gan_model
    from gan_model.replicas import Workers

    workers = Workers(strategy)
    with ended_by_loss(workers, program):
        workers.check_same(
            {"gan-model": gan_model.__version__, "tensorflow": tf.__version__, **settings}
        )
        if not workers.is_chief:
            print(f"Worker {workers.number} of {workers.count} follows {workers.addresses[0]}.")
        yield workers.is_chief
        workers.barrier()


@contextlib.contextmanager
def ended_by_loss(workers, program):
    """Ends this process with a sentence where it waits for a worker that is lost.

    Args:
        workers: `replicas.Workers`.
        program: `Program`.
    """
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        if workers.count == 1:
            raise
        advice = _again_of_all(program, workers.count)
        with contextlib.suppress(OSError):  # nobody may read it any more
            print(f"\n{workers.describe_failure(error)} {advice}", file=sys.stderr, flush=True)
        os._exit(1)  # TensorFlow would wait for the lost worker


def _again(program):
    return f"Finished epochs are kept; to go on: {program.again()}"


def _again_of_all(program, count):
    if _PARENT in os.environ:
        return f"{_again(program)} --workers {count}"
    return _again(program).replace("to go on", "to go on, start all workers again")


def cores():
    """The number of cores that this process may use."""
    told = hasattr(os, "sched_getaffinity")  # not on macOS
    return len(os.sched_getaffinity(0)) if told else os.cpu_count() or 1


def free_ports(count):
    """As many ports of this machine that no program listens on, a list."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("localhost", 0))
        return [one.getsockname()[1] for one in sockets]


def _started(program, number, addresses, errors):
    task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
    threads = str(max(1, cores() // len(addresses)))
    environment = {
        **{"TF_NUM_INTRAOP_THREADS": threads, **os.environ},
        **{"TF_CONFIG": json.dumps(task), _PARENT: str(os.getpid())},
    }
    # In a session of its own: Ctrl-C reaches this process alone, which ends all.
    return subprocess.Popen(
        program.started(_without_workers(program.words[1:])),
        env=environment,
        stdout=subprocess.DEVNULL if number else None,
        stderr=errors,
        start_new_session=True,
    )


def _without_workers(arguments):
    kept, rest = [], iter(arguments)
    for argument in rest:
        if argument == "--workers":
            next(rest)
        elif not argument.startswith("--workers="):
            kept.append(argument)
    return kept


def _first_to_fail(workers):
    """The number of the worker that ends in an error first; None once all have ended well."""
    while True:
        statuses = [worker.poll() for worker in workers]
        failed = [number for number, status in enumerate(statuses) if status]
        if failed or None not in statuses:
            return failed[0] if failed else None
        time.sleep(_INTERVAL)


def _wait(workers, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(worker.poll() is None for worker in workers):
        time.sleep(_INTERVAL)


def _tell(failed, workers, heard, program):
    """Says how the first worker ended, where the chief has not said it on the screen."""
    status, name = workers[failed].returncode, f"Worker {failed} of {len(workers)}"
    chief_spoke = (workers[0].poll() or 0) > 0
    knows_why = False  # a worker that names itself does; the chief only knows that it is gone
    if status < 0:
        told = f"{name} was ended by signal {-status}. {_again(program)}"
    elif failed == 0:
        return  # the chief writes on the screen itself
    else:
        heard[failed - 1].seek(0)
        told = heard[failed - 1].read().strip()
        place = told.rfind(name)  # after what it said before, such as skipped images
        knows_why = place >= 0
        told = told[place:] if knows_why else f"{name}: {told}"
    if knows_why or not chief_spoke:
        print(f"\n{told}", file=sys.stderr)


def _end(workers):
    for worker in workers:
        if worker.poll() is None:
            worker.kill()
        worker.wait()


def end_with_parent():
    """Ends this process, if it is a worker that another one has started, as soon as that ends."""
    parent = os.environ.get(_PARENT)
    if parent is None:
        return

    def watch():
        while os.getppid() == int(parent):
            time.sleep(_INTERVAL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
