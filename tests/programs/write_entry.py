"""Begins an entry of the cache, and finishes it when its input ends.

python tests/programs/write_entry.py ENTRY
"""

import importlib
import sys
import types
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Without what gan_model imports at once: TensorFlow takes seconds.
package = types.ModuleType("gan_model")
package.__path__ = [str(ROOT / "gan_model")]
data = types.ModuleType("gan_model.data")
data.__path__ = [str(ROOT / "gan_model" / "data")]
sys.modules |= {"gan_model": package, "gan_model.data": data}

cache = importlib.import_module("gan_model.data.cache")
with cache.new_entry(Path(sys.argv[1]), (8, 8, 1), images=9) as writer:
    writer.add(bytes(64), 0)
    print("begun", flush=True)
    sys.stdin.read()
    writer.add(bytes(64), 1)
    writer.finish("")
