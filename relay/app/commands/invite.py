"""`relay invite`: links by which people make an account of this relay."""

import argparse
from datetime import UTC, datetime

from relay.app.commands.arguments import (
    STORES,
    add_command,
    add_deed,
    add_settings,
    config_from,
    not_a_deed,
)
from relay.app.commands.operate import operate
from relay.app.commands.report import Report
from relay.app.config import BadConfig, Config
from relay.app.operating import (
    MAX_DAYS,
    MAX_USES,
    AddInvite,
    Invites,
    Link,
    ListInvites,
    Question,
    RevokeInvite,
)
from relay.features.accounts.newcomers import Registration

EXAMPLES = """
relay invite --data /srv/relay
relay invite --data /srv/relay --uses 5 --days 2
relay invite list --data /srv/relay
relay invite revoke 0192f1c6e5b07c2f8d3a9b4e6f708192 --data /srv/relay
"""
TEXT = """Print a link. Whoever opens it makes an account, by a password or a provider, and is signed in. May be run while the
relay serves. The relay takes new accounts with --registration invite (SIDECHAIN_RELAY_REGISTRATION)."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands, "invite", run, summary="a link to a new account", text=TEXT, examples=EXAMPLES
    )
    add_settings(parser, (*STORES, "public_url", "registration"))
    parser.add_argument(
        "--uses", type=int, default=1, metavar="N", help="so many accounts can be made by it (1)"
    )
    parser.add_argument("--days", type=int, default=7, metavar="N", help="and for so long (7)")
    add_deed(parser, "list: those that still lead to an account; revoke ID: take one back; nothing: make one")
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def run(given: argparse.Namespace) -> int:
    """Raises BadConfig, NotDone, DataInUse, DatabaseError, OSError."""
    config, report = config_from(given), Report(as_json=given.json)
    match operate(config, question_of(given)):
        case Link() as link:
            report.result(link_said(link, config), link_values(link))
        case Invites(invites=found):
            said = [
                f"{each.id}  {_people(each.uses_left)}, until {day_of(each.expires_us)}" for each in found
            ]
            values = [
                {"id": each.id, "uses_left": each.uses_left, "expires": day_of(each.expires_us)}
                for each in found
            ]
            report.result(said or ["No invite leads to an account."], {"invites": values})
        case _:
            report.result(["The invite leads nowhere any more."], {"revoked": given.words[-1]})
    return 0


def link_said(link: Link, config: Config) -> list[str]:
    """The link alone on its line, then what to know of it. [any]"""
    said = [f"{link.base_url}{link.path}" if link.base_url else link.path]
    if not link.base_url:
        said.append("That goes behind the address of the relay (--public-url).")
    said.append(f"It works for {_people(link.uses)}, until {day_of(link.expires_us)}.")
    if link.id and link.base_url is None and config.registration is Registration.CLOSED:
        said.append("Start the relay with --registration invite: as it is set now, it takes no new accounts.")
    return said


def link_values(link: Link) -> dict[str, object]:
    """[any]"""
    address = f"{link.base_url}{link.path}" if link.base_url else None
    return {
        "url": address,
        "path": link.path,
        "id": link.id,
        "uses": link.uses,
        "expires": day_of(link.expires_us),
    }


def day_of(at_us: int) -> str:
    """2026-11-29 17:08 UTC. [any]"""
    return datetime.fromtimestamp(at_us / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def question_of(given: argparse.Namespace) -> Question:
    """What is asked of the relay. Raises BadConfig. [any]"""
    match given.words:
        case []:
            uses, days = _within("--uses", given.uses, MAX_USES), _within("--days", given.days, MAX_DAYS)
            return AddInvite(uses=uses, days=days)
        case ["list"]:
            return ListInvites()
        case ["revoke", invite_id]:
            return RevokeInvite(id=invite_id)
    raise not_a_deed(given)


def _within(option: str, value: int, most: int) -> int:
    if not 1 <= value <= most:
        raise BadConfig(option, f"is from 1 to {most}, not {value}.")
    return value


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"
