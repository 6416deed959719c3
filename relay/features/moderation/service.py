"""Reporting, deciding, appealing: the deeds, whichever door they come through. Each decision is noted for good."""

from collections.abc import Callable

from msgspec.structs import replace

from relay.core.access import Actor, Role
from relay.core.cursor import BEGINNING, Cursor, read_cursor, write_cursor
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.core.visibility import State
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.accounts import api as accounts
from relay.features.comments import api as comments
from relay.features.creations import api as creations
from relay.features.devices import api as devices
from relay.features.live import api as live
from relay.features.moderation import decided, hashes, store
from relay.features.moderation.subjects import names, subject
from relay.features.moderation.telling import SUSPENDED
from relay.wire.moderation import (
    Appeal,
    AppealAnswer,
    Audited,
    AuditPage,
    Decided,
    Decision,
    NewAppeal,
    NewReport,
    Queue,
    Report,
    Reported,
    RoleRequest,
    RoleSet,
)
from relay.wire.operations import Paging
from relay.wire.rest import MAX_PAGE

DEEDS = {
    "post": ("dismiss", "hide", "unhide"),
    "comment": ("dismiss", "remove"),
    "account": ("dismiss", "suspend", "unsuspend"),
}
"""What may be decided of what."""


class Moderation:
    """withdraw_comment: takes a comment away, whoever's it is. [loop]"""

    def __init__(self, db: Database, base_url: str, withdraw_comment: Callable[[Tx, str], bool]) -> None:
        self._db = db
        self._base_url = base_url
        self._withdraw_comment = withdraw_comment

    async def report(self, account_id: str, given: NewReport) -> tuple[Report, bool]:
        """Of what one sees; whether it is new. Raises Refusal: not_found, gone, validation."""

        def work(tx: Tx) -> tuple[Report, bool]:
            self._require_seen(tx.db, account_id, given)
            return store.report(tx, account_id, given)

        return await self._db.write(work)

    async def named(self, account_id: str, kind: str, object_id: str) -> str:
        """What somebody is about to report, as they see it. Raises Refusal: not_found, gone."""

        def work(db: Connection) -> str:
            match kind:
                case "comment":
                    if (said := comments.seen(db, [object_id], account_id).get(object_id)) is None:
                        raise Refusal("not_found", "There is no such comment.")
                    return f"“{said.words}” by {said.username}"
                case "account":
                    return f"@{accounts.find(db, object_id).username}"
            post = creations.one(db, object_id, account_id, self._base_url).post
            return f"“{post.title or 'Untitled'}” by {post.username}"

        return await self._db.read(work)

    def _require_seen(self, db: Connection, account_id: str, given: NewReport) -> None:
        match given.kind:
            case "post":
                creations.one(db, given.id, account_id, self._base_url)
            case "comment":
                if given.id not in comments.seen(db, [given.id], account_id):
                    raise Refusal("not_found", "There is no such comment.")
            case "account":
                if accounts.find(db, given.id).id == account_id:
                    raise Refusal("validation", "Nobody reports themselves.")

    async def queue(self) -> Queue:
        """What is to be decided."""

        def work(db: Connection) -> Queue:
            shown = [self._with_words(db, each) for each in store.queue(db, MAX_PAGE)]
            return Queue(reported=shown, appeals=store.open_appeals(db, MAX_PAGE))

        return await self._db.read(work)

    def _with_words(self, db: Connection, found: Reported) -> Reported:
        """As it is now, whoever may see it."""
        now = subject(db, self._base_url, found.kind, found.id)
        who = None if now.owner_id is None else names(db, {now.owner_id}).get(now.owner_id)
        return replace(found, username=who, words=now.words, url=now.url, state=now.state)

    async def decide(self, actor: Actor, given: Decision) -> Decided:
        """Carry it out, close what was reported of it, and note it. Raises Refusal: not_found, validation."""
        if given.deed not in DEEDS[given.kind]:
            raise Refusal(
                "validation", f"One does not {given.deed} a {given.kind}.", f"Say one of {DEEDS[given.kind]}."
            )

        def work(tx: Tx) -> Decided:
            owner_id = subject(tx.db, self._base_url, given.kind, given.id).owner_id
            if not self._carry_out(tx, given):
                raise Refusal("not_found", "There is nothing here.")
            closed = 0 if given.deed in ("unhide", "unsuspend") else store.close(tx, given.kind, given.id)
            store.note(
                tx,
                actor_id=actor.account_id,
                deed=given.deed,
                kind=given.kind,
                object_id=given.id,
                owner_id=owner_id,
                words=given.note,
            )
            return Decided(closed=closed)

        return await self._db.write(work)

    def _carry_out(self, tx: Tx, given: Decision) -> bool:
        """Whether what it is of is there."""
        match given.deed:
            case "hide" | "unhide":
                sounds = creations.sounds_of(tx.db, given.id)
                if given.deed == "unhide":
                    hashes.allow(tx, sounds)
                elif given.block_sound:
                    hashes.block(tx, sounds)
                return creations.set_hidden(tx, given.id, given.deed == "hide")
            case "remove":
                return self._withdraw_comment(tx, given.id)
            case "suspend" | "unsuspend":
                suspend(tx, accounts.find_any(tx.db, given.id).id, given.deed == "suspend")
        return True

    async def set_role(self, actor: Actor, given: RoleRequest) -> RoleSet:
        """Raises Refusal: not_found, gone."""

        def work(tx: Tx) -> RoleSet:
            change_role(tx, actor.account_id, accounts.find(tx.db, given.username).id, Role(given.role))
            return RoleSet(username=given.username, role=given.role)

        return await self._db.write(work)

    async def appeal(self, account_id: str, given: NewAppeal) -> Appeal:
        """Against what was decided on one's own. Raises Refusal: not_found."""

        def work(tx: Tx) -> Appeal:
            if not _is_decided_on(tx.db, account_id, given.kind, given.id):
                raise Refusal("not_found", "Nothing of yours was decided on there.")
            return store.appeal(tx, account_id, given.kind, given.id, given.text)

        return await self._db.write(work)

    async def why(self, account_id: str, kind: str, object_id: str) -> str:
        """What was said when something of one's own was decided on; "": nothing is. Nobody else is told."""

        def work(db: Connection) -> str:
            if not _is_decided_on(db, account_id, kind, object_id):
                return ""
            return decided.why(db, "suspend" if kind == "account" else "hide", kind, object_id)

        return await self._db.read(work)

    async def appeals_of(self, account_id: str) -> list[Appeal]:
        """One's own, the newest first."""
        return await self._db.read(lambda db: store.appeals_of(db, account_id))

    async def answer(self, actor: Actor, appeal_id: str, given: AppealAnswer) -> Appeal:
        """Raises Refusal: not_found."""

        def work(tx: Tx) -> Appeal:
            if (found := store.answer(tx, appeal_id, given.answer)) is None:
                raise Refusal("not_found", "There is no such appeal without an answer.")
            store.note(
                tx,
                actor_id=actor.account_id,
                deed="answer",
                kind="appeal",
                object_id=appeal_id,
                owner_id=store.appellant(tx.db, appeal_id),
                words=given.answer,
            )
            return found

        return await self._db.write(work)

    async def log(self, paging: Paging) -> AuditPage:
        """Raises Refusal: cursor_invalid."""
        before = read_cursor(paging.cursor) if paging.cursor else BEGINNING

        def work(db: Connection) -> AuditPage:
            lines = store.log(db, before, paging.limit + 1)
            last = lines[paging.limit - 1] if len(lines) > paging.limit else None
            return AuditPage(
                lines=self._audited(db, lines[: paging.limit]),
                next=None if last is None else write_cursor(Cursor(last.at_us, last.id)),
            )

        return await self._db.read(work)

    def _audited(self, db: Connection, lines: list[store.Line]) -> list[Audited]:
        """With names, as far as there is still somebody, and with what it was of, as far as it is still there."""
        subjects = [subject(db, self._base_url, line.kind, line.object_id) for line in lines]
        owners = [line.owner_id or now.owner_id for line, now in zip(lines, subjects, strict=True)]
        there = names(db, {line.actor_id for line in lines} | {each for each in owners if each})
        return [
            Audited(
                id=line.id,
                at=rfc3339(line.at_us),
                username=there.get(line.actor_id, line.actor_id),
                deed=line.deed,
                kind=line.kind,
                object_id=line.object_id,
                owner=there.get(owner_id or ""),
                words=now.words if line.kind != "account" else "",
                url=now.url,
                note=line.note,
            )
            for line, now, owner_id in zip(lines, subjects, owners, strict=True)
        ]


