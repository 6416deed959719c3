"""From what is new in somebody's list to what is to be taken to them."""

from relay.engine.database import Connection, Tx
from relay.features.deliveries import choices, store
from relay.features.deliveries.rules import Channel, due_us, group_of
from relay.features.mail import api as mail
from relay.features.notifications.api import New, take_unqueued

AT_ONCE = 100
"""Notifications of one transaction."""


def queue(tx: Tx, sends_mail: bool, push_key: str, now_us: int) -> None:
    """Some of what is new. push_key: of this relay; a browser that subscribed with another gets nothing of it. [writer]"""
    by_account: dict[str, list[New]] = {}
    for each in take_unqueued(tx, AT_ONCE):
        by_account.setdefault(each.account_id, []).append(each)
    for account_id, news in by_account.items():
        targets = _targets(tx.db, account_id, sends_mail, push_key)
        if targets:
            _queue_of(tx, account_id, news, targets, now_us)


def _queue_of(
    tx: Tx, account_id: str, news: list[New], targets: list[tuple[Channel, str]], now_us: int
) -> None:
    wanted, schedule = choices.choices(tx.db, account_id), choices.schedule(tx.db, account_id)
    for each in news:
        choice = wanted[each.kind]
        for channel, target_id in targets:
            if choice.by(channel):
                store.add(
                    tx,
                    account_id=account_id,
                    channel=channel,
                    target_id=target_id,
                    group_key=group_of(channel, each.kind, choice.priority, schedule, each.id),
                    priority=choice.priority,
                    note_id=each.id,
                    now_us=now_us,
                    due_us=due_us(channel, choice.priority, schedule, now_us),
                )


def _targets(db: Connection, account_id: str, sends_mail: bool, push_key: str) -> list[tuple[Channel, str]]:
    """Channel, and the browser or webhook."""
    found = list[tuple[Channel, str]]()
    if sends_mail and mail.recipient(db, account_id) is not None:
        found.append((Channel.MAIL, ""))
    found += [
        (Channel.PUSH, each.id) for each in choices.browsers(db, account_id) if each.server_key == push_key
    ]
    found += [(Channel.WEBHOOK, each.id) for each in choices.webhooks(db, account_id) if each.off_us is None]
    return found
