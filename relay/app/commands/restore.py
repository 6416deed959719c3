"""`relay restore FILE`: what `relay backup` wrote, into whichever engines are named."""

import argparse
import asyncio
import shutil
import tarfile
from pathlib import Path, PurePath

from relay.app.commands.arguments import CALLED, STORES, add_command, add_settings, config_from
from relay.app.commands.backup import DATABASE, END, OBJECTS
from relay.app.commands.report import Report
from relay.app.commands.stores import data_folder, opened_database, opened_objects
from relay.app.config import Config
from relay.engine.database import Tx
from relay.engine.database.archive import Manifest, NotEmpty, load, read_manifest, require_place
from relay.engine.jobs import table as jobs
from relay.engine.objects.door import Objects
from relay.features.creations import publishing
from relay.features.devices.signing import forget_key
from relay.features.uploads import store as uploads

EXAMPLES = """
relay restore --data /srv/new-relay /backups/relay-2026-11-29.tar
relay restore --data /tmp/work --database-url postgresql://relay@db/relay --objects-url 's3://audio?endpoint=…' relay.tar
"""
TEXT = """Bring a backup into an empty relay; with --force, in the place of what is there. Objects first, then all rows in one
transaction, so that nothing stands half. Every daemon is told to fetch its pages anew. Stop the relay's processes first."""


class BadBackup(Exception):
    """A sentence: why it cannot be brought back, from this file or to this place."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "restore",
        run,
        summary="bring back what backup wrote, into either engine",
        text=TEXT,
        examples=EXAMPLES,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the tar file that backup wrote")
    add_settings(parser, STORES)
    parser.add_argument("--force", action="store_true", help="in the place of what the database holds")
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Raises BadBackup, BadConfig, DataInUse, DatabaseError, ObjectsUnavailable, OSError."""
    config, report = config_from(given), Report(as_json=given.json)
    if not given.file.is_file():
        raise BadBackup(f"There is no file {given.file}.")
    with data_folder(config) as folder:
        manifest, objects = asyncio.run(_restore(config, given.file, folder.work, report, force=given.force))
    rows = sum(content.rows for content in manifest.contents)
    said = [f"{rows} rows and {objects} objects are back. The next process to start says which key signs."]
    report.result(said, {"rows": rows, "objects": objects, "schema": manifest.schema})
    return 0


async def _restore(
    config: Config, file: Path, work: Path, report: Report, *, force: bool
) -> tuple[Manifest, int]:
    try:
        with tarfile.open(file, "r:") as tar:
            members = tar.getmembers()
            if not members or members[-1].name != END:
                raise BadBackup(
                    f"{file} is damaged, cut off, or not what `{CALLED} backup` wrote: its end is missing."
                )
            rows = work / DATABASE
            rows.mkdir(mode=0o700)
            for each in _within(members, DATABASE):
                _extract(tar, each, rows / PurePath(each.name).name)
            manifest = read_manifest(rows)
            await asyncio.to_thread(require_place, config.database, manifest.schema, replace=force)
            stored = _within(members, OBJECTS)
            async with opened_objects(config) as objects:
                for done, each in enumerate(stored, 1):
                    await _put(tar, each, work, objects)
                    report.progress("objects", done, len(stored))
        await asyncio.to_thread(load, rows, config.database, replace=force)
    except tarfile.TarError as error:
        raise BadBackup(f"{file} cannot be read: {error}. Is it what `{CALLED} backup` wrote?") from None
    except NotEmpty as error:
        raise BadBackup(f"{error} Name another, or say --force: then the backup takes its place.") from None
    report.progress("tables", len(manifest.contents), len(manifest.contents))
    async with opened_database(config) as db:
        await db.write(_begin_anew)
    return manifest, len(stored)


async def _put(tar: tarfile.TarFile, member: tarfile.TarInfo, work: Path, objects: Objects) -> None:
    """Raises BadBackup: its bytes are not those of its name."""
    name = PurePath(member.name).name
    path = work / "object"
    _extract(tar, member, path)
    if await objects.put_file(path) != name:
        raise BadBackup(f"The object {name} in the backup is damaged. Nothing of the database was changed.")
    path.unlink()


def _within(members: list[tarfile.TarInfo], folder: str) -> list[tarfile.TarInfo]:
    """The files in a folder of the tar file."""
    return [each for each in members if each.isfile() and each.name.startswith(f"{folder}/")]


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, to: Path) -> None:
    """Its bytes alone: neither the place nor the rights that it names. (`extractall` asks for its filter from 3.11.4 on.)"""
    read = tar.extractfile(member)
    assert read is not None  # it is a file
    with read, to.open("wb") as file:
        shutil.copyfileobj(read, file)


def _begin_anew(tx: Tx) -> None:
    """Uploads whose bytes were not saved, and posts that were to be made of them, are begun anew by who has them. [writer]"""
    jobs.cancel_all(tx)
    publishing.free_keys(tx)
    uploads.end_all(tx)
    forget_key(tx)
