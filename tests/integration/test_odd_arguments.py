"""No type name, regular expression or traceback reaches a person, whatever is typed; other people's words move no cursor."""

import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

import bridge.control as c
from daemon.cli import output
from daemon.cli.main import build, run
from daemon.cli.tables import table
from daemon.core import shown
from daemon.errors import EXIT_CODES, SidechainError
from tests.integration.test_command_line import sidechain

ODD = [
    "",
    "x" * 5000,
    "@x",
    "../../etc/passwd",
    "a\u202eb",
    "\x1b[31mred",
    "caf\udce9",
    "%s{0}",
    "-",
    "🎵" * 100,
]
FOR_EVER = {"up", "relay", "tray", "demo", "host", "claim", "down", "service", "watch"}
"""They run on, open a browser, end the daemon, or change what login starts for whoever runs this."""
NEVER_SHOWN = re.compile(
    r"Traceback|msgspec|ValidationError|Error\b.*Error\b|`str`|`int`|regex|\\Z|\^\[|object at 0x|[a-z]+\.[A-Z]\w+Error|Input should|validation|parse|surrogate"
)


def leaves(group: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    if isinstance(group, TyperGroup):
        for name, command in group.commands.items():
            if name not in FOR_EVER or path:
                yield from leaves(command, (*path, name))
    elif isinstance(group, TyperCommand):
        yield path, group


def calls(path: tuple[str, ...], command: TyperCommand) -> Iterator[list[str]]:
    """The command with each of its texts odd in turn, and with nothing."""
    yield list(path)
    texts = [p for p in command.params if not getattr(p, "is_flag", False) and p.name != "help"]
    for odd, told in itertools.product(ODD, texts):
        arguments = [odd if p is told else "last" for p in texts if isinstance(p, TyperArgument)]
        options = [told.opts[0], odd] if isinstance(told, TyperOption) else []
        yield [*path, *options, "--", *arguments]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("odd")
    assert sidechain(folder, "up", "--detach").returncode == 0
    yield folder
    assert sidechain(folder, "down").returncode == 0


@pytest.mark.parametrize(
    ("path", "command"), [pytest.param(*leaf, id=" ".join(leaf[0])) for leaf in leaves(get_command(build()))]
)
def test_every_command_answers_anything_in_words(
    daemon: Path,
    path: tuple[str, ...],
    command: TyperCommand,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "RUN_DIR", "DATA_DIR", "CREDENTIAL_STORE"):
        value = {"CONFIG": "config.toml", "RUN_DIR": "run", "DATA_DIR": "data"}.get(name)
        monkeypatch.setenv(f"SIDECHAIN_{name}", str(daemon / value) if value else "file")
    for arguments in calls(path, command):
        monkeypatch.setattr(sys, "argv", ["sidechain", *arguments])
        with pytest.raises(SystemExit) as ended:
            run()
        code = ended.value.code or 0
        said = "".join(capsys.readouterr())
        assert code in EXIT_CODES, (arguments, code)
        assert not NEVER_SHOWN.search(said), (arguments, said)


def test_words_of_others_reach_the_terminal_as_text_only(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b]52;c;ZXZpbA==\x07 \u202egnp.exe \x9b31m"
    output.show(c.Done(), False, lambda: table(["title"], [[evil + "\nforged  line"]]))
    output.fail(SidechainError(evil + "\nforged"), as_json=False)
    output.fail(SidechainError(evil), as_json=True)
    said = "".join(capsys.readouterr())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said)
    assert not re.search("^forged", said, re.M)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_name_that_is_no_text_or_has_two_lines_is_told_all_the_same(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "caf\udce9\nforged.wav"
    output.show({"path": name}, as_json, lambda: f"Wrote {shown.line(name)}.")
    output.fail(SidechainError(f"{name} exists."), as_json=as_json)
    said = "".join(capsys.readouterr())
    assert "caf" in said and said.count("\n") == 2
    if as_json:
        assert [msgspec.json.decode(each) for each in said.splitlines()]


def test_json_means_the_same_with_what_is_not_shown_as_escapes() -> None:
    text = {"title": "\x9b31m \u202e ünïcode"}
    data = shown.json(msgspec.json.encode(text).decode())
    assert msgspec.json.decode(data) == text and "ünïcode" in data and "\x9b" not in data
