"""How help is laid out: plain text, whether a terminal or a file takes it. The parser would have rich draw boxes around
it, and the import of all that takes longer than the rest of the command."""

from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from daemon.errors import UsageError

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter  # has no public name

MAX_SENTENCE_CHARS = 1_000  # of one command's: more than any has, so that none is cut


class Group(TyperGroup):
    """Commands of one subject, each with the first sentence of its help, whole."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """With nothing typed, what there is to type."""
        if not args and self.no_args_is_help:
            typer.echo(ctx.get_help())
            raise typer.Exit(UsageError.exit_code)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """As the parser does, which cuts the sentences at the end of a line."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, command.get_short_help_str(MAX_SENTENCE_CHARS))
                    for name, command in commands
                    if command
                ]
            )
