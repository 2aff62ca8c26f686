"""Searches over hyperparameters, with keras-tuner.

space       hp                    -> the arguments that every preset has
hypergan    a function build(hp)  -> what a tuner of keras-tuner searches
tuner       what a search needs of keras-tuner: its trials, its Hyperband, which errors end it
outcome     what became of a run: its state, its distance, its score, its rank
folders     a search, a run      <-> a folder
journal     an interrupted search -> the same search, going on
workers     a search              -> a chief and the processes that train its trials
confirming  the best trials       -> the same with new seeds, and which are better
progress    what a search prints while it goes on
tables      outcomes              -> tables, files, a summary
"""

from gan_model.sweeps import workers
from gan_model.sweeps.confirming import Confirmed, confirm, help_to_confirm
from gan_model.sweeps.folders import SearchFolder, delete_weights_except_best, outcomes_in
from gan_model.sweeps.hypergan import HyperGAN
from gan_model.sweeps.journal import Journal
from gan_model.sweeps.outcome import Outcome, finished, ranked
from gan_model.sweeps.space import preset_defaults, search_space
from gan_model.sweeps.tuner import Hyperband, SearchStopped
from gan_model.sweeps.workers import Chief, chief_of

__all__ = [
    "Chief",
    "Confirmed",
    "HyperGAN",
    "Hyperband",
    "Journal",
    "Outcome",
    "SearchFolder",
    "SearchStopped",
    "chief_of",
    "confirm",
    "delete_weights_except_best",
    "finished",
    "help_to_confirm",
    "outcomes_in",
    "preset_defaults",
    "ranked",
    "search_space",
    "workers",
]
