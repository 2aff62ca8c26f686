"""`gan-model board`: TensorBoard, with all runs of a folder."""

import sys
from pathlib import Path

import click

from gan_model.arguments import PATH, WHOLE
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet


@click.command(cls=Command, example="board runs")
@click.argument("runs", type=PATH, default="runs")
@click.option("--port", type=WHOLE, show_default="6006, or the next free one")
@click.pass_obj
def command(program, runs, port):
    """Starts TensorBoard.

    RUNS is the folder of one run or of many, if not ./runs.
    """
    if not Path(runs).is_dir():
        train = program.line("train")
        raise ValueError(f"There is no folder {runs}. To train a GAN, which makes one: {train}")
    # All pictures of a run of 1,000 epochs. TensorBoard has those of all runs in memory.
    options = ["--logdir", runs, "--samples_per_plugin", "images=200"]
    options += [] if port is None else ["--port", str(port)]
    with quiet():
        import tensorflow  # noqa: F401  TensorBoard would import it, and its lines be on the screen
        from tensorboard import main
    sys.argv[1:] = options
    main.run_main()
