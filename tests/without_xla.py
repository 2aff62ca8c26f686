"""The preset `dense` without XLA, which takes five seconds to compile what a test runs once.

`pytest.mark.xla` brings it back for a test whose subject it is; the commands that tests start as
processes of their own, not forked, have it as a person has.
"""

import importlib
import sys
from unittest import mock

from gan_model import commands

RECIPES = importlib.import_module("gan_model.presets.recipes")


def switch(on):
    """Has `presets.dense` compile by XLA, or not."""
    RECIPES._BY_XLA = on


def run():
    """Runs the command line in this process; the processes that it starts run this program too."""
    switch(False)

    def started(_, arguments):
        return [sys.executable, sys.argv[0], *arguments]

    with mock.patch.object(commands.Program, "started", started):
        commands.main()
