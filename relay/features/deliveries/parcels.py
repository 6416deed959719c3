"""What a delivery has to bring, as the rows are when it goes: what was taken back, read, or is no more wanted that way, is left out."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from relay.engine.database import Connection
from relay.features.accounts import api as accounts
from relay.features.deliveries import choices, store
from relay.features.deliveries.choices import Browser, Webhook
from relay.features.deliveries.rules import Channel, Priority, loud_us
from relay.features.deliveries.store import Row
from relay.features.mail import api as mail
from relay.features.notifications.api import Kind
from relay.wire.notifications import Notification

NotificationsOf = Callable[[Connection, str, Sequence[str]], list[Notification]]
"""What of somebody's notifications stands, told of together."""


class Parcel(Struct, frozen=True, kw_only=True):
    """target: the mail address, the browser or the webhook."""

    row: Row
    username: str
    target: str | Browser | Webhook
    notifications: list[Notification]


class Later(Struct, frozen=True):
    """It is not its time."""

    at_us: int


class Nothing(Struct, frozen=True):
    """There is nothing to bring, or nobody to bring it to."""


def parcel_of(db: Connection, row: Row, told: NotificationsOf, now_us: int) -> Parcel | Later | Nothing:
    """[any thread with a snapshot]"""
    target = _target(db, row)
    person = accounts.present(db, [row.account_id]).get(row.account_id)
    if target is None or person is None:
        return Nothing()
    at_us = _time_for(db, row, now_us)
    if at_us > now_us:
        return Later(at_us)
    wanted = choices.choices(db, row.account_id)
    found = [
        each
        for each in told(db, row.account_id, store.notes_of(db, row.id))
        if wanted[Kind(each.kind)].by(row.channel) and (row.channel is Channel.WEBHOOK or not each.read)
    ]
    if not found:
        return Nothing()
    return Parcel(row=row, username=person.username, target=target, notifications=found)


def _target(db: Connection, row: Row) -> str | Browser | Webhook | None:
    match row.channel:
        case Channel.MAIL:
            found = mail.recipient(db, row.account_id)
            return None if found is None else found.address
        case Channel.PUSH:
            return choices.browser(db, row.target_id)
        case Channel.WEBHOOK:
            hook = choices.webhook(db, row.target_id)
            return None if hook is None or hook.off_us is not None else hook


def _time_for(db: Connection, row: Row, now_us: int) -> int:
    """Quiet hours may have been chosen since, and others may have gone to the account."""
    at_us = store.free_us(db, row.account_id, row.channel, now_us)
    if row.channel is Channel.WEBHOOK:
        return at_us
    return loud_us(Priority(row.priority), choices.schedule(db, row.account_id), at_us)
