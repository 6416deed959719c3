"""What README and docs tell a person to type or to click is there."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

import tray.model
from daemon.cli.main import build
from relay.app.commands import invite, models, users
from relay.app.commands import main as relay_commands
from relay.app.config import BadConfig
from tests.docs.test_documents import ROOT, tracked

PASSED_ON = {"relay", "tray"}  # other programs' arguments: their own tests have them
# What a person may want to do, and the tray's word for it.
DEEDS = {
    "preview": "PlayPreview",
    "listen": "PlayPreview",
    "like": "LikePost",
    "react": "ReactPost",
    "follow": "FollowUser",
    "tag": "TagTake",
    "search": "SearchTakes",
    "rename": "RenameTake",
    "export": "ExportTake",
    "discard": "DiscardTake",
    "repair": "RepairTake",
    "delete": "DeleteTake",
}


def pages() -> list[Path]:
    return tracked("README.md", "docs/*.md", "docs/operator/*.md")


def typed() -> Iterator[tuple[str, str, bool]]:
    """(page, what is to be typed, whether it is a whole line): of code blocks and of `sidechain …` in a sentence."""
    for page in pages():
        text = page.read_text()
        name = str(page.relative_to(ROOT))
        for line in re.findall(r"^(?:    |\t|\$ )+(?:\$ )?(sidechain .*)$", text, re.M):
            yield name, line, True
        for mention in re.findall(r"`(sidechain [^`\n]*)`", text):
            yield name, mention, False


@cache
def every_command() -> TyperGroup:
    return get_command(build())  # type: ignore[return-value] # one with commands in it


def complaint(words: list[str], *, whole: bool) -> str:
    """What the command line has against it; "" when nothing. In a sentence, an argument may be left out."""
    command: TyperGroup | TyperCommand = every_command()
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        below = command.commands.get(words[0])
        if below is None:
            return f"no command {words[0]}"
        command, words = below, words[1:]  # type: ignore[assignment] # one of these, too
    if command.name in PASSED_ON:
        return ""
    known = {option for parameter in command.params for option in parameter.opts}
    if missing := {word.partition("=")[0] for word in words if word.startswith("--")} - known - {"--help"}:
        return f"no option {', '.join(sorted(missing))}"
    if not whole or isinstance(command, TyperGroup):
        return ""
    try:
        command.make_context(command.name, list(words))
    except TyperException as error:
        return str(error)
    return ""


def test_every_command_that_is_to_be_typed_is_one() -> None:
    wrong, seen = [], 0
    for page, line, whole in typed():
        for part in re.split(r"\s(?:&&|·|\|)\s", line):
            words = shlex.split(part.strip().removesuffix("&"), comments=True)
            if words[:1] != ["sidechain"]:
                continue
            seen += 1
            if said := complaint(words[1:], whole=whole):
                wrong.append(f"{page}: {part.strip()}: {said}")
    assert not wrong and seen > 80


def relay_complaint(words: list[str]) -> str:
    """What the relay's own command line has against it; "" when nothing."""
    if not words or words[0].startswith("-"):
        words = ["serve", *words]
    try:
        given = relay_commands.parser().parse_args(words)
        if getattr(given, "words", []):
            deeds = {"users": users.deed_of, "invite": invite.question_of, "models": models.deed_of}
            deeds[words[0]](given)
    except SystemExit:
        return "no such call"
    except BadConfig as error:
        return str(error)
    return ""


def test_every_command_of_a_relay_that_is_to_be_typed_is_one() -> None:
    wrong, seen = [], 0
    for page, line, whole in typed():
        for part in re.split(r"\s(?:&&|·|\|)\s", line):
            words = [word for word in shlex.split(part, comments=True) if word not in ("&", "…")]
            if words[:2] != ["sidechain", "relay"] or (not whole and "[" in part):
                continue
            seen += 1
            if said := relay_complaint(words[2:]):
                wrong.append(f"{page}: {part.strip()}: {said}")
    assert not wrong and seen > 20


@pytest.mark.parametrize(
    "wrong", ["nosuch", "users ban ben", "invite --list", "users role mira king", "serve --nosuch"]
)
def test_what_is_no_command_of_a_relay_is_found(wrong: str) -> None:
    assert relay_complaint(wrong.split())


@pytest.mark.parametrize(
    "wrong", ["nosuch", "takes nosuch", "keep --nosuch", "keep --bars many", "takes tag"]
)
def test_what_is_none_is_found(wrong: str) -> None:
    assert complaint(wrong.split(), whole=True)


def test_the_tray_is_said_to_do_nothing_that_it_does_not() -> None:
    """As reported of previews: nothing in its menu played any."""
    wrong = []
    for page in pages():
        prose = re.sub(r"^(?:    |```).*$", "", page.read_text(), flags=re.M)
        text = re.sub(r"\s+", " ", prose)
        for sentence in re.findall(r"[^.;|]*\btray\b[^.;|]*", text):
            for word, action in DEEDS.items():
                if re.search(rf"\b{word}\b", sentence) and not hasattr(tray.model, action):
                    wrong.append(f"{page.relative_to(ROOT)}: {word}: {sentence.strip()}")
    assert wrong == []
