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
    numbers = f"\nAll numbers: {program.line('evaluate', folder.path)}" if quality else ""
    # What is to be pasted stands on one line, however long the paths are.
    print(f"""
{_filled(f"Last epoch:  number {len(history['generator_loss'])}, {figures}")}
{_filled(f"Quality:     {_quality_line(quality, _measured(folder, quality), every)}")}
Pictures:    {folder.samples}/training.gif and epoch-*.png
Model:       {folder.gan}
{_INDENT}{folder.generator}{best}
Dashboard:   {program.line("board", folder.tensorboard)}{numbers}
More images: {program.line("sample", folder.path, "--out", "more.png")}""")


def _filled(text):
    """Lines of at most 80 characters."""
    return textwrap.fill(text, 80, subsequent_indent=_INDENT, break_on_hyphens=False)


def _measured(folder, quality):
    """Pairs of the distance and its epoch, for each epoch that was measured."""
    if quality is None:
        return []
    from gan_model.callbacks.history_file import read_history  # imported by now

    name, rows = f"val_{quality.distance}", read_history(folder.history)
    return [(float(row[name]), int(row["epoch"])) for row in rows if row.get(name)]


def _quality_line(quality, measured, every):
    """The distance at the end and at its best, and what to hold it against."""
    if quality is None:
        return "not measured, as too few images are held out"
    if not measured:
        return f"no epoch was measured in {quality.distance}; it is measured every {every} epochs"
    (last, epoch), (best, of_best) = measured[-1], min(measured)
    floor = f"{quality.floor[quality.distance]:.3g}" if quality.floor else "unknown"
    return (
        f"{quality.distance} {last:.4g} after epoch {epoch}, best {best:.4g} after epoch "
        f"{of_best}. Less is better; as many training images read {floor}. Measured on "
        f"{quality.reference.count:,} images."
    )
