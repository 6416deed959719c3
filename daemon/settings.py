"""The table of all settings, made of Config's fields: the documents, `sidechain config`, `sidechain setup`, the doctor and a
test read this one. And the settings file: one setting written into it, everything else left as it was.
"""

import os
import re
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Meta, Struct

from daemon.config import ENV_PREFIX, OLD_NAMES, Config, fitting, with_whole_folders
from daemon.errors import BadConfig, LibraryStuck, UsageError, why_of


class Setting(Struct, frozen=True, kw_only=True):
    """One row. default: as a person reads it. variable: of the environment. at_once: see AT_ONCE. Its flag, where `sidechain up` has one, is --name."""

    name: str
    meaning: str
    default: str
    variable: str
    at_once: bool


def _row(name: str, hint: object, default: object) -> Setting:
    meta = next(each for each in typing.get_args(hint) if isinstance(each, Meta) and each.description)
    said = (meta.extra or {}).get("default")
    plain = default if isinstance(default, str) else msgspec.json.encode(default).decode()
    return Setting(
        name=name,
        meaning=meta.description or "",
        default=str(said) if said else plain.removesuffix(".0"),
        variable=ENV_PREFIX + name.upper(),
        at_once=bool((meta.extra or {}).get("at_once")),
    )


def _table() -> Mapping[str, Setting]:
    hints = typing.get_type_hints(Config, include_extras=True)
    fields = msgspec.structs.fields(Config)
    return {each.name: _row(each.name, hints[each.name], each.default) for each in fields}


SETTINGS = _table()
"""Every setting by its name, in the order in which Config has them."""

AT_ONCE = frozenset(name for name, row in SETTINGS.items() if row.at_once)
"""Those that a running daemon goes by when they change; it goes by the others from its next start on."""


def changed_names(before: Config, after: Config) -> tuple[str, ...]:
    """Of the settings that differ. [any]"""
    return tuple(name for name in SETTINGS if getattr(before, name) != getattr(after, name))


def proper_name(said: str) -> str:
    """The name of a setting, however it was typed: `history.minutes`, or as it was called before. [any]"""
    name = said.replace(".", "_")
    return OLD_NAMES.get(name, name)


def setting(name: str) -> Setting:
    """Its row. Raises UsageError. [any]"""
    if name not in SETTINGS:
        raise UsageError(f"There is no setting {name}.", "`sidechain config` lists them.")
    return SETTINGS[name]


def checked(name: str, text: str) -> object:
    """`text` as a value of `name`; a relative folder is meant from here. Raises BadConfig, UsageError for a name that is none."""
    setting(name)
    wrong: list[str] = []
    fits = fitting({name: text}, "", wrong)
    if wrong:
        raise BadConfig(wrong[0].strip(), f"`sidechain config explain {name}` says what fits.")
    return with_whole_folders(fits, Path.cwd())[name]


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
