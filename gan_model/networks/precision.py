"""The precision in which layers compute."""

import contextlib

import keras


@contextlib.contextmanager
def dtype_policy(name):
    """Layers that are made meanwhile have this dtype policy.

    Args:
        name: of a policy of Keras, such as "mixed_bfloat16"; None leaves it as it is.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name or before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
