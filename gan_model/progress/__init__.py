"""What a terminal shows while a GAN trains: a line that moves, and one for each epoch that stays.

lines      logs of Keras        -> text that fits a width
display    where text goes: a terminal, a notebook, a file
callbacks  `fit`, `evaluate`    -> what is shown of them
"""

from gan_model.progress.callbacks import (
    EvaluationProgress,
    Progress,
    show_evaluation,
    show_training,
)

__all__ = ["EvaluationProgress", "Progress", "show_evaluation", "show_training"]
