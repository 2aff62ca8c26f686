"""What became of one training run of a search <-> a file."""

import dataclasses
import json
from pathlib import Path

from gan_model.storage.json_file import write_json

FINISHED, COLLAPSED = "finished", "collapsed"
DIVERGED, OUT_OF_MEMORY = "diverged", "out_of_memory"
STATES = (FINISHED, COLLAPSED, DIVERGED, OUT_OF_MEMORY)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one training run of a search.

    Attributes:
        name: of the run, for example "trial-003".
        hyperparameters: dict from names to int, float, str or bool.
        seed: of the weights, the codings and the order of the images.
        state: "finished", "collapsed", "diverged" (a loss or another figure became infinite or no
            number) or "out_of_memory", which has no distance, no figures and 0 epochs.
        reason: why it did not finish, a sentence without a full stop; "" if it did.
        score: what the search minimises: the distance of a finished run, but at most the worst
            score, which all other runs get.
        distance: the least held-out distance of its epochs; None if none was measured.
        best_epoch: the epoch of that distance, from 1; None if none was measured.
        epochs: epochs trained.
        figures: the held-out figures of that epoch by name, without "val_".
        seconds: time of the process that finished it, building and measuring included.
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
        """Writes the outcome as JSON, atomically."""
        write_json(path, dataclasses.asdict(self))

    @classmethod
    def read(cls, path):
        """The outcome in a file; None if there is no file.

        Raises:
            ValueError: the file cannot be read, or is no outcome.
        """
        try:
            outcome = cls(**json.loads(Path(path).read_text()))
            if outcome.state not in STATES:
                raise ValueError(f"the state {outcome.state!r} is none of {', '.join(STATES)}")
            return outcome
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise ValueError(
                f"{path} cannot be read ({error}). Remove {Path(path).parent} to train that run "
                "again."
            ) from error
