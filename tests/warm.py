"""What the commands import, imported once for all processes that `forked.py` starts."""

import gc

from gan_model.commands.screen import quiet

with quiet():
    import without_xla

    import gan_model.commands.searching
    import gan_model.commands.sweep_report  # noqa: F401

without_xla.switch(False)
gc.freeze()  # as in conftest.py
gc.set_threshold(50_000, 20, 100)
