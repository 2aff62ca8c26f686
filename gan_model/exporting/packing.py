"""The weights of a program -> a small text: whole numbers of steps, compressed, in base85.

A kernel is rounded to whole numbers of a step, which is a fraction of the standard deviation of
each output's weights. So a weight takes about 10 bits, where float16 takes 16. Biases, scales and
offsets stay float32; they are few.
"""

import base64
import zlib
from dataclasses import replace

import numpy as np

_GREATEST = 2**15 - 1  # of int16


def rounded(program, fineness):
    """The program with rounded kernels, and how they were rounded.

    Args:
        program: `PageProgram`.
        fineness: steps in one standard deviation. None: kernels stay float32, too.

    Returns:
        (program, numbers): `numbers` has for each operation None, or (int16 array as the kernel,
        float32 steps (outputs,)).
    """
    numbers = [_rounded(each.weights.get("kernel"), fineness) for each in program.operations]
    operations = tuple(
        each
        if pair is None
        else replace(each, weights={**each.weights, "kernel": pair[0] * pair[1]})
        for each, pair in zip(program.operations, numbers, strict=True)
    )
    return replace(program, operations=operations), numbers


def _rounded(kernel, fineness):
    if kernel is None or fineness is None:
        return None
    rows = kernel.reshape(-1, kernel.shape[-1])
    steps = np.maximum(rows.std(axis=0) / fineness, np.abs(rows).max(axis=0) / _GREATEST)
    steps = np.where(steps > 0, steps, 1).astype(np.float32)
    return np.rint(kernel / steps).clip(-_GREATEST, _GREATEST).astype(np.int16), steps


def packed(program, numbers):
    """The operations as JSON can hold them, and the text of their weights.

    The text is base85 of gzip of all arrays, one after the other, little endian. Kernels stand as
    all low bytes, then all high bytes, which compresses better. Each array of an operation is told
    as {"offset": first byte, "shape": [...]}.

    Args:
        program: `PageProgram`.
        numbers: see `rounded`.
    """
    told, content = [], bytearray()

    def added(array, data):
        offset = len(content)
        content.extend(data)
        return {"offset": offset, "shape": list(array.shape)}

    for operation, pair in zip(program.operations, numbers, strict=True):
        arrays = dict(operation.weights)
        if pair:
            arrays.pop("kernel")
            arrays["steps"] = pair[1]
        weights = {name: added(each, each.astype("<f4").tobytes()) for name, each in arrays.items()}
        if pair:
            weights["kernel"] = added(pair[0], _planes(pair[0]))
        told.append(
            {
                "kind": operation.kind,
                "shape": list(operation.shape),
                "settings": operation.settings,
                "weights": weights,
            }
        )
    return told, in_base85(_gzipped(bytes(content)))


def in_base85(content):
    """Bytes as text, 5 characters for 4 bytes. The digit "<", which HTML reads, is "." instead."""
    return base64.b85encode(content).decode("ascii").replace("<", ".")


def _gzipped(content):
    # Weights do not repeat, so a search for repetitions takes seconds and finds nothing.
    gzip = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS, 9, zlib.Z_HUFFMAN_ONLY)
    return gzip.compress(content) + gzip.flush()


def _planes(numbers):
    return numbers.astype("<i2").reshape(-1, 1).view(np.uint8).T.tobytes()
