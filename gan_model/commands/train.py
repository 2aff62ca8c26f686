"""`gan-model train`: trains a preset, shows it on TensorBoard, and resumes a stopped run."""

import json

import click
from click.core import ParameterSource

from gan_model.arguments import PATH, GroupedOption
from gan_model.commands import local_workers
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet
from gan_model.run_settings import RunSettings, run_options


def _use_config(context, option, path):
    """Has the settings in a file stand for the options that are not typed."""
    if path is None:
        return
    try:
        with open(path) as file:
            content = json.load(file)
        context.default_map = RunSettings.typed(content.get("settings", content))
    except (OSError, ValueError, AttributeError) as error:
        raise click.BadParameter(f"{path} holds no settings of a run ({error}).") from error


@click.command(
    cls=Command,
    example="train --data path/to/pictures --minutes 10",
    go_on="Finished epochs are kept",
)
@click.option(
    "--config",
    cls=GroupedOption,
    group="Model",
    type=PATH,
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=_use_config,
    help="Settings of another run, its settings.json; typed options win.",
)
@run_options()
@click.pass_context
def command(context, **options):
    """Trains a GAN, or continues a stopped run. Default: `modern` on `sample`."""
    program = context.obj
    for name, other in (("epochs", "minutes"), ("minutes", "epochs")):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            if context.get_parameter_source(other) is ParameterSource.DEFAULT_MAP:
                options[other] = None
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
