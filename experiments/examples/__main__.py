"""Runs an example without TensorFlow's lines about its start.

python experiments/examples infogan --epochs 10 --out infogan.png
"""

import runpy
import sys

from gan_model.commands.screen import quiet

with quiet():
    import tensorflow  # noqa: F401

del sys.argv[0]  # the name of the example takes its place
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=False)
