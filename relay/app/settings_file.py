"""The settings that lie beside a relay's data: `relay.env` in its folder, as `sidechain relay setup` writes it and every command reads it.

One NAME=value a line, as systemd's EnvironmentFile= has it (systemd.exec(5)), `#` before a remark. A variable of the environment
goes before a line of the file, a flag before both.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from relay.app.config import BadConfig

NAME = "relay.env"
MAX_BYTES = 64 * 1024
_REMARK = "# Settings of this relay, written by `sidechain relay setup`; docs/operator/settings.md has all of them.\n"


def read_settings(folder: Path) -> dict[str, str]:
    """Names and values; nothing where there is no such file. Raises BadConfig: which line cannot be read."""
    file = folder / NAME
    try:
        text = file.read_bytes()[:MAX_BYTES].decode()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(str(file), f"cannot be read: {error}.") from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().isidentifier():
            raise BadConfig(str(file), f"has no NAME=value in line {number}.")
        found[name.strip()] = value.strip()
    return found


def write_settings(folder: Path, values: Mapping[str, str]) -> Path:
    """In place of what was there, whole or not at all, for its owner's eyes only. Raises BadConfig, OSError."""
    for name, value in values.items():
        if "\n" in value or value != value.strip():
            raise BadConfig(name, "is one line, without space around it.")
    file, part = folder / NAME, folder / f"{NAME}.part"
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(_REMARK + "".join(f"{name}={value}\n" for name, value in values.items()))
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    return file
