"""Commands whose help has a line to type, and whose errors are one line each."""

import shlex

import click

from gan_model.arguments import Several
from gan_model.commands.screen import plain_errors


class Help:
    """Adds a line to type to the help of a click command, and makes its errors one line each.

    Args:
        example: that line, from the name of the command on.
        go_on: what is shown after Ctrl-C; where a `Program` is given, the line to type follows.
        settings: of `click.Command`.
    """

    def __init__(self, *names, example="", go_on="", **settings):
        context = {"help_option_names": ["-h", "--help"], "show_default": True}
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

    def format_options(self, ctx, formatter):
        """Writes the options, each under the heading of its group."""
        groups = {}
        for one in self.get_params(ctx):
            record = one.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(one, "group", None) or "Options", []).append(record)
        rest = groups.pop("Options", [])
        for heading, records in (*groups.items(), ("Options", rest)):
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)


class Command(Help, click.Command):
    """One command. Args: as for `Help`."""

    def parse_args(self, ctx, args):
        """Has an option of `Several` values take all words up to the next option."""
        several = {
            name for one in self.params if isinstance(one.type, Several) for name in one.opts
        }
        words = []
        for word in args:
            if word.startswith("--") or len(words) < 2 or words[-2] not in several:
                words += [word, ""] if word in several else [word]
            else:
                words[-1] = f"{words[-1]} {word}"
        return super().parse_args(ctx, words)
