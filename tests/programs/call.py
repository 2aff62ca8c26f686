"""Calls a function of a test module in a process of its own; all arguments are text.

python tests/programs/call.py MODULE FUNCTION ARGUMENT...
"""

import importlib
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]

if __name__ == "__main__":
    sys.path[:0] = [str(TESTS), str(TESTS.parent / "experiments")]
    module, function, *arguments = sys.argv[1:]
    getattr(importlib.import_module(module), function)(*arguments)
