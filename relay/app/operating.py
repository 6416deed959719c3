"""What an operator asks of a relay, whether it serves or is stopped: one message for each deed, one answer.

Commands are its one caller: through the operator's socket where a relay serves from a folder, else on the database itself.
"""

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from relay.app.status import Serving, Status, status
from relay.core.access import Role
from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Database, Tx
from relay.features.accounts import api as accounts
from relay.features.moderation.service import change_role, suspend_noted
from relay.features.passwords import api as passwords
from relay.wire.rest import Username

MAX_USES, MAX_DAYS = 1_000, 365
_DAY_US = 24 * 3600 * 1_000_000


class AddInvite(Struct, frozen=True, kw_only=True, tag="add_invite"):
    """A link to a new account, for so many people and days."""

    uses: Annotated[int, Meta(ge=1, le=MAX_USES)]
    days: Annotated[int, Meta(ge=1, le=MAX_DAYS)]


class ListInvites(Struct, frozen=True, kw_only=True, tag="list_invites"):
    """Those that still lead to an account."""


class RevokeInvite(Struct, frozen=True, kw_only=True, tag="revoke_invite"):
    """By its id."""

    id: str


class ListUsers(Struct, frozen=True, kw_only=True, tag="list_users"):
    """By name, those after `after`."""

    after: str = ""


class AddReset(Struct, frozen=True, kw_only=True, tag="add_reset"):
    """A link by which somebody sets a new password, once."""

    username: str


class Suspend(Struct, frozen=True, kw_only=True, tag="suspend"):
    """on: suspend; else end that. note: why, which its owner is told. Noted in the audit log, by the account itself."""

    username: str
    on: bool
    note: str = ""


class AskStatus(Struct, frozen=True, kw_only=True, tag="ask_status"):
    """How the relay does."""


class SetRole(Struct, frozen=True, kw_only=True, tag="set_role"):
    """Noted in the audit log, by the account itself."""

    username: str
    role: Role


class AddAdmin(Struct, frozen=True, kw_only=True, tag="add_admin"):
    """A new account that is an admin, and a link by which its owner sets the password."""

    username: Username


class Link(Struct, frozen=True, kw_only=True, tag="link"):
    """base_url: None: of a relay that does not serve, and whose settings do not say it. expires_us: since the epoch."""

    path: str
    expires_us: int
    base_url: str | None = None
    id: str = ""
    uses: int = 1


class Invites(Struct, frozen=True, kw_only=True, tag="invites"):
    """The newest first."""

    invites: list[accounts.Invite]


class Users(Struct, frozen=True, kw_only=True, tag="users"):
    """A page of them; more: the name after which to ask for the next."""

    users: list[passwords.User]
    more: str = ""


class Done(Struct, frozen=True, kw_only=True, tag="done"):
    """There is no more to say."""


class Refused(Struct, frozen=True, kw_only=True, tag="refused"):
    """sentence: what is wrong, and what to do."""

    sentence: str


Deed = AddAdmin | AddInvite | ListInvites | RevokeInvite | ListUsers | AddReset | SetRole | Suspend
Question = Deed | AskStatus
Reply = Link | Invites | Users | Status | Done | Refused
_questions = msgspec.json.Decoder(Question)
_replies = msgspec.json.Decoder(Reply)
encode: Callable[[Question], bytes] = msgspec.json.Encoder().encode


def decode_reply(line: bytes) -> Reply:
    """Raises msgspec.DecodeError: of a relay of another version."""
    reply: Reply = _replies.decode(line)
    return reply


async def answer_line(db: Database, base_url: str, serving: Serving, line: bytes) -> bytes:
    """For the operator's socket. [loop]"""
    try:
        reply = await answer(db, base_url, _questions.decode(line), serving)
    except msgspec.DecodeError:
        reply = Refused(sentence="The relay that serves is of another version than this command.")
    return msgspec.json.encode(reply)


async def answer(
    db: Database, base_url: str | None, question: Question, serving: Serving | None = None
) -> Reply:
    """base_url: how the world reaches this relay, if that is known. serving: of a process that serves. [loop]"""
    try:
        if isinstance(question, AskStatus):
            return await status(db, base_url, serving)
        return await _answer(db, base_url, question)
    except Refusal as refusal:
        return Refused(sentence=str(refusal))


async def _answer(db: Database, base_url: str | None, question: Deed) -> Reply:
    """Raises Refusal."""
    now = now_us()
    match question:
        case AddInvite(uses=uses, days=days):
            expires_us = now + days * _DAY_US
            made, secret = await db.write(
                lambda tx: accounts.add_invite(tx, uses=uses, now_us=now, expires_us=expires_us)
            )
            path = passwords.join_path(secret)
            return Link(path=path, expires_us=expires_us, base_url=base_url, id=made.id, uses=uses)
        case ListInvites():
            return Invites(invites=await db.read(lambda reader: accounts.invites(reader, now)))
        case RevokeInvite(id=invite_id):
            if not await db.write(lambda tx: accounts.revoke_invite(tx, invite_id)):
                raise Refusal(
                    "not_found",
                    f"There is no invite {invite_id}.",
                    "`sidechain relay invite list` lists them.",
                )
            return Done()
        case ListUsers(after=after):
            users = await db.read(lambda reader: passwords.users(reader, after))
            return Users(users=users, more=users[-1].username if len(users) == passwords.MAX_LISTED else "")
        case AddReset(username=username):
            secret = await db.write(lambda tx: passwords.add_reset(tx, username, now))
            path = passwords.reset_path(secret)
            return Link(path=path, expires_us=now + passwords.RESET_US, base_url=base_url)
        case AddAdmin(username=username):
            secret = await db.write(lambda tx: _add_admin(tx, username, now))
            path = passwords.reset_path(secret)
            return Link(path=path, expires_us=now + passwords.RESET_US, base_url=base_url)
        case Suspend(username=username, on=on, note=note):
            await db.write(lambda tx: _suspend(tx, username, on, note))
            return Done()
        case SetRole(username=username, role=role):
            await db.write(lambda tx: _set_role(tx, username, role))
            return Done()


def _add_admin(tx: Tx, username: str, now: int) -> str:
    """The secret of the link. Raises Refusal: validation, where the name is taken or nobody's."""
    accounts.create_account(tx, username, now)
    _set_role(tx, username, Role.ADMIN)
    return passwords.add_reset(tx, username, now)


def _suspend(tx: Tx, username: str, on: bool, note: str) -> None:
    account_id = accounts.find_any(tx.db, username).id
    suspend_noted(tx, account_id, account_id, on=on, words=note)


def _set_role(tx: Tx, username: str, role: Role) -> None:
    account_id = accounts.find_any(tx.db, username).id
    change_role(tx, account_id, account_id, role)
