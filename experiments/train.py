"""Trains a preset, shows it on TensorBoard, keeps it in a folder, and goes on if stopped.

python experiments/train.py --preset dcgan --data sample --epochs 20
"""

import math
import os
import shlex
import sys
from pathlib import Path

from command_line import Parser, plain_errors, positive, quiet, seed, size


def arguments():
    parser = Parser(__doc__.split("\n")[0])
    parser.add_argument("--preset", default="dcgan", help="dense, dcgan or guidelines")
    parser.add_argument(
        "--data",
        default="sample",
        help="sample, fashion_mnist, mnist, cifar10, or the path of a folder of images",
    )
    parser.add_argument("--epochs", type=positive, default=20, help="epochs to train in all")
    parser.add_argument("--batch-size", type=positive, default=32, help="images in a batch")
    parser.add_argument("--codings-size", type=positive, help="numbers in a coding; preset's own")
    parser.add_argument("--steps-per-epoch", type=positive, help="batches in an epoch; one pass")
    parser.add_argument("--seed", type=seed, default=0, help="of weights, codings and order")
    parser.add_argument("--run-dir", help="the run's folder; runs/PRESET-DATA")
    parser.add_argument("--data-dir", help="where the files of a named data set lie")
    parser.add_argument("--image-size", type=size, help="side or HEIGHTxWIDTH, for a folder; 64")
    parser.add_argument("--channels", type=int, choices=(1, 3), help="for a folder; 1 if all grey")
    parser.add_argument("--keep", type=positive, default=3, help="checkpoints to keep")
    return parser.parse_args()


def main(args):
    with quiet():
        import tensorflow as tf

        from gan_model import data, presets, runs
    if tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()  # a resume to the bit needs it there

    presets.named(args.preset)  # before reading the data, which may take long
    (train, _), (held_out, _) = data.load(
        args.data, folder=args.data_dir, image_size=args.image_size, channels=args.channels
    )
    folder = runs.RunFolder(args.run_dir or f"runs/{args.preset}-{Path(args.data).name}")
    settings = settings_of(args, train.shape[1:], runs.fingerprint(train))
    with folder.opened(settings):
        announce(folder, args.epochs)
        gan = runs.build(settings)
        history = gan.fit(
            train,
            batch_size=args.batch_size,
            validation_data=held_out,
            epochs=args.epochs,
            steps_per_epoch=args.steps_per_epoch,
            callbacks=folder.callbacks(settings, keep=args.keep),
        )
        last = {name: values[-1] for name, values in history.history.items()}
        if not math.isfinite(last["discriminator_loss"] + last["generator_loss"]):
            sys.exit(1)  # the run is lost, and fit has said so
        folder.save(gan)
    report(folder, history.history)


def announce(folder, epochs):
    done = folder.epochs_done()
    if done >= epochs:
        print(f"This run has its {done} epochs. For more: --epochs {2 * done}")
    elif done:
        print(f"Going on with the run in {folder.path}.")


def settings_of(args, image_shape, fingerprint):
    """What makes this run another run than the next."""
    from gan_model.data import NAMES  # imported by now; at the top it would slow --help down

    return {
        "preset": args.preset,
        "data": args.data if args.data in NAMES else str(Path(args.data).resolve()),
        "images": fingerprint,
        "image_shape": image_shape,
        "codings_size": args.codings_size,
        "batch_size": args.batch_size,
        "steps_per_epoch": args.steps_per_epoch,
        "seed": args.seed,
        "epochs": args.epochs,
    }


def report(folder, history):
    figures = ", ".join(f"{name} {values[-1]:.3f}" for name, values in history.items())
    python = os.path.relpath(sys.executable)
    tensorboard = Path(python).with_name("tensorboard")
    print(f"""
Figures of the last epoch ({len(history["generator_loss"])}): {figures}
Pictures:    {folder.samples}/training.gif and epoch-*.png
Model:       {folder.gan}, {folder.generator}
Dashboard:   {tensorboard} --logdir {folder.tensorboard} --samples_per_plugin images=1000
More images: {python} experiments/sample.py {folder.path} --out more.png""")


if __name__ == "__main__":
    again = f"{os.path.relpath(sys.executable)} {shlex.join(sys.argv)}"
    with plain_errors(go_on=f"Finished epochs are kept; to go on: {again}"):
        main(arguments())
