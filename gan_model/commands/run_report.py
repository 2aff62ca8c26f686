"""What a run ends with on the screen: figures, files, and the commands that go on from there."""

import textwrap

_INDENT = 13 * " "  # of the lines behind their names


def report(folder, history, every, quality, program):
    """Prints what was reached and where it is.

    Args:
        folder: `RunFolder`.
        history: what `fit` recorded, a dict of lists.
        every: epochs from one measurement to the next.
        quality: `metrics.Quality`; None if nothing was measured.
        program: `Program`.
    """
    figures = ", ".join(
        f"{name} {history[name][-1]:.3f}"
        for name in ("discriminator_loss", "generator_loss", "real_score", "fake_score")
    )
    best = f"\n{_INDENT}{folder.best}, of the best epoch" if folder.best.exists() else ""
    # What is to be pasted stands on one line, however long the paths are.
    print(f"""
{_filled(f"Last epoch:  number {len(history['generator_loss'])}, {figures}")}
{_filled(f"Quality:     {_quality_line(quality, history, every)}")}
Pictures:    {folder.samples}/training.gif and epoch-*.png
Model:       {folder.gan}
{_INDENT}{folder.generator}{best}
Dashboard:   {program.line("board", folder.tensorboard)}
All numbers: {program.line("evaluate", folder.path)}
More images: {program.line("sample", folder.path, "--out", "more.png")}""")


def _filled(text):
    """Lines of at most 80 characters."""
    return textwrap.fill(text, 80, subsequent_indent=_INDENT, break_on_hyphens=False)


def _quality_line(quality, history, every):
    """The distance at the end and at its best, and what to hold it against."""
    if quality is None:
        return "not measured, as too few images are held out"
    name = f"val_{quality.distance}"
    if name not in history:
        return f"not measured in fewer than {every} epochs"
    values = history[name]
    best = min(range(len(values)), key=values.__getitem__)
    floor = f"{quality.floor[quality.distance]:.3g}" if quality.floor else "unknown"
    return (
        f"{quality.distance} {values[-1]:.4g} after epoch {len(values) * every}, best "
        f"{values[best]:.4g} after epoch {(best + 1) * every}. Less is better; as many training "
        f"images read {floor}. Measured on {quality.reference.count:,} images."
    )
