"""The command line, which stays for minutes in the middle of writing its first checkpoint.

So a test can kill it there, however fast the disk and however slow the test is.

python tests/programs/train_into_a_checkpoint.py train --preset dense ...
"""

import os
import time

from command_without_xla import run

flush = os.fsync


def slowly(descriptor):
    if os.readlink(f"/proc/self/fd/{descriptor}").endswith(".npz"):
        time.sleep(900)
    flush(descriptor)


if __name__ == "__main__":
    os.fsync = slowly
    run()
