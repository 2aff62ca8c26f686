"""A command whose help has a line to type, and whose errors are one line each."""

import shlex

import click

from gan_model.commands.arguments import joined
from gan_model.commands.screen import plain_errors

_COLUMN = 22  # characters, of options; longer ones have a line for themselves


class Help:
    """Adds a line to type to the help of a click command, and makes its errors one line each.

    Args:
        example: that line, from the name of the command on.
        go_on: what a person reads who pressed Ctrl-C; where a `Program` is given, it is followed by
            the line to type.
        settings: of `click.Command`.
    """

    def __init__(self, *names, example="", go_on="", **settings):
        context = {"help_option_names": ["-h", "--help"]}
        super().__init__(*names, context_settings=context, **settings)
        self._example, self._go_on = example, go_on

    def make_context(self, info_name, args, parent=None, **extra):
        """Parses the arguments."""
        with plain_errors(f"{parent.command_path} {info_name}" if parent else info_name):
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx):
        """Runs the command."""
        go_on = self._go_on
        if go_on and ctx.obj:
            go_on += f"; to go on: {ctx.obj.again()}"
        with plain_errors(ctx.command_path, go_on):
            return super().invoke(ctx)

    def format_help_text(self, ctx, formatter):
        """Writes what the command does, and the line to type."""
        super().format_help_text(ctx, formatter)
        if self._example and ctx.obj:
            formatter.write(f"\n    {ctx.obj.line(*shlex.split(self._example))}\n")


class Command(Help, click.Command):
    """One command, with room for its options. Args: as for `Help`."""

    def format_options(self, ctx, formatter):
        """Writes the options with room for what they do: each takes one line if it can."""
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        shown = [one.get_help_record(ctx) for one in options if not one.hidden]
        with formatter.section("Options"):
            formatter.write_dl(shown, col_max=_COLUMN)

    def parse_args(self, ctx, args):
        """Has an option for several values take all words up to the next option."""
        return super().parse_args(ctx, joined(args, self.params))
