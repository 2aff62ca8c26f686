"""Searches the codings size and the learning rates of a preset, and trains the best ones again.

python experiments/sweep.py --preset modern --data sample --tuner random --trials 8 --epochs 2
"""

import os
import shlex
import sys
from pathlib import Path

from command_line import (
    Parser,
    above_0,
    add_data,
    add_features,
    plain_errors,
    positive,
    quiet,
    seed,
    use_gpus,
    whole,
)

TUNERS = ("random", "hyperband", "bayesian", "grid")


def arguments():
    parser = Parser(__doc__.split("\n")[0])
    parser.add_argument("--preset", default="modern", help="dense, dcgan, guidelines, modern, ...")
    add_data(parser, default="sample")
    parser.add_argument("--tuner", choices=TUNERS, default="random", help="tuner of keras-tuner")
    parser.add_argument("--trials", type=positive, help="else 8; for hyperband as many as it needs")
    parser.add_argument("--epochs", type=positive, help="per trial; else 2 (hyperband: up to 9)")
    parser.add_argument(
        "--codings-sizes",
        type=positive,
        nargs="+",
        default=(16, 32, 64, 128, 256),
        help="choices",
    )
    parser.add_argument(
        "--learning-rates", type=above_0, nargs="+", default=(1e-4, 3e-3), help="lowest and highest"
    )
    parser.add_argument("--batch-sizes", type=positive, nargs="+", default=(32,), help="choices")
    parser.add_argument("--top", type=positive, default=3, help="best trials to train again")
    parser.add_argument("--confirm", type=whole, default=3, help="new seeds for each of them")
    parser.add_argument("--workers", type=positive, help="processes that share the trials")
    parser.add_argument("--worker", type=positive, help="run only the worker with this number")
    parser.add_argument("--seed", type=seed, default=0, help="of the search")
    add_features(parser)
    parser.add_argument("--run-dir", help="folder of the search; else runs/sweep-PRESET-DATA")
    return parser.parse_args()


def main(args):
    if args.worker:
        share_threads(args.workers or 1)
    with quiet():
        from searching import Search
        from sweep_report import report

        from gan_model import sweeps
    use_gpus(shared=bool(args.workers or sweeps.workers.role()))
    path = Path(args.run_dir or f"runs/sweep-{args.preset}-{Path(args.data).name}")
    search = Search(args, path)
    if args.worker or sweeps.workers.role() == "worker":
        with sweeps.workers.worker(path, args.worker):
            search.folder.check(search.settings)
            search.work()
        return
    with search.folder.opened(search.settings):
        search.note()
        search.run(worker_commands(args))
        confirmed = search.confirm()
        report(search, confirmed)


def share_threads(workers):
    """Has TensorFlow, which is not imported yet, use a worker's share of the cores."""
    share = max(1, (os.cpu_count() or 1) // workers)
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(share))


def worker_commands(args):
    """The command of each worker: this one, with its number."""
    return [
        [sys.executable, *sys.argv, "--worker", str(number)]
        for number in range(1, 1 + (args.workers or 0))
    ]


if __name__ == "__main__":
    again = f"{os.path.relpath(sys.executable)} {shlex.join(sys.argv)}"
    with plain_errors(go_on=f"Finished trials and epochs are kept; to go on: {again}"):
        main(arguments())
