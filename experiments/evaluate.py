"""The command `gan-model evaluate`, from a clone.

python experiments/evaluate.py runs/modern-sample
python experiments/evaluate.py images.npz --data fashion_mnist --json figures.json
"""

from gan_model import commands

if __name__ == "__main__":
    commands.door(__file__)
