"""How help is laid out: plain text, whether a terminal or a file takes it. The parser would have rich draw boxes around
it, and the import of all that takes longer than the rest of the command."""

from typing import TYPE_CHECKING

import typer
from typer.core import TyperArgument, TyperGroup

from daemon.errors import UsageError

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter  # has no public name

MAX_SENTENCE_CHARS = 1_000  # of one command's: more than any has, so that none is cut


_WORDS = {
    **dict.fromkeys(("int", "int range", "float", "float range"), "N"),
    **dict.fromkeys(("str", "text"), "TEXT"),
    **dict.fromkeys(("path", "file", "filename"), "FILE"),
}
"""What a value is called that has no name of its own: the parser says of which type it is."""


class Group(TyperGroup):
    """Commands of one subject, each with the first sentence of its help, whole."""

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        """Its values called as the manual calls them."""
        command = super().get_command(ctx, cmd_name)
        for each in command.params if command else ():
            if each.metavar is None and isinstance(each, TyperArgument):
                each.metavar = (each.name or "").upper() + "..." * (each.nargs != 1)
            elif each.metavar is None:
                each.metavar = _WORDS.get(each.type.name)
        return command

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
