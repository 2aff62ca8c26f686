"""Ctrl-C at any moment of `fit` -> KeyboardInterrupt."""

import contextlib
import signal
import threading

import keras


class Interrupts(keras.callbacks.Callback):
    """Raises a KeyboardInterrupt again that TensorFlow has dropped.

    Python raises it wherever Python code runs. TensorFlow's C++ calls such code, the length of a
    shape for example, and goes on as if nothing was raised there: 16 of 50 Ctrl-C were lost at
    the beginning of an epoch (TensorFlow 2.21, `dense`).
    """

    def __init__(self):
        super().__init__()
        self._pressed = False

    @contextlib.contextmanager
    def heard(self):
        """Notes each Ctrl-C in the block; only where it would raise a KeyboardInterrupt."""
        if not _raises():
            yield
            return
        signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._raise_again()  # pressed after the last batch

    def _note(self, number, frame):
        self._pressed = True
        signal.default_int_handler(number, frame)

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
