"""The command `gan-model train`, from a clone.

python experiments/train.py --preset modern --data sample --epochs 20
"""

from gan_model import commands

if __name__ == "__main__":
    commands.door(__file__)
