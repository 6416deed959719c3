"""`relay check`: whether all that a relay stores fits together; counters are mended on request, nothing else is touched."""

import argparse
import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator, Callable, Iterator

from msgspec import Struct

from relay.app.commands.arguments import CALLED, STORES, add_command, add_settings, config_from
from relay.app.commands.report import Report
from relay.app.commands.stores import data_folder, opened_database, opened_objects
from relay.app.config import Config
from relay.core.counts import Miscount
from relay.engine.database import Connection, Database, Tx
from relay.engine.database.inspection import inspect
from relay.engine.objects.door import ObjectMissing, Objects, ObjectsUnavailable
from relay.engine.objects.room import ADMIT_FREE_BYTES
from relay.features.comments import store as comments
from relay.features.creations import reading as creations
from relay.features.devices.signing import BadKey, agreed_key, load_key
from relay.features.feeds import engagement
from relay.features.graph import store as graph
from relay.features.reactions import store as reactions

EXAMPLES = """
relay check --data /srv/relay
relay check --data /srv/relay --quick --json
relay check --data /srv/relay --mend
"""
TEXT = """Look at everything a relay stores: schema, database, signing key, each object that rows speak of and its hash, counters
counted anew, the disk. May be run while the relay serves, but for --mend and SQLite. Exit code 1: something is wrong."""
MAX_SAID = 20
"""Of findings of one kind; the rest is a number."""


class Finding(Struct, frozen=True, kw_only=True):
    """about: schema, database, key, objects, counters or disk. mended: it is right now."""

    about: str
    sentence: str
    mended: bool = False


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "check",
        run,
        summary="look whether all that a relay stores fits together",
        text=TEXT,
        examples=EXAMPLES,
    )
    add_settings(parser, STORES)
    parser.add_argument("--quick", action="store_true", help="sizes of objects, not their hashes")
    parser.add_argument("--mend", action="store_true", help="set counters right")
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Raises BadConfig, DataInUse, DatabaseError, OSError."""
    config, report = config_from(given), Report(as_json=given.json)
    found = asyncio.run(_check(config, report, quick=given.quick))
    if given.mend and any(each.about == "counters" for each in found):
        with data_folder(config):
            mended = asyncio.run(_mend(config))
        found = [each for each in found if each.about != "counters"]
        found += [Finding(about="counters", sentence=f"{each}: set right.", mended=True) for each in mended]
    wrong = [each for each in found if not each.mended]
    said = [f"{each.about}: {each.sentence}" for each in _shortened(found)]
    said.append(_summary(len(wrong)))
    report.result(
        said,
        {
            "ok": not wrong,
            "findings": [{f: getattr(each, f) for f in each.__struct_fields__} for each in found],
        },
    )
    return 1 if wrong else 0


async def _check(config: Config, report: Report, *, quick: bool) -> list[Finding]:
    looked = await asyncio.to_thread(inspect, config.database)
    if looked.schema != looked.known:
        what = f"The database has schema {looked.schema}, this version {looked.known}."
        return [Finding(about="schema", sentence=f"{what} Run `{CALLED} migrate`, or the version that fits.")]
    found = [Finding(about="database", sentence=each) for each in looked.damage]
    if found:
        return found
    async with opened_database(config) as db:
        found += await _key(config, db)
        found += [Finding(about="counters", sentence=f"{each}.") for each in await db.read(miscounts)]
        stored = await db.read(creations.stored_assets)
    async with opened_objects(config) as objects:
        found += [each async for each in _each_object(objects, stored, report, quick=quick)]
        health = await objects.health()
    if not health.ok:
        found.append(Finding(about="disk", sentence=health.detail))
    if (free := shutil.disk_usage(config.data).free) < ADMIT_FREE_BYTES:
        found.append(
            Finding(
                about="disk",
                sentence=f"{free >> 20} MiB are free; below {ADMIT_FREE_BYTES >> 20} uploads are refused.",
            )
        )
    return found


async def _key(config: Config, db: Database) -> list[Finding]:
    agreed = await db.read(agreed_key)
    if agreed is None and not config.key_file.exists():
        return []  # nobody has started it yet
    try:
        kid = load_key(config.key_file).thumbprint() if config.key_file.exists() else "none"
    except BadKey as error:
        return [Finding(about="key", sentence=str(error))]
    if agreed in (None, kid):
        return []
    return [
        Finding(
            about="key",
            sentence=f"{config.key_file} holds the key {kid}, and the database says that {agreed} signs.",
        )
    ]


async def _each_object(
    objects: Objects, stored: list[tuple[str, int]], report: Report, *, quick: bool
) -> AsyncIterator[Finding]:
    for done, (name, size_bytes) in enumerate(stored, 1):
        try:
            if (sentence := await _wrong_with(objects, name, size_bytes, quick=quick)) is not None:
                yield Finding(about="objects", sentence=sentence)
        except ObjectsUnavailable as error:
            yield Finding(about="objects", sentence=f"The store cannot be read: {error}")
            return
        report.progress("objects", done, len(stored))


async def _wrong_with(objects: Objects, name: str, size_bytes: int, *, quick: bool) -> str | None:
    try:
        if await objects.size(name) != size_bytes:
            return f"{name} has another size than its row says."
        if not quick:
            digest = hashlib.sha256()
            async for piece in await objects.read(name):
                digest.update(piece)
            if digest.hexdigest() != name:
                return f"{name} is damaged: its bytes are not those of its hash. Restore it from a backup."
    except ObjectMissing:
        return f"{name} is missing, and a post has it. Restore it from a backup."
    return None


def miscounts(db: Connection) -> list[Miscount]:
    """Every counter that is wrong. [any thread with a snapshot]"""
    found: list[Miscount] = []
    counters: tuple[Callable[[Connection], list[Miscount]], ...] = (
        creations.miscounts,
        engagement.miscounts,
        graph.miscounts,
        reactions.miscounts,
        comments.miscounts,
    )
    for each in counters:
        found += each(db)
    return found


async def _mend(config: Config) -> list[Miscount]:
    def work(tx: Tx) -> list[Miscount]:
        wrong = miscounts(tx.db)
        for each in wrong:
            tx.db.execute(f"UPDATE {each.table} SET {each.column} = ? WHERE id = ?", (each.counted, each.id))
        return wrong

    async with opened_database(config) as db:
        return await db.write(work)


def _summary(wrong: int) -> str:
    if wrong == 0:
        return "All is well."
    return "One thing is wrong." if wrong == 1 else f"{wrong} things are wrong."


def _shortened(found: list[Finding]) -> Iterator[Finding]:
    """The first of each kind, and how many more there are."""
    for about in dict.fromkeys(each.about for each in found):
        of_kind = [each for each in found if each.about == about]
        yield from of_kind[:MAX_SAID]
        if len(of_kind) > MAX_SAID:
            yield Finding(about=about, sentence=f"and {len(of_kind) - MAX_SAID} more.")