def suspend(tx: Tx, account_id: str, on: bool) -> None:
    """Nobody sees what it made, its sign-ins end with their connections; or all of it is there again. [writer]"""
    if accounts.is_suspended(tx.db, account_id) is on or accounts.is_deleted(tx.db, account_id):
        return
    now = now_us()
    accounts.set_suspended(tx, account_id, now if on else None)
    creations.note_owner(tx, account_id)
    if not on:
        return
    devices.end_other_families(tx, account_id, None)
    for each in accounts.sessions_of(tx.db, account_id):
        accounts.end_session(tx, each.id)
    live.append(
        tx,
        topic=live.author_topic(account_id),
        kind=SUSPENDED,
        actor_id=account_id,
        object_id=account_id,
        at_us=now,
    )


def suspend_noted(tx: Tx, actor_id: str, account_id: str, *, on: bool, words: str) -> None:
    """The same, noted like a decision. [writer]"""
    suspend(tx, account_id, on)
    deed = "suspend" if on else "unsuspend"
    _note_of_account(tx, actor_id, deed, account_id, words)


def change_role(tx: Tx, actor_id: str, account_id: str, role: Role) -> None:
    """Noted like a decision. [writer]"""
    accounts.set_role(tx, account_id, role)
    _note_of_account(tx, actor_id, f"role:{role}", account_id, "")


def _note_of_account(tx: Tx, actor_id: str, deed: str, account_id: str, words: str) -> None:
    store.note(
        tx,
        actor_id=actor_id,
        deed=deed,
        kind="account",
        object_id=account_id,
        owner_id=account_id,
        words=words,
    )


def _is_decided_on(db: Connection, account_id: str, kind: str, object_id: str) -> bool:
    if kind == "account":
        return object_id == account_id and accounts.is_suspended(db, account_id)
    shown = creations.shown_of(db, [object_id]).get(object_id)
    return shown is not None and shown.owner_id == account_id and shown.state is State.HIDDEN
