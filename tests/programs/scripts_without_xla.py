"""A script of `experiments/` in this process, with the preset `dense` not compiled by XLA."""

import importlib
import sys
from pathlib import Path

from gan_model.commands.screen import quiet

ROOT = Path(__file__).parents[2]


def run(script):
    """Runs the script; TensorFlow is imported as quietly as the script does it."""
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "experiments")]
    with quiet():
        without_xla = importlib.import_module("without_xla")
    without_xla.run(script)
