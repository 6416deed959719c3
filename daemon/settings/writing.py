"""The settings file as it is written: some settings set in it, everything else left as it was."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from daemon.errors import BadConfig, LibraryStuck, why_of


def with_setting(text: str, name: str, value: object) -> str:
    """The settings file's text with `name` set to `value`, or without it (None); all else as it was. [any]

    Raises BadConfig when the file is written in a way in which that cannot be done safely: then a person must.
    """
    try:
        wanted = tomllib.loads(text)
        line = re.compile(rf"^[ \t]*{re.escape(name)}[ \t]*=.*\n?", re.M)
        kept = line.sub("", text)
        kept += "\n" if kept and not kept.endswith("\n") else ""
        changed = kept if value is None else f"{kept}{name} = {msgspec.json.encode(value).decode()}\n"
        wanted.pop(name, None)
        if tomllib.loads(changed) == (wanted if value is None else wanted | {name: value}):
            return changed
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(
            f"The settings file cannot be read: {error}.",
            "Mend it first: `sidechain config path` says where it is.",
        ) from error
    raise BadConfig(f"The settings file is written so that {name} cannot be set in it.", "Edit it by hand.")


def write_settings(file: Path, values: Mapping[str, object]) -> None:
    """All of them or none, beside the file and then in its place; None takes one out. Raises BadConfig, LibraryStuck. [worker]"""
    try:
        text = file.read_text("utf-8-sig") if file.exists() else ""
        for name, value in values.items():
            text = with_setting(text, name, value)
    except (OSError, UnicodeDecodeError) as error:
        raise LibraryStuck(
            f"The settings file {file} cannot be written: {why_of(error)}.", "Mend that first."
        ) from error
    write_beside(file, text)


def write_beside(file: Path, text: str) -> None:
    """A file of the settings' folder, whole or as it was. Raises LibraryStuck. [worker]"""
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        os.replace(part, file)
    except OSError as error:
        raise LibraryStuck(
            f"The settings file {file} cannot be written: {why_of(error)}.", "Mend that first."
        ) from error
