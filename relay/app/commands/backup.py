"""`relay backup FILE`: all rows of one snapshot and the objects they speak of, as one file that fits either engine."""

import argparse
import asyncio
import os
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

from relay.app.commands.arguments import STORES, add_command, add_settings, config_from
from relay.app.commands.report import Report
from relay.app.commands.status import note_backup
from relay.app.commands.stores import opened_objects
from relay.app.config import Config
from relay.engine.clock import now_us
from relay.engine.database.archive import load, save
from relay.engine.database.sqlite import Checked, connect
from relay.engine.folders import sync_folder
from relay.engine.objects.door import ObjectMissing
from relay.features.creations.api import stored_assets

EXAMPLES = """
relay backup --data /srv/relay /backups/relay-2026-11-29.tar
DATABASE_URL=postgresql://relay@db/relay relay backup --data /tmp/work --objects-url 's3://audio?endpoint=…' relay.tar
"""
TEXT = """Write everything a relay stores into one file, while it serves. The rows are those of one moment, and are read back
before the file is called whole. Without the signing key, and without uploads that have not become posts: who sends
them has them still. `sidechain relay restore` brings it back, into SQLite or PostgreSQL, a folder or S3."""
DATABASE, OBJECTS, WHOLE = "database", "objects", "whole.tar"
END = "end"
"""Name of the last member. A tar file that is damaged where a member begins reads as one that ends there."""
TRIES = 3


class NoFolder(Exception):
    """folder: it is not there, so no file can be written into it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"There is no folder {self.folder}. Make it first, or name another file."


class FileThere(Exception):
    """file: what is to be written is there already."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.file = file

    def __str__(self) -> str:
        return f"{self.file} is there already. Name another file, or say --force."


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "backup",
        run,
        summary="write all that a relay stores into one file",
        text=TEXT,
        examples=EXAMPLES,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the tar file to write")
    add_settings(parser, STORES)
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Raises BadConfig, FileThere, NoFolder, DatabaseError, ObjectMissing, ObjectsUnavailable, OSError."""
    config, report, file = config_from(given), Report(as_json=given.json), given.file.absolute()
    if file.exists() and not given.force:
        raise FileThere(file)
    if not file.parent.is_dir():
        raise NoFolder(file.parent)
    os.umask(0o077)  # it holds what people have not shown to everybody
    rows, objects = asyncio.run(_write(config, file, report))
    size_bytes = file.stat().st_size
    if config.data.is_dir():
        note_backup(config.data, file, now_us())
    said = [f"{file} has {rows} rows and {objects} objects, {size_bytes / (1 << 20):.1f} MiB."]
    report.result(said, {"file": str(file), "rows": rows, "objects": objects, "size_bytes": size_bytes})
    return 0


async def _write(config: Config, file: Path, report: Report) -> tuple[int, int]:
    """Rows and objects. A post that is deleted meanwhile takes its objects along: then all is read again, as it is then.

    Raises ObjectMissing: also when it was read again.
    """
    for _ in range(TRIES - 1):
        with suppress(ObjectMissing):
            return await _write_once(config, file, report)
    return await _write_once(config, file, report)


async def _write_once(config: Config, file: Path, report: Report) -> tuple[int, int]:
    """The file has its name when it is whole and on the disk."""
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=f"{file.name}.") as name:
        work = Path(name)
        whole = work / WHOLE
        manifest = await asyncio.to_thread(save, config.database, work / DATABASE)
        report.progress("tables", len(manifest.contents), len(manifest.contents))
        names = await asyncio.to_thread(_objects_of, work)
        with tarfile.open(whole, "w") as tar:
            tar.add(work / DATABASE, DATABASE)
            async with opened_objects(config) as objects:
                for done, each in enumerate(names, 1):
                    await objects.fetch(each, work / each)
                    tar.add(work / each, f"{OBJECTS}/{each}")
                    (work / each).unlink()
                    report.progress("objects", done, len(names))
            tar.addfile(tarfile.TarInfo(END))
        with whole.open("rb") as written:
            os.fsync(written.fileno())
        whole.replace(file)
        sync_folder(file.parent)
    return sum(content.rows for content in manifest.contents), len(names)


def _objects_of(work: Path) -> list[str]:
    """Names of the objects that the archived rows speak of. Reading them needs a database: so the archive is proved, too."""
    copy = work / "proof.db"
    load(work / DATABASE, copy)
    db = connect(copy)
    try:
        return [name for name, _ in stored_assets(Checked(db))]
    finally:
        db.close()
        for left in work.glob("proof.db*"):
            left.unlink()
