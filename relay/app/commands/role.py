"""`relay role`: make somebody a moderator, an admin, or neither. The first admin cannot be made in any other way."""

import argparse

from relay.app.commands.arguments import STORES, add_command, add_settings, config_from
from relay.app.commands.operate import operate
from relay.app.commands.report import Report
from relay.app.operating import SetRole
from relay.core.access import Role

EXAMPLES = """
relay role --data /srv/relay mira moderator
relay role --data /srv/relay mira user --json
"""
TEXT = """Give an account a role. Moderators decide on reports; admins give roles, too. Noted in the audit log, by the account itself.
May be run while the relay serves."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands, "role", run, summary="make somebody a moderator or an admin", text=TEXT, examples=EXAMPLES
    )
    parser.add_argument("name", help="the account's name")
    parser.add_argument("role", choices=[each.value for each in Role], help="what it may do")
    add_settings(parser, STORES)
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Raises BadConfig, NotDone, DataInUse, DatabaseError, OSError."""
    config, report = config_from(given), Report(as_json=given.json)
    operate(config, SetRole(username=given.name, role=Role(given.role)))
    report.result(
        [f"{given.name} is now: {given.role}."], {"ok": True, "name": given.name, "role": given.role}
    )
    return 0
