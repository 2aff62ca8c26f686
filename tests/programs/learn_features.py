"""Learns features from images of noise, and prints their checksum.

python tests/programs/learn_features.py
"""

import numpy as np

from gan_model import features

images = np.random.default_rng(0).integers(0, 256, (200, 16, 16, 1), dtype=np.uint8)
print(features.learned(images, steps=100).checksum, flush=True)
