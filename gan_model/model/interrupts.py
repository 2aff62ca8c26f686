"""Ctrl-C at any moment of `fit` -> KeyboardInterrupt."""

import contextlib
import signal
import sys
import threading

import keras


class Interrupts(keras.callbacks.Callback):
    """Raises the KeyboardInterrupt of Ctrl-C only where TensorFlow cannot mistake it.

    Python raises it wherever Python code runs. TensorFlow's C++ calls such code, the length of a
    shape for example, and does not always look whether it raised: the KeyboardInterrupt is then
    dropped, becomes a SystemError, or corrupts the heap (seen with TensorFlow 2.21).
    """

    def __init__(self):
        super().__init__()
        self._pressed = False

    @contextlib.contextmanager
    def handle_sigint(self):
        """Handles Ctrl-C in the block.

        It does not if the program has its own handler, or if this is not the main thread.
        """
        if not _raises():
            yield self
            return
        signal.signal(signal.SIGINT, self._handle)
        try:
            yield self
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._raise_again()  # pressed after the last batch

    def _handle(self, number, frame):
        self._pressed = True
        caller = _caller_of_tensorflow(frame)
        if caller is None:
            raise KeyboardInterrupt
        # As a debugger that stops at the next line of the caller, which is after TensorFlow's call.
        caller.f_trace = _raise
        sys.settrace(_ignore)

    def _raise_again(self):
        if self._pressed:
            raise KeyboardInterrupt

    def on_train_batch_end(self, batch, logs=None):
        self._raise_again()

    def on_test_batch_end(self, batch, logs=None):
        self._raise_again()


def _raises():
    # Only the main thread may set a handler; another program may have set its own.
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _caller_of_tensorflow(frame):
    """The frame of other code that TensorFlow's outermost call returns to, or None."""
    caller = None
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == "tensorflow":
            caller = frame.f_back
        frame = frame.f_back
    return caller


def _raise(*_):
    sys.settrace(None)
    raise KeyboardInterrupt


def _ignore(*_):
    """Of functions called meanwhile: not traced."""
