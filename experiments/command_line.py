"""What the commands of this folder share: parsing arguments, quiet imports, short errors."""

import argparse
import contextlib
import logging
import os
import shutil
import signal
import sys
import tempfile

# gan_model.metrics.FEATURES, which takes seconds to import.
FEATURES = ("fashion", "inception", "learned", "sliced")


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line, and no more."""

    def __init__(self, description):
        super().__init__(
            description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")


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


def positive(text):
    """A whole number, 1 or more."""
    number = whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def whole(text):
    """A whole number, 0 or more."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than 0")
    return number


def seed(text):
    """A whole number that fits in 32 bits, as numpy's seeds must."""
    number = whole(text)
    if number >= 2**32:
        raise argparse.ArgumentTypeError(f"{text} is more than {2**32 - 1}")
    return number


def above_0(text):
    """A number above 0, as a learning rate or a time."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return number


def size(text):
    """A side in pixels, or HEIGHTxWIDTH."""
    sides = [positive(side) for side in text.lower().split("x")]
    if len(sides) > 2:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a side nor HEIGHTxWIDTH")
    return sides[0] if len(sides) == 1 else tuple(sides)


def features(text):
    """The name of features, or the path of a `.npz` file of them."""
    if text in FEATURES or (text.endswith(".npz") and os.path.isfile(text)):
        return text
    raise argparse.ArgumentTypeError(
        f"{text!r} is neither a .npz file nor one of {', '.join(FEATURES)}"
    )


def add_features(parser, *, otherwise="by the images"):
    """Adds the argument that says what to measure in."""
    parser.add_argument(
        "--features",
        type=features,
        metavar="NAME",
        help=f"to measure in: {', '.join(FEATURES)}, or the features.npz of a run; else "
        f"{otherwise}",
    )


def add_data(parser, *, default):
    """Adds the arguments that say what to train on."""
    parser.add_argument(
        "--data",
        default=default,
        help="sample, fashion_mnist, mnist, cifar10, or the path of a folder of images",
    )
    parser.add_argument("--data-dir", help="folder with the files of a named data set")
    of_folders = parser.add_argument_group("of folders of images")
    of_folders.add_argument(
        "--image-size", type=size, help="side or HEIGHTxWIDTH; else that of the files, at most 64"
    )
    of_folders.add_argument("--channels", type=int, choices=(1, 3), help="else 1 if all are grey")
    of_folders.add_argument(
        "--pad", action="store_true", help="show images of other proportions whole, not cropped"
    )
    of_folders.add_argument(
        "--ground", default="white", help="colour behind transparent and beside padded images"
    )


def loaded(args):
    """The images and labels that the arguments of `add_data` ask for; see `data.load`."""
    from gan_model import data

    return data.load(
        args.data,
        folder=args.data_dir,
        image_size=args.image_size,
        channels=args.channels,
        pad=args.pad,
        ground=args.ground,
    )


@contextlib.contextmanager
def plain_errors(go_on=""):
    """Turns mistakes of the person at the keyboard into one line and an exit status.

    Status 2: wrong values. 1: the machine failed, for example a full disk. 130: Ctrl-C, with
    `go_on` to say how to continue. With TRACEBACK=1 in the environment errors pass as they are.
    """
    program = os.path.basename(sys.argv[0])
    try:
        yield
    except KeyboardInterrupt:
        print(f"\n{program}: stopped. {go_on}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        # At once, and not through TensorFlow's threads, which may be in the middle of a step.
        os._exit(130)
    except BrokenPipeError:  # whoever read our lines has seen enough, as `head` does
        os._exit(141)  # as of a program that the signal ends; what is left has no reader
    except (ValueError, OSError) as error:
        if os.environ.get("TRACEBACK"):
            raise
        sys.stdout.flush()
        text = str(error)
        if isinstance(error, OSError) and error.strerror:
            text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        text = " ".join(text.split())  # HDF5's has several lines
        print(f"{program}: {text}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ValueError) else 1)


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
def quiet():
    """Keeps TensorFlow's start-up lines (CPU features, CUDA, oneDNN) and warnings off the screen.

    The lines are written to the process's error stream before any setting of TensorFlow counts.
    What was written is shown after all if the import fails. The warnings are on functions that
    are traced again, as each run of a search does.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    screen = os.dup(2)
    with _interrupted_later(), tempfile.TemporaryFile("w+") as kept:
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
