"""Searches over hyperparameters, with keras-tuner.

space         hp                            -> the arguments that every preset has
HyperGAN      a function build(hp)          -> what a tuner of keras-tuner searches
trial_folder  one run of a search          <-> one folder
judging       a history, images             -> state, distance, score
Outcome       what became of a run         <-> a file
journal       a search that was interrupted -> the same search, going on
ranking       outcomes                      -> tables, the winner, what chance can do
"""

from gan_model.sweeps import workers
from gan_model.sweeps.confirming import confirm
from gan_model.sweeps.hypergan import HyperGAN
from gan_model.sweeps.journal import Journal
from gan_model.sweeps.outcome import Outcome
from gan_model.sweeps.ranking import Confirmed, compare, ranked, winner
from gan_model.sweeps.search_folder import SearchFolder
from gan_model.sweeps.space import own, usual
from gan_model.sweeps.stopping import SearchStopped
from gan_model.sweeps.trial_folder import lighten_all_but_best, outcomes_in

__all__ = [
    "Confirmed",
    "HyperGAN",
    "Journal",
    "Outcome",
    "SearchFolder",
    "SearchStopped",
    "compare",
    "confirm",
    "lighten_all_but_best",
    "outcomes_in",
    "own",
    "ranked",
    "usual",
    "winner",
    "workers",
]
