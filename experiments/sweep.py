"""The command `gan-model sweep`, from a clone.

python experiments/sweep.py --preset modern --data sample --tuner random --trials 8 --epochs 2
"""

from gan_model import commands

if __name__ == "__main__":
    commands.door(__file__)
