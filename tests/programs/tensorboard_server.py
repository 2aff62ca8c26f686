"""TensorBoard as `python -m tensorboard.main` starts it, in a session of its own.

    python tests/programs/tensorboard_server.py LOG OPTION...

What it says goes to the file LOG. The loader that it starts ends with its session.
"""

import os
import sys

from tensorboard import main

if __name__ == "__main__":
    os.setsid()
    log = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    main.run_main()
