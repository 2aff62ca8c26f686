"""What a command shows when something goes wrong, and what it keeps off the screen."""

import contextlib
import logging
import os
import shutil
import signal
import sys
import tempfile

import click

from gan_model.storage.messages import fault_of, printable

_NOT_NEEDED = "sklearn", "matplotlib.pyplot"


def use_gpus(*, shared=False):
    """Has GPUs, where there are any, compute the same bits every time, as a resume needs it.

    `shared` by several processes, a GPU's memory is taken only as it is needed.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        tf.config.experimental.enable_op_determinism()
    for gpu in gpus if shared else ():
        tf.config.experimental.set_memory_growth(gpu, True)


def open_closed_streams():
    """Opens the null device in the place of standard streams that are closed, as by `2>&-`.

    Otherwise the next file that is opened would get the number of the stream, and its content the
    lines that are meant for the screen.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the least free number, which is this one
    sys.stdout, sys.stderr = (
        stream or open(number, "w", closefd=False)
        for number, stream in ((1, sys.stdout), (2, sys.stderr))
    )


def show_any_name():
    """Prints names of files that are not UTF-8 with escapes, as errors are, and refuses none."""
    if hasattr(sys.stdout, "reconfigure"):  # not that of a notebook
        with contextlib.suppress(OSError):  # some streams can no longer be changed
            sys.stdout.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def plain_errors(program, go_on=""):
    """Turns errors of the user into one line, which begins with `program`, and an exit status.

    Status 2: wrong values. 1: the machine failed, for example a full disk. 130: Ctrl-C, with
    `go_on` to say how to continue. 141: nobody reads what is printed. With TRACEBACK=1 in the
    environment, errors pass as they are.
    """
    try:
        yield
        sys.stdout.flush()  # here, not at the end of Python: a full disk is an error like any other
    except KeyboardInterrupt:
        _say(f"\n{program}: stopped. {go_on}")  # Ctrl-C ends the readers of a pipe too
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        # At once, and not through TensorFlow's threads, which may be in the middle of a step.
        os._exit(130)
    except BrokenPipeError:  # whoever read our lines has seen enough, as `head` does
        os._exit(141)  # as of a program that the signal ends; what is left has no reader
    except click.UsageError as error:
        _say(f"{program}: {_one_line(error.format_message())}")
        sys.exit(2)
    except Exception as error:
        is_plain = isinstance(error, (ValueError, OSError, MemoryError))
        fault = None if is_plain else fault_of(error)
        if os.environ.get("TRACEBACK") or not (is_plain or fault):
            raise
        _flush_or_drop(sys.stdout)
        text = fault or str(error) or type(error).__name__
        if isinstance(error, OSError) and error.strerror:
            text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        _say(f"{program}: {_one_line(text)}")
        sys.exit(2 if isinstance(error, ValueError) else 1)


def _one_line(text):
    """A message that may have several lines, as HDF5's, and names with control characters."""
    return printable(" ".join(text.split()))


def _say(text):
    """Prints a line on stderr, if it can be printed: the exit status tells the rest."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr)
    _flush_or_drop(sys.stderr)


def _flush_or_drop(stream):
    """Writes what a stream holds; drops it where it cannot be written, as on a full disk."""
    try:
        stream.flush()
    except OSError:  # Python would try again at its end, and end with status 120
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


@contextlib.contextmanager
def _interrupted_later():
    """Raises the KeyboardInterrupt of Ctrl-C after the block: an import may hide it."""
    before, pressed = signal.getsignal(signal.SIGINT), []
    if before is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            raise KeyboardInterrupt


@contextlib.contextmanager
def _unseen(*packages):
    """Has the import of packages fail in the block, as if they were not installed."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


@contextlib.contextmanager
def quiet(*, needed=(), later=True):
    """Keeps TensorFlow's start-up lines (CPU features, CUDA, oneDNN) and warnings off the screen.

    The lines are written to the process's error stream before any setting of TensorFlow counts.
    What was written is shown after all if the import fails. The warnings are on functions that
    are traced again, as each run of a search does.

    In the block scikit-learn and Matplotlib's pyplot are not found, unless they are `needed`.
    Keras imports them if they are installed, for parts that no command uses, and takes long for it
    (`python -X importtime`). Ctrl-C waits for the end of the block if it comes `later`, as it must
    where the block imports.
    """
    hidden = [name for name in _NOT_NEEDED if name not in needed]
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    screen = os.dup(2)
    waiting = _interrupted_later() if later else contextlib.nullcontext()
    with waiting, _unseen(*hidden), tempfile.TemporaryFile("w+") as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except Exception:
            kept.seek(0)
            with os.fdopen(os.dup(screen), "w") as shown:
                shutil.copyfileobj(kept, shown)
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)
