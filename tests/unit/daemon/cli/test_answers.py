"""Every command that answers with --json has its schema, and the schema is one that can be checked against."""

from collections.abc import Iterator

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from daemon.cli.answers import ANSWERS, schema_of
from daemon.cli.main import build
from tests.support.json_schema import misfits


def with_json(group: TyperGroup, *path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        assert isinstance(command, TyperCommand | TyperGroup)
        answers = any("--json" in parameter.opts for parameter in command.params)
        if answers and (not isinstance(command, TyperGroup) or command.invoke_without_command):
            yield " ".join((*path, name))
        if isinstance(command, TyperGroup):
            yield from with_json(command, *path, name)


def test_each_command_that_answers_has_a_schema() -> None:
    top = get_command(build())
    assert isinstance(top, TyperGroup)
    assert set(with_json(top)) == set(ANSWERS)


@pytest.mark.parametrize("command", sorted(ANSWERS))
def test_a_schema_stands_alone_and_lets_an_error_through(command: str) -> None:
    schema = schema_of(command)
    error = {"error": {"code": "not_running", "message": "No daemon answers.", "next_step": ""}}
    assert misfits(error, schema) == []
    assert misfits("no object", schema) != []
    assert "discriminator" not in str(schema) and "'t'" not in str(schema)
