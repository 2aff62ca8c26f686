"""The preset `dense` without XLA, which takes five seconds to compile what a test runs once.

`pytest.mark.xla` brings it back for a test whose subject it is; the commands that tests start as
processes of their own, not forked, have it as a person has.
"""

import importlib
import sys
from pathlib import Path

DENSE = importlib.import_module("gan_model.presets.dense")  # the function has the same name


def switch(on):
    """Has `presets.dense` compile by XLA, or not."""
    DENSE._BY_XLA = on


def run(script):
    """Runs a script of `experiments/` in this process, which stays the one that `sys.argv` names.

    So the processes that the script starts by that name are without XLA too.
    """
    path = Path(__file__).parents[1] / "experiments" / script
    sys.path.insert(0, str(path.parent))
    switch(False)
    exec(compile(path.read_text(), path, "exec"), {"__name__": "__main__", "__file__": str(path)})
