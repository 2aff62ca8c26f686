"""Once this is imported, the files of `gan_model.data` come without all that the package imports.

TensorFlow takes seconds.
"""

import sys
import types

import gan_model

data = types.ModuleType("gan_model.data")
data.__path__ = [f"{gan_model.__path__[0]}/data"]
sys.modules["gan_model.data"] = data
