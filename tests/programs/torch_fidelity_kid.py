"""torch-fidelity's kernel distance of each pair of sets in a file, a line each.

    python tests/programs/torch_fidelity_kid.py SETS.npz

PyTorch and TensorFlow in one process crash it, so this one has PyTorch alone.
"""

import sys

import numpy as np
import torch
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric

SETTINGS = dict(kid_subsets=1, kid_subset_size=1000, rng_seed=0, verbose=False)

sets = np.load(sys.argv[1])
for real, fake in zip(sets["real"], sets["fake"], strict=True):
    found = kid_features_to_metric(torch.tensor(real), torch.tensor(fake), **SETTINGS)
    print(repr(float(found[KEY_METRIC_KID_MEAN])))
