"""The file that `sidechain doctor --bundle` makes to send to somebody: findings, settings, log, all without secrets.

What is left out is told by shape, not by name, so that a secret in an unexpected place is left out too: tokens, keys,
codes, paths and queries of addresses, mail addresses, and the names of this user, machine and account. No sound and no
titles are in it.
"""

import os
import re
import socket
import zipfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from daemon.config import Config
from daemon.core.checks import Check
from daemon.features.doctor.checks import tail
from daemon.settings.folders import home_folder

_SHAPES = (
    (re.compile(r"(?i)\b(bearer|basic)\s+\S+"), r"\1 [left out]"),
    (re.compile(r"\b(?:https?|wss?)://([^\s/\"'<>?#@]*@)?([^\s/\"'<>?#@]+)[^\s\"'<>]*"), r"[address at \2]"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "[mail]"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "[token]"),
    (
        re.compile(
            r"(?i)\b((?:[a-z]+_)?(?:token|secret|code|password|key|verifier|state|signature))(\"?\s*[=:]\s*)\"?[^\s\"',}]+"
        ),
        r"\1\2[left out]",
    ),
    (re.compile(r"\b[0-9a-fA-F]{33,}\b"), "[hex]"),
    (re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{36,}(?![\w-])"), "[token]"),
    (re.compile(r"\b[A-Z]{4}-[A-Z]{4}\b"), "[code]"),
)


def redact(text: str, names: Iterable[str] = ()) -> str:
    """`text` without what nobody else should read. names: words to leave out wherever they stand."""
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    for name in sorted({n for n in names if len(n) > 2}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[name]", text)
    return text


def write_bundle(path: Path, config: Config, checks: list[Check], names: Iterable[str]) -> None:
    """Only its owner can read it, until they send it. Raises OSError."""
    names = {*names, *own_names(config)}
    members = {
        "doctor.json": _json([_redacted(msgspec.to_builtins(check), names) for check in checks]),
        "settings.json": _json(_redacted(msgspec.to_builtins(config), names)),
        "daemon.log": redact(tail(config.data / "daemon.log"), names),
    }
    path.unlink(missing_ok=True)
    path.touch(0o600)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in members.items():
            bundle.writestr(name, text)


def own_names(config: Config) -> set[str]:
    """Of the user, the machine, and whoever this device belongs to."""
    names = {config.device_name, socket.gethostname()}
    if home := home_folder():
        names |= {str(home), home.name}
    names |= {os.environ.get(name, "") for name in ("USER", "LOGNAME", "USERNAME")}
    try:
        facts = msgspec.json.decode((config.data / "account.json").read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        facts = {}
    return names | {facts.get("account", "")}


def _redacted(fields: dict[str, object], names: set[str]) -> dict[str, object]:
    """Texts before they are quoted, for quotes would hide what they are."""
    return {key: redact(text, names) if isinstance(text, str) else text for key, text in fields.items()}


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()
