"""`relay status`: how a relay does, on one screen."""

import argparse
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from audio.models.shelf import Shelf
from audio.notes.shapes import SAYS as NOTES
from audio.separate.parts import PARTS
from relay.app.commands.arguments import CALLED, STORES, add_command, add_settings, config_from
from relay.app.commands.operate import NotDone, operate
from relay.app.commands.report import Report
from relay.app.config import Config
from relay.app.operating import AskStatus
from relay.app.site.views import ago
from relay.app.status import Status, our_version, ways_of
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.engine.database import sqlite_path
from relay.engine.folders import sync_folder
from relay.engine.model_folder import ModelFolder
from relay.engine.objects.room import ADMIT_FREE_BYTES

EXAMPLES = """
relay status --data /srv/relay
relay status --data /srv/relay --json
"""
TEXT = """Show version, address, ways to sign in, accounts, posts, storage, jobs, engines, disk, health and the age of the last backup. May be
run while the relay serves. Exit code 1: it does not serve, or something is not well."""
NOTE = "last-backup.json"
OLD_BACKUP_US = 7 * 24 * 3600 * 1_000_000


class Backup(Struct, frozen=True, kw_only=True):
    """The last one that was written from here. at_us: when, since the epoch."""

    file: str
    size_bytes: int
    at_us: int


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(commands, "status", run, summary="how the relay does", text=TEXT, examples=EXAMPLES)
    add_settings(parser, (*STORES, "public_url", "registration", "smtp_url"))
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Raises BadConfig, NotDone, DataInUse, DatabaseError, OSError."""
    config = config_from(given)
    if not config.data.is_dir():
        raise NotDone(f"There is no relay in {config.data}. `{CALLED} setup` makes one.")
    status = operate(config, AskStatus())
    assert isinstance(status, Status)  # what AskStatus is answered with
    values = _values(config, status)
    Report(as_json=given.json).result(_said(config, status, values), values)
    return 0 if values["well"] else 1


def note_backup(folder: Path, file: Path, at_us: int) -> None:
    """For `relay status`. Raises OSError."""
    note = Backup(file=str(file), size_bytes=file.stat().st_size, at_us=at_us)
    part = folder / f"{NOTE}.part"
    part.write_bytes(msgspec.json.encode(note))
    part.replace(folder / NOTE)
    sync_folder(folder)


def last_backup(folder: Path) -> Backup | None:
    """None: none is known of. [any]"""
    try:
        return msgspec.json.decode((folder / NOTE).read_bytes(), type=Backup)
    except (OSError, msgspec.DecodeError):
        return None


def _values(config: Config, status: Status) -> dict[str, object]:
    """What --json has; docs/operator/running.md names the fields."""
    backup, disk = last_backup(config.data), shutil.disk_usage(config.data)
    several = sqlite_path(config.database) is None
    people, bad = status.stored.people, [each.name for each in status.checks if not each.ok]
    room = disk.free >= ADMIT_FREE_BYTES
    return {
        "well": (status.serves or several) and not bad and room,
        "serves": None if several else status.serves,
        "version": status.version if status.serves else our_version(),
        "url": status.base_url,
        "sign_in": status.ways or ways_of(config),
        **msgspec.structs.asdict(people),
        "reports": status.stored.reports,
        "jobs": {name: status.stored.jobs.get(name, 0) for name in ("ready", "running", "quarantined")},
        "engines": {name: _engines(config, of) for name, of in _ENGINES},
        "database": "sqlite" if not several else "postgresql",
        "disk_free_bytes": disk.free,
        "disk_bytes": disk.total,
        "checks": [msgspec.structs.asdict(each) for each in status.checks],
        "backup": None
        if backup is None
        else {
            "file": backup.file,
            "at": rfc3339(backup.at_us),
            "size_bytes": backup.size_bytes,
            "is_there": Path(backup.file).exists(),
        },
    }


def _said(config: Config, status: Status, values: dict[str, object]) -> list[str]:
    people, jobs = status.stored.people, status.stored.jobs
    lines = [
        ("Relay", f"{_serving(values)}, version {values['version']}"),
        ("Address", status.base_url or "the address listened on (no --public-url)"),
        ("Sign-in", _sign_in(status.ways or ways_of(config))),
        (
            "People",
            f"{people.accounts}, {people.active} of them here this week, {people.suspended} suspended",
        ),
        ("Posts", f"{people.posts}, {_size(people.stored_bytes)}"),
        (
            "Reports",
            "none waits" if not status.stored.reports else f"{status.stored.reports} wait, at /moderation",
        ),
        ("Jobs", ", ".join(f"{jobs.get(name, 0)} {word}" for name, word in _JOBS)),
        ("Engines", _engines_said(config)),
        ("Disk", _disk(values)),
        ("Backup", _backup(last_backup(config.data))),
        ("Health", _health(status)),
    ]
    return [f"{name:8} {said}" for name, said in lines]


_ENGINES: tuple[tuple[str, Iterable[str]], ...] = (("separation", PARTS), ("notes", NOTES))


def _engines(config: Config, engines: Iterable[str]) -> dict[str, list[str]]:
    """here, and lacking: those whose model is not. Raises OSError."""
    here = Shelf(ModelFolder(config.models)).here(engines)
    return {"here": here, "lacking": [name for name in engines if name not in here]}


def _engines_said(config: Config) -> str:
    said = []
    for name, engines in _ENGINES:
        found = _engines(config, engines)
        lacking = f" (not here: {', '.join(found['lacking'])})" if found["lacking"] else ""
        said.append(f"{name} by {', '.join(found['here'])}{lacking}")
    return "; ".join(said)


_JOBS = (("ready", "wait"), ("running", "run"), ("quarantined", "set aside"))


def _serving(values: dict[str, object]) -> str:
    said = {
        True: "serves",
        False: "does not serve",
        None: "any number of processes; ask each at /health/ready",
    }
    return said[values["serves"]]  # type: ignore[index]  # one of these, as _values says


def _sign_in(ways: list[str]) -> str:
    forgotten = "" if "mail" in ways else f", no mail: who forgets one needs `{CALLED} users link NAME`"
    return ", ".join(_WAYS.get(each, each) for each in ways) + forgotten


_WAYS = {
    "google": "Google",
    "discord": "Discord",
    "github": "GitHub",
    "password:closed": "passwords (nobody new)",
    "password:invite": "passwords (new ones by invite)",
    "password:open": "passwords (anybody new)",
    "mail": "forgotten ones by mail",
}


def _disk(values: dict[str, object]) -> str:
    free, total = int(str(values["disk_free_bytes"])), int(str(values["disk_bytes"]))
    said = f"{_size(free)} free of {_size(total)}"
    return (
        said if free >= ADMIT_FREE_BYTES else f"{said}: uploads are refused below {_size(ADMIT_FREE_BYTES)}"
    )


def _backup(found: Backup | None) -> str:
    if found is None:
        return f"none yet: `{CALLED} backup FILE`"
    said = f"{ago(rfc3339(found.at_us), now_us())}, {found.file}, {_size(found.size_bytes)}"
    if not Path(found.file).exists():
        return f"{said}, which is there no more"
    return said if now_us() - found.at_us < OLD_BACKUP_US else f"{said}: make a new one"


def _health(status: Status) -> str:
    if not status.checks:
        return "not asked, for it does not serve"
    bad = [f"{each.name}: {each.detail}" for each in status.checks if not each.ok]
    return "; ".join(bad) if bad else f"well ({len(status.checks)} things looked at)"


def _size(size_bytes: int) -> str:
    """In the unit that gives it one to four digits."""
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if size_bytes >= 1 << 10 * power:
            return f"{size_bytes / (1 << 10 * power):.1f} {unit}"
    return f"{size_bytes} bytes"
