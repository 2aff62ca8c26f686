"""The command line with the preset `dense` not compiled by XLA.

python tests/programs/command_without_xla.py train --preset dense ...
"""

import importlib
import sys
from pathlib import Path

from gan_model.commands.screen import quiet


def run():
    """Runs the command line; TensorFlow is imported as quietly as a command does it."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    with quiet():
        without_xla = importlib.import_module("without_xla")
    without_xla.run()


if __name__ == "__main__":
    run()
