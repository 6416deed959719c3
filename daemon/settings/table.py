"""The table of all settings, made of Config's fields: the documents, `sidechain config`, `sidechain setup`, the doctor and a
test read this one.
"""

import typing
from collections.abc import Mapping

import msgspec
from msgspec import Meta, Struct

from daemon.config import ENV_PREFIX, OLD_NAMES, Config
from daemon.errors import UsageError


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
