"""What the commands import, imported once for all processes that `forked.py` starts."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))

from command_line import quiet

with quiet():
    import searching  # noqa: F401
    import sweep_report  # noqa: F401
    import without_xla

without_xla.switch(False)
