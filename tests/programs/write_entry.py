"""Begins an entry of the cache, and finishes it when its input ends.

python tests/programs/write_entry.py ENTRY
"""

import sys
from pathlib import Path

import data_alone  # noqa: F401

from gan_model.data import cache

with cache.new_entry(Path(sys.argv[1]), (8, 8, 1), images=9) as writer:
    writer.add(bytes(64), 0)
    print("begun", flush=True)
    sys.stdin.read()
    writer.add(bytes(64), 1)
    writer.finish("")
