"""What was measured -> lines of text for a person at a terminal."""

import math

import numpy as np

from gan_model.metrics.copying import WORST, chance_band, duplicates_expected
from gan_model.metrics.diversity import entropy
from gan_model.storage.messages import printable
from gan_model.text import number

_BAR = 40  # characters of the longest bar
_TENTH = 10  # a class with less than a tenth of its real fraction is named in a warning

COLUMNS = """\
  floor: training images instead of generated ones, the best to hope for.
  noise: the held-out images with the pixels of each shuffled (seed 0): only brightness is right.
  ±: standard error of one reading, rough below n = 10,000. Compare equal n and features only."""


def head(about, *, readings):
    """Two lines that say what was measured; the numbers below mean nothing without them.

    `about` has `what`, `weights`, `data`, `count`, `measures` and `readings`; `readings` is what
    one set of images is, "seed" or "part".
    """
    weights = f" ({about['weights']} weights)" if about["weights"] else ""
    measured = "; ".join(
        ", ".join(f"{name} {value}" for name, value in measure.items())
        for measure in about["measures"]
    )
    count, sets = about["count"], len(about["readings"])
    spread = f"{readings}s 0 to {sets - 1}" if sets > 1 else f"one {readings}"
    return (
        f"{about['what']}{weights} against held-out images of {about['data']}\n"
        f"n = {count:,} generated and {count:,} held-out images, {spread}; {measured}\n"
    )


def table(metrics, readings, *, floor, noise):
    """The numbers of one evaluation, a line each, under a line that names the columns.

    Args:
        metrics: the `Metric` records. A standard error has no line of its own but stands behind
            the number that it belongs to.
        readings: dicts from names to numbers, one for each set of generated images.
        floor, noise: the same numbers for real images and for noise.
    """
    metrics = tuple(metrics)
    errors = {metric.error_of: metric.name for metric in metrics if metric.error_of}
    mean = {name: float(np.mean([reading[name] for reading in readings])) for name in floor}

    def cell(numbers, name):
        error = numbers.get(errors.get(name))
        return number(numbers[name]) + (f" ± {error:.2g}" if error is not None else "")

    rows = [("", "mean", "least to greatest", "floor", "noise")]
    for name in (metric.name for metric in metrics if not metric.error_of):
        values = [reading[name] for reading in readings]
        spread = f"{number(min(values))} to {number(max(values))}"
        spread = spread if len(values) > 1 else "one reading"
        rows.append((name, cell(mean, name), spread, cell(floor, name), cell(noise, name)))
    return _aligned(rows)


def classes(names, generated, real):
    """A bar for each class, its fraction and the real one, entropies, missing classes.

    Args:
        names: of the classes.
        generated, real: images of each class, int (classes,).
    """
    made, there = (np.asarray(counts) / np.sum(counts) for counts in (generated, real))
    names = [printable(name) for name in names]
    width = max(map(len, names))
    lines = [f"  {'':<{width}}   made   real"]
    for name, fraction, real_fraction in zip(names, made, there, strict=True):
        bar = "#" * max(round(_BAR * fraction / made.max()), int(fraction > 0))
        lines.append(f"  {name:<{width}} {fraction:6.1%} {real_fraction:6.1%}  {bar}")
    lines.append(f"  {entropy_text(generated)}, of the real images {entropy(real):.2f}")
    if missing := [f"{names[i]} ({made[i]:.1%})" for i in dropped(generated, real)]:
        lines.append(f"  Warning: less than a tenth of the real fraction: {', '.join(missing)}.")
    return "\n".join(lines)


def by_class(rows):
    """A line for each class of a conditional GAN, and the mean of them.

    Each row is a dict with `class`, `count`, `distance` (name of the number), `readings` and
    `floor` (dicts from names to numbers); with `name` and `as_asked` if a classifier tells them.
    """
    if not rows:
        return "By class: too few held-out images of each to compare."
    name = rows[0]["distance"]
    cells = [("", "images", name, "floor", "classified as asked")]
    for row in rows:
        as_asked = f"{row['as_asked']:.1%}" if "as_asked" in row else "unknown"
        label = f"{row['class']} {printable(row.get('name', ''))}".strip()
        numbers = number(row["readings"][name]), number(row["floor"][name])
        cells.append((label, f"{row['count']:,}", *numbers, as_asked))
    mean = f"mean of the classes: {name} {number(np.mean([r['readings'][name] for r in rows]))}"
    if "as_asked" in rows[0]:
        right = np.average([row["as_asked"] for row in rows], weights=[r["count"] for r in rows])
        mean += f", {right:.1%} classified as asked"
    title = "By class, against the held-out images of that class alone"
    return f"{title}\n{_aligned(cells)}\n  {mean}"


def dropped(generated, real):
    """Classes with less than a tenth of their real fraction: (90, 1, 9), (50, 20, 30) -> [1]."""
    # In whole numbers: 2 of 100 is exactly a tenth of 20 of 100.
    made, there = (np.asarray(counts, np.int64) for counts in (generated, real))
    return [int(i) for i in np.flatnonzero(_TENTH * made * there.sum() < there * made.sum())]


def entropy_text(counts):
    """The text "entropy 0.69 of 0.69 nats" for two classes of 8 images each."""
    return f"entropy {entropy(counts):.2f} of {math.log(len(counts)):.2f} nats"


def copying(found, about):
    """The two numbers of `metrics.copying.Copies` beside those of new images.

    `about` names the features that were compared.
    """
    fake_count, held_out_count, train_count = found.counts
    chance = chance_band(fake_count, held_out_count)
    expected = duplicates_expected(held_out_count)
    # Four standard deviations of the difference of two fractions this small.
    max_duplicates = expected + 4 * math.sqrt(expected * (1 / fake_count + 1 / held_out_count))
    verdict = "so there is no sign of copying"
    if found.copying_probability > 0.5 + chance:
        verdict = "nearer than new images are: look for copies in the picture"
    elif found.duplicates > max_duplicates:
        verdict = "but too many are as near as copies: look at the picture"
    elif found.copying_probability < 0.5 - chance:
        verdict = "farther away than new images are"
    return (
        f"Copying, by distances to {train_count:,} training images in {about}\n"
        f"  copying probability  {found.copying_probability:.3f}  new images: 0.5 ± {chance:.3f}, "
        f"copies: 1; {verdict}\n"
        f"  duplicates           {found.duplicates:.3f}  new images: "
        f"{expected:.3f}, copies: 1"
    )


def rows_of_neighbours(found):
    """What each row of a picture of `Copies` is: "nearest", or "at random"."""
    return ["nearest" if i < WORST else "at random" for i in range(len(found.shown))]


def _aligned(rows):
    """Rows of texts as lines: the first column is aligned to the left, the others to the right."""
    first, *others = (max(map(len, column)) for column in zip(*rows, strict=True))
    return "\n".join(
        "  ".join([f"  {name:<{first}}", *map(str.rjust, cells, others)]) for name, *cells in rows
    )
