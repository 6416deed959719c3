"""`relay role`: make somebody a moderator, an admin, or neither. The first admin cannot be made in any other way."""

import argparse
import asyncio

from relay.app.commands.arguments import STORES, add_command, add_settings, config_from
from relay.app.commands.report import Report
from relay.app.commands.stores import data_folder, opened_database
from relay.app.config import Config
from relay.core.access import Role
from relay.core.refusal import Refusal
from relay.engine.database import Tx
from relay.features.accounts import api as accounts
from relay.features.moderation.service import change_role

EXAMPLES = """
relay role --data /srv/relay mira moderator
relay role --data /srv/relay mira user --json
"""
TEXT = """Give an account a role. Moderators decide on reports; admins give roles, too. Noted in the audit log, by the account itself.
With SQLite the relay has to be stopped; admins can do the same while it serves, at POST /api/v1/moderation/roles."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands, "role", run, summary="make somebody a moderator or an admin", text=TEXT, examples=EXAMPLES
    )
    parser.add_argument("name", help="the account's name")
    parser.add_argument("role", choices=[each.value for each in Role], help="what it may do")
    add_settings(parser, STORES)
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Raises BadConfig, DataInUse, DatabaseError, OSError."""
    config, report = config_from(given), Report(as_json=given.json)
    try:
        with data_folder(config):
            asyncio.run(_give(config, given.name, Role(given.role)))
    except Refusal as refusal:
        report.result([str(refusal)], {"ok": False, "error": str(refusal)})
        return 1
    report.result(
        [f"{given.name} is now: {given.role}."], {"ok": True, "name": given.name, "role": given.role}
    )
    return 0


async def _give(config: Config, name: str, role: Role) -> None:
    def work(tx: Tx) -> None:
        account_id = accounts.find_any(tx.db, name).id
        change_role(tx, account_id, account_id, role)

    async with opened_database(config) as db:
        await db.write(work)
