"""experiments/sweep.py with the preset `dense` not compiled by XLA.

python tests/programs/sweep_without_xla.py --preset dense ...
"""

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "experiments")]
    with importlib.import_module("command_line").quiet():
        without_xla = importlib.import_module("without_xla")
    without_xla.run("sweep.py")
