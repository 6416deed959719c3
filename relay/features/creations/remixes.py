"""That somebody made something from a creation of another's: told to its owner once, as soon as that one may find it.

Whether it still stands is asked when it is told: what was made is gone, hidden, or said to be made from something else since,
and there is nothing to tell.
"""

from collections.abc import Sequence

from msgspec import Struct

from relay.core.visibility import FINDABLE, Audience
from relay.engine.database import Connection, Tx
from relay.features.live import api as live
from relay.wire.events import SocialNewRemix
from relay.wire.owning import ForkedFrom

NEW_REMIX = "remix"
_PARENT_OWNER = """SELECT k.owner_id, p.owner_id FROM creation AS k JOIN creation AS p ON p.id = k.parent_id
  WHERE k.id = ? AND p.state <> 'deleted' AND p.owner_id <> k.owner_id"""
_MADE = f"""SELECT c.id, c.title, a.username, p.id FROM creation AS c JOIN account AS a ON a.id = c.owner_id
  JOIN creation AS p ON p.id = c.parent_id
  WHERE p.owner_id = :viewer AND p.state <> 'deleted' AND {FINDABLE} AND c.id IN ({{marks}})"""


class Remix(Struct, frozen=True, kw_only=True):
    """Something that was made from a creation of somebody's, whose id is parent_id."""

    made: ForkedFrom
    parent_id: str


def note(tx: Tx, creation_id: str, at_us: int) -> None:
    """Whoever owns what it was made from hears of it, if they may find it now. [writer]"""
    row = tx.db.execute(_PARENT_OWNER, (creation_id,)).fetchone()
    if row is None:
        return
    maker_id, account_id = row
    if not of_account(tx.db, account_id, [creation_id]):
        return
    live.append_once(
        tx,
        act=live.Act(kind=NEW_REMIX, actor_id=maker_id, about_id=creation_id, detail=account_id),
        topic=live.inbox_topic(account_id),
        object_id=creation_id,
        at_us=at_us,
    )


def of_account(db: Connection, account_id: str, made_ids: Sequence[str]) -> dict[str, Remix]:
    """Of these, by their ids, what was made from creations of an account and may be found by it. [any thread with a snapshot]"""
    if not made_ids:
        return {}
    marks = {f"c{index}": made_id for index, made_id in enumerate(made_ids)}
    sql = _MADE.format(marks=", ".join(f":{mark}" for mark in marks))
    rows = db.execute(sql, {"viewer": account_id, **marks}).fetchall()
    return {
        id_: Remix(made=ForkedFrom(id=id_, title=title, username=username), parent_id=parent_id)
        for id_, title, username, parent_id in rows
    }


def tell(db: Connection, events: Sequence[live.Happened]) -> dict[str, live.Addressed]:
    """Those that still stand, each to whose creation it was made from. [any thread with a snapshot]"""
    by_account: dict[str, list[live.Happened]] = {}
    for each in events:
        by_account.setdefault(live.owner_of_inbox(each.topic), []).append(each)
    told: dict[str, live.Addressed] = {}
    for account_id, group in by_account.items():
        found = of_account(db, account_id, [each.object_id for each in group])
        for each in group:
            if (remix := found.get(each.object_id)) is not None:
                payload = SocialNewRemix(post_id=remix.parent_id, user_id=each.actor_id, remix=remix.made)
                told[each.id] = live.Addressed(payload=payload, audience=Audience.EVERYBODY)
    return told
