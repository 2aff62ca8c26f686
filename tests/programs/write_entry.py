"""Begins an entry of the cache, says so, and goes on until it is killed.

python tests/programs/write_entry.py ENTRY
"""

import sys
import time
from pathlib import Path

from gan_model.data import cache

path = Path(sys.argv[1])
with cache.locked_entry(path, 64), cache.new_entry(path, (8, 8, 1)) as writer:
    writer.add(bytes(64))
    while True:
        time.sleep(0.1)
