"""The manual page sidechain(1), made of the commands themselves: what `--help` says, in man(7). The packages install it.

python -m daemon.cli.manual > sidechain.1
"""

import re
from collections.abc import Iterator

from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from daemon.cli.main import build
from daemon.cli.output import sidechain_version
from daemon.errors import EXIT_CODES
from daemon.settings.table import SETTINGS

Command = TyperCommand | TyperGroup
_EXAMPLES = re.compile(r"Examples?:\s*")


def manual() -> str:
    """The page. No date: equal in, equal out."""
    command = get_command(build())
    assert isinstance(command, TyperGroup)
    lines = [f'.TH SIDECHAIN 1 "" "sidechain {sidechain_version()}" "User Commands"', ".SH NAME"]
    lines += ["sidechain \\- keeps the last bars you played, and posts them", ".SH SYNOPSIS"]
    lines += [".B sidechain", "[COMMAND] [OPTIONS]", ".SH DESCRIPTION", *_prose(command.help or "")]
    lines += [".SH COMMANDS"]
    for path, each in _commands(command, ()):
        lines += [f".SS {_plain(_usage(path, each))}", *_prose(each.help or ""), *_options(each)]
    lines += [".SH EXIT STATUS", *_table((str(code), meaning) for code, meaning in EXIT_CODES.items())]
    lines += [
        ".SH ENVIRONMENT",
        "Settings, beside those of the settings file (see",
        ".BR \\%sidechain\\ config ):",
    ]
    lines += _table((row.variable, row.meaning) for row in SETTINGS.values())
    return "\n".join(lines) + "\n"


def _commands(group: TyperGroup, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Command]]:
    for name, command in group.commands.items():
        assert isinstance(command, TyperCommand | TyperGroup)
        yield (*path, name), command
        if isinstance(command, TyperGroup):
            yield from _commands(command, (*path, name))


def _usage(path: tuple[str, ...], command: Command) -> str:
    words = ["sidechain", *path]
    for parameter in command.params:
        if not isinstance(parameter, TyperOption):
            name = parameter.metavar or (parameter.name or "").upper()
            words.append(name if parameter.required else f"[{name}]")
    return " ".join(words)


def _options(command: Command) -> list[str]:
    rows = []
    for parameter in command.params:
        said = getattr(parameter, "help", None) or ""
        if isinstance(parameter, TyperOption):
            rows.append((", ".join([*parameter.opts, *parameter.secondary_opts]), said))
        elif said:
            rows.append((parameter.metavar or (parameter.name or "").upper(), said))
    return _table(rows)


def _table(rows: "Iterator[tuple[str, str]] | list[tuple[str, str]]") -> list[str]:
    lines = []
    for term, text in rows:
        lines += [".TP", f"\\fB{_plain(term)}\\fR", _line(text)]
    return lines


def _prose(text: str) -> list[str]:
    """Paragraphs; examples one a line."""
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        words = " ".join(paragraph.split())
        if _EXAMPLES.match(words):
            examples = re.split(r"\s+·\s+", _EXAMPLES.sub("", words))
            lines += [".PP", ".nf", *(f"    {_plain(each)}" for each in examples), ".fi"]
        else:
            lines += [".PP", _line(words)]
    return lines


def _line(text: str) -> str:
    """A line of text: none that begins as a request does."""
    plain = _plain(text)
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain or "\\&"


def _plain(text: str) -> str:
    """As man(7) takes it, signs as they are."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")


if __name__ == "__main__":
    print(manual(), end="")
