"""Ctrl-C in `fit` where TensorFlow, or whoever else calls Python from C++, drops what it raises."""

import functools
import os
import signal
import sys
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from dense_gan import dense_gan

IMAGES = np.random.default_rng(0).integers(0, 256, (32, 4, 4), np.uint8)
# Pressed in a method of a callback -> how many batches begin after that.
MORE_BATCHES = {
    "on_train_begin": 1,
    "on_epoch_begin": 1,
    "on_train_batch_end": 0,
    "on_test_begin": 0,
    "on_epoch_end": 0,
    "on_train_end": 0,
}


class Drops(keras.callbacks.Callback):
    """Presses Ctrl-C in one method of a callback, and drops the KeyboardInterrupt."""

    def __init__(self, method):
        super().__init__()
        setattr(self, method, self.press)
        self.later = []

    def press(self, *_, **__):
        self.on_train_batch_begin = lambda batch, logs=None: self.later.append(batch)
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            pass


@functools.cache
def gan():
    """One for all tests: what it has learned does not matter."""
    made = dense_gan((4, 4), codings_size=3)
    made.compile(run_eagerly=True)
    return made


def fit(callback):
    return gan().fit(
        IMAGES, batch_size=8, validation_data=IMAGES, verbose=0, epochs=1, callbacks=[callback]
    )


@pytest.mark.parametrize("method", MORE_BATCHES)
def test_a_dropped_ctrl_c_is_raised_again_after_the_batch(method):
    pressed = Drops(method)
    with pytest.raises(KeyboardInterrupt):
        fit(pressed)
    assert len(pressed.later) == MORE_BATCHES[method]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class PressesInTensorflow(keras.callbacks.Callback):
    """Presses Ctrl-C in code that TensorFlow calls; notes where the KeyboardInterrupt comes."""

    said = ()

    def on_train_batch_begin(self, batch, logs=None):
        try:
            tf.nest.map_structure(self.press, [batch])
            self.said += ("next line",)
        except KeyboardInterrupt:
            self.said += ("raised",)
            raise

    def press(self, batch):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            self.said += ("raised in TensorFlow",)
        self.said += ("returns",)


def test_it_is_raised_when_tensorflow_returns():
    pressed = PressesInTensorflow()
    with pytest.raises(KeyboardInterrupt):
        fit(pressed)
    assert pressed.said == ("returns", "raised")
    assert sys.gettrace() is None


def test_the_handler_of_another_program_is_left_alone():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(True))
    try:
        fit(Drops("on_train_batch_end"))
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard


def test_fit_in_another_thread():
    histories = []
    thread = threading.Thread(target=lambda: histories.append(fit(keras.callbacks.Callback())))
    thread.start()
    thread.join()
    assert histories[0].epoch == [0]
