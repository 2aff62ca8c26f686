"""The command line, whose workers die where files in the folder `DIES` say.

    DIES=FOLDER python tests/programs/dying_workers.py train --workers 2 ...

The file `checkpoint-0` with the text `2` has worker 0 die in the middle of its second checkpoint,
`evaluation-1` worker 1 in an evaluation. The file is gone then.
"""

import collections
import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from without_xla import run

seen = collections.Counter()


def die(place):
    """Kills this process where a file says so."""
    number = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    seen[place] += 1
    file = Path(os.environ["DIES"]) / f"{place}-{number}"
    if file.exists() and int(file.read_text()) == seen[place]:
        file.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def prepare():
    from gan_model.commands.screen import quiet

    with quiet():
        import numpy as np

        from gan_model.replicas.sync import SyncFromChief

    savez = np.savez

    def save(file, **arrays):
        file.write(b"half of it")
        file.flush()
        die("checkpoint")
        file.seek(0)
        savez(file, **arrays)

    np.savez = save
    SyncFromChief.on_test_batch_end = lambda *_, **__: die("evaluation")


if __name__ == "__main__":
    if "TF_CONFIG" in os.environ:
        prepare()
    run()
