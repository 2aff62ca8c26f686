"""Searches over hyperparameters, with keras-tuner.

space             hp                          -> the arguments that every preset has
hypergan          a function build(hp)        -> what a tuner of keras-tuner searches
hyperband         keras-tuner's Hyperband     -> one that can be given more trials
search_arguments  arguments of search         -> those of fit
tuner             what keras-tuner tells a hypermodel through callbacks
trial_folder      one run of a search        <-> one folder
trial_state       a history, images           -> state, distance, score
outcome           what became of a run       <-> a file
stopping          which errors end a search, and which only a trial
journal           an interrupted search       -> the same search, going on
workers           a search                    -> processes that train its trials
chief             an oracle, workers          -> one search
progress          what a search prints while it goes on
comparing         settings with new seeds     -> the winner, and how certain that is
columns           columns of values           -> lines of text
ranking           outcomes                    -> tables, files, a verdict
confirming        the best trials             -> the same with new seeds
search_folder     one search                 <-> one folder
"""

from gan_model.sweeps import workers
from gan_model.sweeps.chief import Chief, chief_of
from gan_model.sweeps.comparing import Confirmed
from gan_model.sweeps.confirming import confirm, help_to_confirm
from gan_model.sweeps.hyperband import Hyperband
from gan_model.sweeps.hypergan import HyperGAN
from gan_model.sweeps.journal import Journal
from gan_model.sweeps.outcome import Outcome
from gan_model.sweeps.ranking import finished, ranked
from gan_model.sweeps.search_folder import SearchFolder
from gan_model.sweeps.space import preset_defaults, search_space
from gan_model.sweeps.stopping import SearchStopped
from gan_model.sweeps.trial_folder import delete_weights_except_best, outcomes_in

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
