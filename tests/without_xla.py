"""The preset `dense` without XLA, which takes five seconds to compile what a test runs once.

`pytest.mark.xla` brings it back for a test whose subject it is; the commands that tests start as
processes of their own, not forked, have it as a person has.
"""

from gan_model import commands
from gan_model.presets import recipes


def switch(on):
    """Has `presets.dense` compile by XLA, or not."""
    recipes._BY_XLA = on


def run():
    """Runs the command line in this process; the processes that it starts run this program too."""
    switch(False)
    commands.main()
