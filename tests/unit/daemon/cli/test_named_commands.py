"""Whatever tells a person to run `sidechain …` names a command that is there; so does the help of each group."""

import re
from collections.abc import Iterator
from pathlib import Path

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from daemon.cli.main import SUBJECTS, build

ROOT = Path(__file__).parents[4]
NAMED = re.compile(r"`sidechain ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?[^`\n]*`")
LISTED = re.compile(r": ([a-z]+(?:, [a-z]+)+)\.")


def top() -> TyperGroup:
    command = get_command(build())
    assert isinstance(command, TyperGroup)
    return command


def sources() -> Iterator[Path]:
    for place in ("daemon", "tray", "bridge", "sandbox"):
        yield from (ROOT / place).rglob("*.py")
    yield from (ROOT / "docs").rglob("*.md")


def test_a_command_that_is_named_is_there() -> None:
    commands, missing, seen = top().commands, [], 0
    for path in sources():
        for first, second in NAMED.findall(path.read_text("utf-8")):
            seen += 1
            group = commands.get(first)
            wrong = isinstance(group, TyperGroup) and second and second not in group.commands
            if group is None or wrong:
                missing.append(f"{path.relative_to(ROOT)}: sidechain {first} {second}")
    assert not missing and seen > 50


def test_what_the_help_of_a_group_lists_is_in_it() -> None:
    lists = 0
    for name, group in top().commands.items():
        for listed in LISTED.findall(group.help or "") if isinstance(group, TyperGroup) else []:
            lists += 1
            assert set(listed.split(", ")) <= set(group.commands), f"sidechain {name}: {listed}"
    assert lists


def test_what_answers_answers_in_json_too() -> None:
    """As the README says; also a group that lists when it is called alone."""

    def options(command: TyperCommand | TyperGroup) -> set[str]:
        return {option for parameter in command.params for option in parameter.opts}

    def without(command: object, *path: str) -> Iterator[str]:
        if isinstance(command, TyperGroup):
            for name, below in command.commands.items():
                yield from without(below, *path, name)
            if not path or not command.invoke_without_command:
                return
        assert isinstance(command, TyperCommand | TyperGroup)
        if "--json" not in options(command):
            yield " ".join(path)

    assert set(without(top())) == {"up", "relay", "tray", "host", "takes open", "config path"}


def test_a_command_is_found_where_the_table_says() -> None:
    """Else what a person types would be found only by reading everything."""
    every = set(get_command(build()).commands)  # type: ignore[attr-defined]  # a group
    named = {name for names in SUBJECTS.values() for name in names.split()}
    assert named == every
    for add, names in SUBJECTS.items():
        for name in names.split():
            alone = build([name])
            assert set(get_command(alone).commands) == set(names.split()), add  # type: ignore[attr-defined]
