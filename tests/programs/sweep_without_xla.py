"""experiments/sweep.py with the preset `dense` not compiled by XLA.

python tests/programs/sweep_without_xla.py --preset dense ...
"""

from scripts_without_xla import run

if __name__ == "__main__":
    run("sweep.py")
