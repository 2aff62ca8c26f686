"""What became of one training run of a search <-> a file."""

import dataclasses
import json
from pathlib import Path

from gan_model.storage.atomic import atomic_write

FINISHED, LOST, COLLAPSED = "finished", "lost", "collapsed"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one training run of a search.

    Attributes:
        name: of the run, for example "trial-003".
        hyperparameters: dict from names to int, float, str or bool.
        seed: of the weights, the codings and the order of the images.
        state: "finished", "lost" (no numbers any more, or out of memory) or "collapsed".
        reason: why it is lost or collapsed, a sentence without a full stop; else "".
        score: what the search minimises: the distance where the run finished and is no
            farther than the worst score, else the worst score.
        distance: the least held-out distance of its epochs; None where none was measured.
        best_epoch: the epoch of that distance, from 1; None as above.
        epochs: epochs trained.
        figures: the held-out figures of that epoch by name, without "val_".
        seconds: that the process took which finished it, building and measuring included.
    """

    name: str
    hyperparameters: dict
    seed: int
    state: str
    reason: str
    score: float
    distance: float | None
    best_epoch: int | None
    epochs: int
    figures: dict
    seconds: float

    def write(self, path):
        """Writes the outcome as JSON, whole or not at all."""
        with atomic_write(path) as beside:
            beside.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path):
        """The outcome in a file; None where there is none.

        Raises:
            ValueError: the file cannot be read, or is no outcome.
        """
        try:
            return cls(**json.loads(Path(path).read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise ValueError(
                f"{path} cannot be read ({error}). Remove {Path(path).parent} to train that run "
                "again."
            ) from error
