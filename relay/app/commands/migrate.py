"""`relay migrate`: bring the database's schema up to this version before its processes start."""

import argparse
import asyncio

from relay.app.commands.arguments import STORES, add_command, add_settings, config_from
from relay.app.commands.report import Report
from relay.app.commands.stores import data_folder, opened_database
from relay.app.config import Config
from relay.engine.database.migrations import newest, schema_files
from relay.features.devices.signing import forget_key

EXAMPLES = """
relay migrate --data /srv/relay
DATABASE_URL=postgresql://relay@db/relay relay migrate --data /tmp/work --json
relay migrate --data /srv/relay --new-signing-key
"""
TEXT = """Bring the schema of the database up to this version: in one step, one process at a time, or not at all.
A serving process does the same when it starts; this is for who wants to see it done first."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "migrate",
        run,
        summary="bring the database's schema up to this version",
        text=TEXT,
        examples=EXAMPLES,
    )
    add_settings(parser, STORES)
    parser.add_argument(
        "--new-signing-key",
        action="store_true",
        help="the key of the next process to start signs from now on",
    )
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Raises BadConfig, DataInUse, DatabaseError, OSError."""
    config = config_from(given)
    with data_folder(config):
        asyncio.run(_migrate(config, new_signing_key=given.new_signing_key))
    schema = newest(schema_files("sqlite"))
    said = [f"The database has schema {schema}."]
    if given.new_signing_key:
        said.append(
            "The next process to start says which key signs; access tokens of the old key end, sign-ins do not."
        )
    Report(as_json=given.json).result(said, {"schema": schema, "new_signing_key": given.new_signing_key})
    return 0


async def _migrate(config: Config, *, new_signing_key: bool) -> None:
    async with opened_database(config) as db:
        if new_signing_key:
            await db.write(forget_key)
