"""The program `gan-model`: one module for each of its commands.

To add a command `thing`, write `commands/thing.py` with a `Command` named `command`, and add its
name to `COMMANDS` here. `commands/sample.py` is the example. A program of your own adds one by
`group.add_command`, and then calls `main`:

- `arguments.py` has the types and options that commands share, `places.py` the checks of folders
  and files that a person names. A mistake that no type finds is a `click.UsageError`, or any
  ValueError: it ends the program with one line and status 2, as an OSError does with status 1.
- No module of a command imports TensorFlow or Keras at its top, so that `--help` is quick. The
  function of the command imports what it needs in `with quiet():`, which keeps TensorFlow's lines
  off the screen.
- The first sentence of the function's docstring stands in `gan-model --help`: 60 characters.
- `@click.pass_obj` gives the `Program`, which knows what a person types: a sentence with a command
  in it is written as `program.line("sample", run_dir)`.
"""

import importlib
import sys

import click

from gan_model.commands.parsing import Command, Help
from gan_model.commands.program import Program
from gan_model.commands.screen import open_closed_streams, show_any_name
from gan_model.storage.messages import did_you_mean

# In the order in which `gan-model --help` lists them.
COMMANDS = ("train", "sample", "evaluate", "sweep", "export", "page", "invert", "board", "info")


class _Commands(Help, click.Group):
    """The commands, each of which is imported when it is asked for."""

    command_class = Command

    def list_commands(self, ctx):
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx, name):
        return named(name) if name in COMMANDS else super().get_command(ctx, name)

    def resolve_command(self, ctx, args):
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            guess, names = did_you_mean(args[0], known), ", ".join(known)
            raise click.UsageError(f"Unknown command {args[0]!r}.{guess} Known: {names}.")
        return super().resolve_command(ctx, args)


def named(name) -> Command:
    """The command of this name, from its module."""
    return importlib.import_module(f"gan_model.commands.{name}").command


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    example="train --data path/to/pictures",
    epilog='To complete words with the Tab key: eval "$(_GAN_MODEL_COMPLETE=bash_source '
    'gan-model)" in ~/.bashrc, or zsh_source in ~/.zshrc.',
)
@click.version_option(package_name="gan-model", message="%(package)s %(version)s")
@click.pass_context
def group(ctx):
    """Trains GANs, makes images with them, and measures how good they are."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main():
    """Runs the command line, for the console script and for `python -m gan_model`."""
    open_closed_streams()
    show_any_name()
    program = Program(sys.argv)
    group.main(prog_name=program.name, complete_var="_GAN_MODEL_COMPLETE", obj=program)
