"""`gan-model train`: trains a preset, shows it on TensorBoard, and resumes a stopped run."""

import click

from gan_model.commands import local_workers
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet
from gan_model.run_settings import RunSettings, run_options


@click.command(
    cls=Command,
    example="train --data path/to/pictures --minutes 10",
    go_on="Finished epochs are kept",
)
@run_options()
@click.pass_obj
def command(program, **options):
    """Trains a GAN, or goes on with a stopped run. Default: `modern`, `sample`."""
    settings = RunSettings(**options)
    _check(settings)
    if settings.workers:
        return local_workers.start(settings.workers, program)
    local_workers.end_with_parent()  # first: to import, and to wait for the others, takes long
    with quiet():
        from gan_model.commands.training import train
    train(settings, program)


def _check(settings):
    """Raises a UsageError where options do not go together."""
    if settings.epochs and settings.minutes:
        raise click.UsageError("--epochs and --minutes both end a run; give one of them")
    if settings.workers and settings.devices:
        raise click.UsageError("each worker has one device; give --workers or --devices")
    if settings.source and (settings.preset or settings.codings_size or settings.bfloat16):
        raise click.UsageError(
            "--from has the networks already; leave --preset, --codings-size, --bfloat16 out"
        )
    for given, option in (
        (settings.freeze_discriminator, "--freeze-discriminator"),
        (settings.new_generator, "--new-generator"),
    ):
        if given and not settings.source:
            raise click.UsageError(f"{option} is for a run that goes on: give --from too")
