"""The command line without graphs, which take longer to make than a step or two.

python tests/programs/train_eagerly.py train --preset modern ...
"""

import importlib

from command_without_xla import run

from gan_model.commands.screen import quiet

if __name__ == "__main__":
    with quiet():
        importlib.import_module("tensorflow").config.run_functions_eagerly(True)
    run()
