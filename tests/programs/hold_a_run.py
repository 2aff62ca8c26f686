"""Holds the folder of a run until it is killed.

    python tests/programs/hold_a_run.py FOLDER FILE

Makes FILE as soon as it holds the folder.
"""

import sys
import time
from pathlib import Path

from gan_model.runs import RunFolder

folder, held = sys.argv[1:]
with RunFolder(folder).opened({}):
    Path(held).touch()
    time.sleep(900)
