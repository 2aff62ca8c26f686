"""Loads a folder of pictures; says how many train and the sum of their first values.

python tests/programs/load_folder.py FOLDER
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

load_folder = importlib.import_module("gan_model.data.folder").load_folder
(images, labels), _ = load_folder(sys.argv[1])
print(len(images), int(images[:, 0, 0, 0].sum()))
