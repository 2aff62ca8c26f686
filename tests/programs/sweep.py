"""experiments/sweep.py, with TensorFlow's functions run eagerly: no graph, nothing to compile.

    python tests/programs/sweep.py --preset dense ...

A search of a few steps is over before their graph is made. Its workers, and the command that it
names to go on, are this program too. TF_NUM_INTRAOP_THREADS counts here also where TensorFlow was
imported before the variable was set.
"""

import os
import runpy
import sys
import warnings
from pathlib import Path

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def main():
    sys.path[:0] = [str(EXPERIMENTS)]
    from gan_model.commands.screen import quiet

    with quiet():
        import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    threads = int(os.environ.get("TF_NUM_INTRAOP_THREADS", 0))
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    warnings.filterwarnings("ignore", message="Even though the .* does not apply to tf.data")
    runpy.run_path(str(EXPERIMENTS / "sweep.py"), run_name="__main__")


if __name__ == "__main__":
    main()
