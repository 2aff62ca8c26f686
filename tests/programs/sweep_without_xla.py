"""experiments/sweep.py with the preset `dense` not compiled by XLA; so are its workers.

python tests/programs/sweep_without_xla.py --preset dense ...
"""

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parents[2]


def main():
    sys.path[:0] = [str(HERE / "experiments"), str(HERE / "tests")]
    from command_line import quiet

    with quiet():
        import without_xla

    without_xla.switch(False)
    runpy.run_path(str(HERE / "experiments" / "sweep.py"), run_name="__main__")


if __name__ == "__main__":
    main()
