"""The table engagement, and what follows of it in the rows of creations: places that change as people give signs."""

import asyncio
from functools import partial

from msgspec import Struct

from relay.core.counts import Miscount
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.feeds.ranking import (
    MAX_SIGNS,
    STRATEGIES,
    Rank,
    Sign,
    Signs,
    Strategy,
    hot_us,
    moves_down,
    rank_of,
    trend_with,
    weight_of,
)

STEP = 200
"""Creations whose places are computed anew in one transaction."""
PAUSE_S = 0.05
"""Between two of them, for others' writes."""


class _Ranked(Struct, frozen=True, kw_only=True):
    """A creation, as its row has it."""

    id: str
    owner_id: str
    published_us: int
    rank: Rank


def give(tx: Tx, creation_id: str, account_id: str, sign: Sign, at_us: int) -> None:
    """Somebody gave a sign. Giving it again changes nothing, and one's own creation is not one's to raise. [writer]"""
    _change(tx, creation_id, account_id, at_us, given=sign, taken=Sign(0))


def take_back(tx: Tx, creation_id: str, account_id: str, sign: Sign, at_us: int) -> None:
    """[writer]"""
    _change(tx, creation_id, account_id, at_us, given=Sign(0), taken=sign)


def forget(tx: Tx, creation_id: str) -> None:
    """Of a creation that is deleted. [writer]"""
    tx.db.execute("DELETE FROM engagement WHERE creation_id = ?", (creation_id,))
    tx.db.execute(
        "UPDATE creation SET hot_us = published_us, trend_us = 0, engaged = 0, people = 0 WHERE id = ?",
        (creation_id,),
    )


def _change(tx: Tx, creation_id: str, account_id: str, at_us: int, *, given: Sign, taken: Sign) -> None:
    was = _ranked(tx.db, creation_id)
    if was is None or was.owner_id == account_id:
        return
    before = _signs_of(tx.db, creation_id, account_id)
    signs = (before.signs | given) & ~taken
    if signs == before.signs:
        return
    weight = weight_of(signs)
    _put(
        tx,
        creation_id,
        account_id,
        Signs(signs=signs, at_us=at_us if weight > before.weight else before.at_us),
    )
    if weight == before.weight:
        return
    engaged = was.rank.engaged + weight - before.weight
    if before.weight:
        people = was.rank.people - (not weight)
        rank = rank_of(was.published_us, newest_signs(tx.db, creation_id), engaged=engaged, people=people)
    else:
        rank = Rank(
            hot_us=hot_us(was.published_us, engaged),
            trend_us=trend_with(was.rank.trend_us, weight, at_us),
            engaged=engaged,
            people=was.rank.people + 1,
        )
    _set(tx, was, rank, at_us)


def _put(tx: Tx, creation_id: str, account_id: str, now: Signs) -> None:
    if not now.signs:
        tx.db.execute(
            "DELETE FROM engagement WHERE creation_id = ? AND account_id = ?", (creation_id, account_id)
        )
        return
    tx.db.execute(
        "INSERT INTO engagement (creation_id, account_id, signs, at_us) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (creation_id, account_id) DO UPDATE SET signs = excluded.signs, at_us = excluded.at_us",
        (creation_id, account_id, int(now.signs), now.at_us),
    )


def _set(tx: Tx, was: _Ranked, rank: Rank, at_us: int) -> None:
    if rank == was.rank:
        return
    tx.db.execute(
        "UPDATE creation SET hot_us = ?, trend_us = ?, engaged = ?, people = ? WHERE id = ?",
        (rank.hot_us, rank.trend_us, rank.engaged, rank.people, was.id),
    )
    if moves_down(was.rank, rank):
        tx.db.execute("UPDATE creation SET moved_us = ? WHERE id = ?", (at_us, was.id))


def _ranked(db: Connection, creation_id: str) -> _Ranked | None:
    row = db.execute(
        "SELECT owner_id, published_us, hot_us, trend_us, engaged, people FROM creation"
        " WHERE id = ? AND state <> 'deleted'",
        (creation_id,),
    ).fetchone()
    if row is None:
        return None
    owner_id, published_us, hot, trend, engaged, people = row
    rank = Rank(hot_us=hot, trend_us=trend, engaged=engaged, people=people)
    return _Ranked(id=creation_id, owner_id=owner_id, published_us=published_us, rank=rank)


def _signs_of(db: Connection, creation_id: str, account_id: str) -> Signs:
    row = db.execute(
        "SELECT signs, at_us FROM engagement WHERE creation_id = ? AND account_id = ?",
        (creation_id, account_id),
    ).fetchone()
    return Signs(signs=Sign(0), at_us=0) if row is None else Signs(signs=Sign(row[0]), at_us=row[1])


def newest_signs(db: Connection, creation_id: str) -> list[Signs]:
    """At most MAX_SIGNS. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT signs, at_us FROM engagement WHERE creation_id = ? ORDER BY at_us DESC LIMIT ?",
        (creation_id, MAX_SIGNS),
    )
    return [Signs(signs=Sign(signs), at_us=at_us) for signs, at_us in rows]


# computed anew -----------------------------------------------------------------------------------------------------------


async def catch_up(db: Database) -> None:
    """Where a strategy has another version than the places stand by, all are computed anew, STEP after STEP. [loop]"""
    for strategy in STRATEGIES:
        while await db.read(partial(_is_behind, strategy=strategy), snapshot=False):
            await db.write(partial(_step, strategy=strategy))
            await asyncio.sleep(PAUSE_S)


def _is_behind(db: Connection, strategy: Strategy) -> bool:
    row = db.execute("SELECT version FROM ranking WHERE name = ?", (strategy.name,)).fetchone()
    return row is None or row[0] != strategy.version


def _step(tx: Tx, strategy: Strategy) -> None:
    """[writer]"""
    row = tx.db.execute("SELECT version, after_id FROM ranking WHERE name = ?", (strategy.name,)).fetchone()
    version, after_id = row or (0, "")
    ids = tx.db.execute(
        "SELECT id FROM creation WHERE id > ? ORDER BY id LIMIT ?", (after_id, STEP)
    ).fetchall()
    for (id_,) in ids:
        if was := _ranked(tx.db, id_):
            _set(tx, was, _anew(tx.db, was), now_us())
    is_last = len(ids) < STEP
    tx.db.execute(
        "INSERT INTO ranking (name, version, after_id) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET version = excluded.version, after_id = excluded.after_id",
        (strategy.name, strategy.version if is_last else version, "" if is_last else ids[-1][0]),
    )


def _anew(db: Connection, was: _Ranked) -> Rank:
    groups = db.execute(
        "SELECT signs, count(*) FROM engagement WHERE creation_id = ? GROUP BY signs", (was.id,)
    ).fetchall()
    engaged = sum(weight_of(Sign(signs)) * count for signs, count in groups)
    people = sum(count for _, count in groups)
    return rank_of(was.published_us, newest_signs(db, was.id), engaged=engaged, people=people)


def miscounts(db: Connection) -> list[Miscount]:
    """What people gave creations, counted anew. [any thread with a snapshot]"""
    found: list[Miscount] = []
    for (id_,) in db.execute("SELECT id FROM creation WHERE state <> 'deleted' ORDER BY id").fetchall():
        if (was := _ranked(db, id_)) is None:
            continue
        now = _anew(db, was)
        for column in ("engaged", "people", "hot_us"):
            old, new = getattr(was.rank, column), getattr(now, column)
            if old != new:
                found.append(Miscount(table="creation", column=column, id=id_, stored=old, counted=new))
    return found
