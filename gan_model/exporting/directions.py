"""The directions of codings that change images most."""

import numpy as np

_COUNT = 8  # at most
_LEAST = 1e-9  # of the greatest eigenvalue


def directions(program):
    """Principal directions of a program's first layer, most effective first.

    They are the singular vectors of its kernel, which is scaled as the batch normalization
    after it does, so that each feature counts by how far it moves what follows.

    Args:
        program: `PageProgram`.

    Returns:
        float32 (8, codings_size), of length 1; fewer where fewer move the images. (0,
        codings_size) if the first layer is not dense.

    Reference: Shen and Zhou (2021), "Closed-form factorization of latent semantics in GANs".
    """
    operations = [each for each in program.operations if each.kind != "reshape"]
    if not operations or operations[0].kind != "dense":
        return np.zeros((0, program.codings_size), np.float32)
    first, *later = operations
    kernel = first.weights["kernel"]
    if later and later[0].kind == "affine":
        scale = np.sqrt(np.square(later[0].weights["scale"]).mean(axis=0))  # mean of the classes
        kernel = kernel * np.tile(scale, kernel.shape[1] // len(scale))
    if program.bounds:  # the first number jumps from cluster to cluster
        kernel = np.concatenate([np.zeros_like(kernel[:1]), kernel[1:]])
    # The eigenvectors of kernel kernel^T, which is small, are the kernel's singular vectors.
    kernel = kernel.astype(np.float64)
    values, vectors = np.linalg.eigh(kernel @ kernel.T)
    moving = values[::-1] > _LEAST * values[-1]  # the others change no image
    found = vectors.T[::-1][moving][:_COUNT]
    # A singular vector has no sign of its own: the largest number of each is made positive.
    largest = found[np.arange(len(found)), np.abs(found).argmax(axis=1)]
    return (found * np.sign(largest)[:, None]).astype(np.float32)
