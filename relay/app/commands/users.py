"""`relay users`: who has an account; and links by which somebody sets a new password."""

import argparse

from relay.app.commands.arguments import STORES, add_command, add_settings, config_from
from relay.app.commands.invite import day_of, link_said, link_values
from relay.app.commands.operate import operate
from relay.app.commands.report import Report
from relay.app.config import Config
from relay.app.operating import AddReset, Link, ListUsers, Users
from relay.features.passwords.api import User

EXAMPLES = """
relay users --data /srv/relay
relay users --data /srv/relay --json
relay users --data /srv/relay --reset mira
"""
TEXT = """List the accounts, or print a link by which one of them sets a new password. May be run while the relay serves."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(commands, "users", run, summary="who has an account", text=TEXT, examples=EXAMPLES)
    add_settings(parser, (*STORES, "public_url"))
    parser.add_argument(
        "--reset", metavar="NAME", help="a link by which NAME sets a new password, once, within a day"
    )
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Raises BadConfig, NotDone, DataInUse, DatabaseError, OSError."""
    config, report = config_from(given), Report(as_json=given.json)
    if given.reset is not None:
        link = operate(config, AddReset(username=given.reset))
        assert isinstance(link, Link)
        report.result(link_said(link, config), link_values(link))
        return 0
    found = _all(config)
    width = max((len(each.username) for each in found), default=0)
    said = [f"{each.username:{width}}  {_sign_in(each)}, since {day_of(each.created_us)}" for each in found]
    report.result(said or ["Nobody has an account."], {"users": [_values(each) for each in found]})
    return 0


def _all(config: Config) -> list[User]:
    found: list[User] = []
    after = ""
    while True:
        page = operate(config, ListUsers(after=after))
        assert isinstance(page, Users)
        found += page.users
        if not page.more:
            return found
        after = page.more


def _sign_in(user: User) -> str:
    return "by password" if user.signs_in_here else "by a provider"


def _values(user: User) -> dict[str, object]:
    return {
        "username": user.username,
        "password": user.signs_in_here,
        "created": day_of(user.created_us),
        "active": day_of(user.active_us),
    }
