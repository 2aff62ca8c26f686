"""torch-fidelity's kernel distance of each pair of sets in a file, a line each.

    python tests/programs/torch_fidelity_kid.py SETS.npz

PyTorch and TensorFlow in one process crash it, so this one has PyTorch alone.
"""

import sys

import numpy as np
from torch_fidelity.metric_kid import mmd2, polynomial_kernel

sets = np.load(sys.argv[1])
for real, fake in zip(sets["real"], sets["fake"], strict=True):
    kernels = [polynomial_kernel(*pair) for pair in ((real, real), (real, fake), (fake, fake))]
    # Without pairs of equal numbers. `polynomial_mmd` has them, as its sets are drawn apart.
    print(repr(float(mmd2(*kernels, mmd_est="u-statistic"))))
