"""The tables delivery_choice, delivery_schedule, push_subscription and webhook: what is taken to whom, when and where to."""

import secrets

from msgspec import Struct
from msgspec.structs import replace

from relay.core.refusal import Refusal
from relay.engine.clock import new_id
from relay.engine.database import Connection, Tx
from relay.features.deliveries.rules import Choice, Letters, Priority, Schedule, default_choice
from relay.features.notifications.api import Kind

MAX_BROWSERS = 10
MAX_WEBHOOKS = 5
SECRET_BYTES = 32
AGENT_CHARS = 200
_HOOK = "id, account_id, url, secret, failures, off_us, off_why, created_us"
_BROWSER = "id, account_id, endpoint, p256dh, auth, server_key, agent, created_us"


class Browser(Struct, frozen=True, kw_only=True):
    """One that takes pushes."""

    id: str
    account_id: str
    endpoint: str
    p256dh: bytes
    auth: bytes
    server_key: str
    agent: str
    created_us: int


class Webhook(Struct, frozen=True, kw_only=True):
    """off_us, off_why: since when, and why, it is called no more."""

    id: str
    account_id: str
    url: str
    secret: str
    failures: int
    off_us: int | None
    off_why: str | None
    created_us: int


# what and when ------------------------------------------------------------------------------------------------


def choices(db: Connection, account_id: str) -> dict[Kind, Choice]:
    """[any thread with a snapshot]"""
    rows = db.execute(
        "SELECT kind, mail, push, webhook, priority FROM delivery_choice WHERE account_id = ?", (account_id,)
    ).fetchall()
    chosen = {row[0]: row[1:] for row in rows}
    return {kind: _choice(kind, chosen.get(kind, (None,) * 4)) for kind in Kind}


def choose(tx: Tx, account_id: str, kind: Kind, choice: Choice) -> None:
    """[writer]"""
    tx.db.execute(
        "INSERT INTO delivery_choice (account_id, kind, mail, push, webhook, priority) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (account_id, kind) DO UPDATE SET mail = excluded.mail, push = excluded.push,"
        " webhook = excluded.webhook, priority = excluded.priority",
        (account_id, kind, int(choice.mail), int(choice.push), int(choice.webhook), choice.priority),
    )


def schedule(db: Connection, account_id: str) -> Schedule:
    """[any thread with a snapshot]"""
    row = db.execute(
        "SELECT letters, time_zone, quiet_from_min, quiet_to_min FROM delivery_schedule WHERE account_id = ?",
        (account_id,),
    ).fetchone()
    if row is None:
        return Schedule()
    return Schedule(letters=Letters(row[0]), time_zone=row[1], quiet_from_min=row[2], quiet_to_min=row[3])


def set_schedule(tx: Tx, account_id: str, chosen: Schedule) -> None:
    """[writer]"""
    tx.db.execute(
        "INSERT INTO delivery_schedule (account_id, letters, time_zone, quiet_from_min, quiet_to_min, stop_secret)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account_id) DO UPDATE SET letters = excluded.letters,"
        " time_zone = excluded.time_zone, quiet_from_min = excluded.quiet_from_min, quiet_to_min = excluded.quiet_to_min",
        (
            account_id,
            chosen.letters,
            chosen.time_zone,
            chosen.quiet_from_min,
            chosen.quiet_to_min,
            secrets.token_urlsafe(24),
        ),
    )


def stop_secret(tx: Tx, account_id: str) -> str:
    """Of the link that stops letters to an account; made with the first. [writer]"""
    asked = "SELECT stop_secret FROM delivery_schedule WHERE account_id = ?"
    if (found := tx.db.execute(asked, (account_id,)).fetchone()) is None:
        set_schedule(tx, account_id, Schedule())
        found = tx.db.execute(asked, (account_id,)).fetchone()
    return str(found[0])


def stopped_by(db: Connection, secret: str) -> str:
    """Whose letters a link stops. Raises Refusal: not_found. [any thread with a snapshot]"""
    found = db.execute("SELECT account_id FROM delivery_schedule WHERE stop_secret = ?", (secret,)).fetchone()
    if found is None:
        raise Refusal(
            "not_found", "This link stops nothing.", "Choose in your settings, under Notifications."
        )
    return str(found[0])


def stop_letters(tx: Tx, account_id: str) -> None:
    """Of no kind is anything sent by mail. [writer]"""
    for kind, choice in choices(tx.db, account_id).items():
        if choice.mail:
            choose(tx, account_id, kind, replace(choice, mail=False))


def _choice(kind: Kind, row: tuple[int | None, int | None, int | None, str | None]) -> Choice:
    mail, push, webhook, priority = row
    usual = default_choice(kind)
    return Choice(
        mail=usual.mail if mail is None else bool(mail),
        push=usual.push if push is None else bool(push),
        webhook=usual.webhook if webhook is None else bool(webhook),
        priority=usual.priority if priority is None else Priority(priority),
    )


# browsers -----------------------------------------------------------------------------------------------------


