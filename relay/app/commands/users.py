"""`relay users`: who has an account, what they may do, and links by which somebody sets a new password."""

import argparse
from collections.abc import Mapping

from relay.app.commands.arguments import (
    STORES,
    add_command,
    add_deed,
    add_settings,
    config_from,
    not_a_deed,
)
from relay.app.commands.invite import day_of, link_said, link_values
from relay.app.commands.operate import operate
from relay.app.commands.report import Report
from relay.app.config import Config
from relay.app.operating import AddReset, Link, ListUsers, Question, SetRole, Suspend, Users
from relay.core.access import Role
from relay.features.passwords.api import User

EXAMPLES = """
relay users --data /srv/relay
relay users link mira --data /srv/relay
relay users suspend ben --note "sold our songs" --data /srv/relay
relay users role mira moderator --data /srv/relay
"""
TEXT = """List the accounts; print a link by which one of them sets a new password, once, within a day; suspend one, which ends its
sign-ins and hides what it made, or end that; make somebody a moderator, who decides on reports, or an admin, who gives roles, too.
What is decided is noted in the audit log, by the account itself. May be run while the relay serves."""
DEEDS = "nothing: list them; link NAME; suspend NAME; unsuspend NAME; role NAME user|moderator|admin"
ROLES = {each.value: each for each in Role}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(commands, "users", run, summary="who has an account", text=TEXT, examples=EXAMPLES)
    add_settings(parser, (*STORES, "public_url"))
    add_deed(parser, DEEDS)
    parser.add_argument("--note", default="", help="why, which who is suspended is told")
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Raises BadConfig, NotDone, DataInUse, DatabaseError, OSError."""
    config, report = config_from(given), Report(as_json=given.json)
    if given.words in ([], ["list"]):
        found = _all(config)
        report.result(_listed(found), {"users": [_values(each) for each in found]})
        return 0
    question, said, values = deed_of(given)
    reply = operate(config, question)
    if isinstance(reply, Link):
        report.result(link_said(reply, config), link_values(reply))
    else:
        report.result([said], values)
    return 0


def deed_of(given: argparse.Namespace) -> tuple[Question, str, Mapping[str, object]]:
    """What is asked of the relay, and what is said once it is done. Raises BadConfig."""
    match given.words:
        case ["link", name]:
            return AddReset(username=name), "", {}
        case ["suspend" | "unsuspend" as deed, name]:
            on = deed == "suspend"
            said = (
                f"{name} is suspended: signed out, and nothing of theirs is shown."
                if on
                else f"{name} is back."
            )
            return Suspend(username=name, on=on, note=given.note), said, {"name": name, "suspended": on}
        case ["role", name, word] if word in ROLES:
            values = {"ok": True, "name": name, "role": word}
            return SetRole(username=name, role=ROLES[word]), f"{name} is now: {word}.", values
    raise not_a_deed(given)


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


def _listed(found: list[User]) -> list[str]:
    width = max((len(each.username) for each in found), default=0)
    said = [
        f"{each.username:{width}}  {_sign_in(each)}{_standing(each)}, since {day_of(each.created_us)}"
        for each in found
    ]
    return said or ["Nobody has an account."]


def _sign_in(user: User) -> str:
    ways = ["by password"] if user.signs_in_here else []
    if user.links:
        ways.append("by a provider" if user.links == 1 else f"by {user.links} providers")
    return " and ".join(ways) or "by name only"


def _standing(user: User) -> str:
    role = "" if user.role == Role.USER else f", {user.role}"
    return f"{role}, suspended" if user.is_suspended else role


def _values(user: User) -> dict[str, object]:
    return {
        "username": user.username,
        "role": user.role,
        "suspended": user.is_suspended,
        "password": user.signs_in_here,
        "links": user.links,
        "created": day_of(user.created_us),
        "active": day_of(user.active_us),
    }
