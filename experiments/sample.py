"""Generates images with a trained GAN: as an array (.npz), a grid (.png) or an animation (.gif).

python experiments/sample.py runs/modern-sample --count 100 --out grid.png
"""

from pathlib import Path

from command_line import Parser, plain_errors, positive, quiet, seed, whole

_COUNT = 25
_STOPS, _FRAMES_A_LEG = 5, 12  # of a walk, which ends where it began


def arguments():
    parser = Parser(__doc__.split("\n")[0])
    parser.add_argument("run_dir", nargs="?", help="folder of a run, finished or not")
    parser.add_argument("--from", dest="file", help="a .keras file instead: a GAN or a generator")
    parser.add_argument("--count", type=positive, help="number of images; else 25, or 8 per class")
    parser.add_argument("--of-class", type=whole, help="number of a class; else all in turn")
    parser.add_argument("--seed", type=seed, default=0, help="of the codings")
    parser.add_argument(
        "--out",
        default="samples.png",
        help=".npz: uint8 `images` (count, height, width, channels), and `labels`; .png: a grid; "
        ".gif: a grid whose images change from coding to coding",
    )
    args = parser.parse_args()
    if (args.run_dir is None) == (args.file is None):
        parser.error("say where the GAN is: the folder of a run, or --from FILE.keras")
    if args.of_class is not None and Path(args.out).suffix == ".gif":
        parser.error("a walk is through all classes; leave --of-class out")
    if Path(args.out).suffix not in (".npz", ".png", ".gif"):
        parser.error(f"--out ends in .npz, .png or .gif; received {args.out}")
    if not Path(args.out).parent.is_dir():
        parser.error(f"there is no folder {Path(args.out).parent} for --out {args.out}")
    return args


def main(args):
    with quiet():
        import numpy as np

        from gan_model import pictures, runs
        from gan_model.model.labels import of_each_class
        from gan_model.model.sampling import Sampler
    model = runs.load_model(args.file) if args.file else runs.RunFolder(args.run_dir).load()
    sampler = Sampler.of(model)
    out = Path(args.out)
    count = args.count or _COUNT
    if out.suffix == ".gif":
        walk = sampler.walk(count, stops=_STOPS, frames=_FRAMES_A_LEG, seed=args.seed)
        pictures.animate([pictures.grid(images) for images in walk], out)
    elif out.suffix == ".png":
        images, columns = shown(sampler, args)
        count = len(images)
        pictures.save(pictures.grid(images, columns=columns), out)
    else:
        labels = of_each_class(count, args.of_class, sampler.class_count)
        images = sampler.generate(count, labels=labels, seed=args.seed)
        arrays = {"images": images.reshape(*images.shape[:3], -1)}
        np.savez_compressed(out, **arrays | ({} if labels is None else {"labels": labels}))
    print(f"{count} images in {out}")


def shown(sampler, args):
    """The images of a grid, and how many make a row."""
    if args.of_class is None:
        return sampler.for_grid(args.count, seed=args.seed)
    return sampler.generate(args.count or _COUNT, labels=args.of_class, seed=args.seed), None


if __name__ == "__main__":
    with plain_errors():
        main(arguments())