def add_browser(
    tx: Tx,
    account_id: str,
    *,
    endpoint: str,
    p256dh: bytes,
    auth: bytes,
    server_key: str,
    agent: str,
    now_us: int,
) -> Browser:
    """One that was there is whose it is now, with the keys that it has now. Raises Refusal: validation. [writer]"""
    tx.db.execute("DELETE FROM push_subscription WHERE endpoint = ?", (endpoint,))
    if len(browsers(tx.db, account_id)) >= MAX_BROWSERS:
        raise Refusal("validation", f"{MAX_BROWSERS} browsers are told already.", "Remove one of them first.")
    made = Browser(
        id=new_id(), account_id=account_id, endpoint=endpoint, p256dh=p256dh, auth=auth,
        server_key=server_key, agent=agent[:AGENT_CHARS], created_us=now_us,
    )  # fmt: skip
    tx.db.execute(
        f"INSERT INTO push_subscription ({_BROWSER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (made.id, account_id, endpoint, p256dh, auth, server_key, made.agent, now_us),
    )
    return made


def browsers(db: Connection, account_id: str) -> list[Browser]:
    """The oldest first. [any thread with a snapshot]"""
    rows = db.execute(
        f"SELECT {_BROWSER} FROM push_subscription WHERE account_id = ? ORDER BY id", (account_id,)
    )
    return [_browser(row) for row in rows]


def browser(db: Connection, browser_id: str) -> Browser | None:
    """[any thread with a snapshot]"""
    row = db.execute(f"SELECT {_BROWSER} FROM push_subscription WHERE id = ?", (browser_id,)).fetchone()
    return None if row is None else _browser(row)


def remove_browser(tx: Tx, browser_id: str) -> None:
    """[writer]"""
    tx.db.execute("DELETE FROM push_subscription WHERE id = ?", (browser_id,))


def _browser(row: tuple[str, str, str, bytes, bytes, str, str, int]) -> Browser:
    return Browser(**dict(zip(Browser.__struct_fields__, row, strict=True)))  # type: ignore[arg-type]


# webhooks -----------------------------------------------------------------------------------------------------


def add_webhook(tx: Tx, account_id: str, url: str, now_us: int) -> Webhook:
    """Raises Refusal: validation. [writer]"""
    have = webhooks(tx.db, account_id)
    if any(each.url == url for each in have):
        raise Refusal("validation", "This address is called already.", "Remove it first for a new secret.")
    if len(have) >= MAX_WEBHOOKS:
        raise Refusal("validation", f"{MAX_WEBHOOKS} addresses are called already.", "Remove one first.")
    made = Webhook(
        id=new_id(), account_id=account_id, url=url, secret=secrets.token_urlsafe(SECRET_BYTES),
        failures=0, off_us=None, off_why=None, created_us=now_us,
    )  # fmt: skip
    tx.db.execute(
        "INSERT INTO webhook (id, account_id, url, secret, created_us) VALUES (?, ?, ?, ?, ?)",
        (made.id, account_id, url, made.secret, now_us),
    )
    return made


def webhooks(db: Connection, account_id: str) -> list[Webhook]:
    """The oldest first. [any thread with a snapshot]"""
    rows = db.execute(f"SELECT {_HOOK} FROM webhook WHERE account_id = ? ORDER BY id", (account_id,))
    return [_webhook(row) for row in rows]


def webhook(db: Connection, webhook_id: str) -> Webhook | None:
    """[any thread with a snapshot]"""
    row = db.execute(f"SELECT {_HOOK} FROM webhook WHERE id = ?", (webhook_id,)).fetchone()
    return None if row is None else _webhook(row)


def remove_webhook(tx: Tx, webhook_id: str) -> None:
    """[writer]"""
    tx.db.execute("DELETE FROM webhook WHERE id = ?", (webhook_id,))


def switch_on(tx: Tx, webhook_id: str) -> Webhook:
    """One that there is; it is called again. [writer]"""
    row = tx.db.execute(
        f"UPDATE webhook SET failures = 0, off_us = NULL, off_why = NULL WHERE id = ? RETURNING {_HOOK}",
        (webhook_id,),
    ).fetchone()
    assert row is not None
    return _webhook(row)


def switch_off(tx: Tx, webhook_id: str, why: str, now_us: int) -> None:
    """[writer]"""
    tx.db.execute("UPDATE webhook SET off_us = ?, off_why = ? WHERE id = ?", (now_us, why, webhook_id))


def count_call(tx: Tx, webhook_id: str, *, failed: bool) -> int:
    """How many have failed in a row with this one. [writer]"""
    row = tx.db.execute(
        "UPDATE webhook SET failures = (failures + 1) * ? WHERE id = ? RETURNING failures",
        (int(failed), webhook_id),
    ).fetchone()
    return 0 if row is None else int(row[0])


def _webhook(row: tuple[str, str, str, str, int, int | None, str | None, int]) -> Webhook:
    return Webhook(**dict(zip(Webhook.__struct_fields__, row, strict=True)))  # type: ignore[arg-type]
