"""Learns features from images of noise, and prints their checksum.

With a FILE it makes one in the middle of learning, and stays there for minutes. There is no graph
of the step, which takes longer to make than the ten steps.

python tests/programs/learn_features.py [FILE]
"""

import importlib
import sys
import time
from pathlib import Path
from unittest import mock

import numpy as np
import tensorflow as tf

from gan_model import features

MODULE = importlib.import_module("gan_model.features.learned_features")


def learn(images, *, learn=MODULE.learn, tell, **settings):
    def stay(done):
        if sys.argv[1:] and done == 5:
            Path(sys.argv[1]).touch()
            time.sleep(900)

    return learn(images, tell=stay, **settings)


images = np.random.default_rng(0).integers(0, 256, (200, 16, 16, 1), dtype=np.uint8)
tf.config.run_functions_eagerly(True)
with mock.patch.object(MODULE, "learn", learn):
    print(features.learned(images, steps=10).checksum, flush=True)
