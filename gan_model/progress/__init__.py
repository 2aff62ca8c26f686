"""What a person sees while a GAN trains: a line that moves, and a line for each epoch that stays.

figures     logs of Keras            -> the few figures that a line shows
lines       figures                  -> text that fits a width
pace        steps and their seconds  -> images a second, seconds left
screens     where text goes: a terminal, a notebook, a file
panel       one screen, opened when it is needed and drawn ten times a second
training    `fit`                    -> what is shown of it
evaluation  `evaluate`               -> what is shown of it
displays    callbacks, `verbose`     -> the same with a display of progress
"""

from gan_model.progress.displays import show_evaluation, show_training
from gan_model.progress.evaluation import EvaluationProgress
from gan_model.progress.training import Progress

__all__ = ["EvaluationProgress", "Progress", "show_evaluation", "show_training"]
