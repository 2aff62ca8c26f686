"""The command `gan-model sample`, from a clone.

python experiments/sample.py runs/modern-sample --count 100 --out grid.png
"""

from gan_model import commands

if __name__ == "__main__":
    commands.door(__file__)
