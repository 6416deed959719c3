"""Counting days: of each, how much of what there was (table analytics_count), from its events and from the rows that stand.

A day is counted again and again while it lasts, and once more an hour after it is over, when nothing of it can come any more; counting it
twice is counting it once. What a row says already (who liked what, when something was made) has no event: it is counted from the row.
"""

import time
from collections import Counter

from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.jobs.table import REMEMBERED_US
from relay.features.analytics.events import COUNTED, DAY_US, HASH_BYTES, KEPT_DAYS, THOUSANDTHS
from relay.wire.analytics import STOP_BINS

LATE_US = 3_600_000_000
WRITTEN_AT_ONCE = 1_000
SLICE_EVENTS = 200_000
"""Of so many at most one statement tells who is who, so that none takes long: the hashes are cut into slices, whose counts add up."""
COST_SHARE = 100
"""After a count so many times its time passes before the next: it costs a hundredth of a core at most."""
Key = tuple[str, str, str]
"""about, metric, slot."""
Counts = dict[Key, int]

_PLAYS = "analytics_event AS e WHERE e.day = :day AND e.kind = 'play'"
_BIN = f"CAST(CASE WHEN e.value >= {THOUSANDTHS} THEN {STOP_BINS - 1} ELSE e.value * {STOP_BINS} / {THOUSANDTHS} END AS TEXT)"
_OF_SLICE = "e.who >= :low AND e.who < :high"
_OF_EVENTS: dict[str, str] = {
    "plays": f"SELECT e.about, '', sum(e.times) FROM {_PLAYS} GROUP BY e.about",
    "listeners": f"SELECT e.about, '', count(*) FROM {_PLAYS} GROUP BY e.about",
    "audience": "SELECT c.owner_id, '', count(DISTINCT e.who) FROM analytics_event AS e JOIN creation AS c ON c.id = e.about"
    f" WHERE e.day = :day AND e.kind = 'play' AND {_OF_SLICE} GROUP BY c.owner_id",
    "hearers": f"SELECT '', '', count(DISTINCT e.who) FROM {_PLAYS} AND {_OF_SLICE}",
    "stops": f"SELECT e.about, {_BIN}, count(*) FROM analytics_event AS e WHERE e.day = :day AND e.kind = 'stop' GROUP BY 1, 2",
    "active": "SELECT '', CAST(e.value AS TEXT), count(*) FROM analytics_event AS e"
    " WHERE e.day = :day AND e.kind = 'here' GROUP BY e.value",
    "returned": "SELECT '', CAST(e.value AS TEXT), count(*) FROM analytics_event AS e"
    " WHERE e.day = :day AND e.kind = 'week' GROUP BY e.value",
}
"""Of each metric the statement that counts a day of it."""

_IN_DAY = "{0}.created_us >= :since AND {0}.created_us < :until"
_DEEDS = " UNION ".join(
    f"SELECT t.{who} AS who FROM {table} AS t WHERE {_IN_DAY.format('t')}"
    for table, who in (
        ("creation_like", "account_id"),
        ("reaction", "account_id"),
        ("repost", "account_id"),
        ("comment", "author_id"),
        ("creation", "owner_id"),
    )
)
_OF_ROWS: dict[str, str] = {
    "sign_ups": f"SELECT '', '', count(*) FROM account AS a WHERE a.is_guest = 0 AND {_IN_DAY.format('a')}",
    "made": f"SELECT '', c.kind, count(*) FROM creation AS c WHERE {_IN_DAY.format('c')} GROUP BY c.kind",
    "forks": "SELECT '', c.kind, count(*) FROM creation AS c"
    f" WHERE c.parent_id IS NOT NULL AND {_IN_DAY.format('c')} GROUP BY c.kind",
    "engaged": f"SELECT '', '', count(*) FROM ({_DEEDS}) AS d WHERE {COUNTED.format(who='d.who')}",
}
_OF_JOBS = {
    "jobs": "SELECT '', j.kind || ':' || j.state, count(*) FROM job AS j"
    " WHERE j.ended_us >= :since AND j.ended_us < :until GROUP BY j.kind, j.state",
}
METRICS = frozenset({*_OF_EVENTS, *_OF_ROWS, *_OF_JOBS})


def counts_of(db: Connection, day: int, metrics: dict[str, str]) -> Counts:
    """[any thread with a snapshot]"""
    found = Counter[Key]()
    (events,) = db.execute("SELECT count(*) FROM analytics_event WHERE day = ?", (day,)).fetchone()
    slices = _slices(min(1 + events // SLICE_EVENTS, 256))
    for metric, sql in metrics.items():
        values: dict[str, object] = {"day": day}
        if ":since" in sql:
            values = {"since": day * DAY_US, "until": (day + 1) * DAY_US}
        for slice_ in slices if _OF_SLICE in sql else [{}]:
            for about, slot, n in db.execute(sql, values | slice_).fetchall():
                if n:
                    found[about, metric, slot] += int(n)
    return dict(found)


def _slices(n: int) -> list[dict[str, bytes]]:
    """n ranges, 1 to 256, which are all hashes together."""
    edges = [bytes([256 * k // n]) for k in range(n)]
    return [
        {"low": low, "high": high}
        for low, high in zip(edges, [*edges[1:], b"\xff" * (HASH_BYTES + 1)], strict=True)
    ]


def _metrics_at(day: int, at_us: int) -> dict[str, str]:
    """What can be counted of a day: jobs are not remembered for long, and what is forgotten is not none."""
    has_jobs = day * DAY_US >= at_us - REMEMBERED_US
    return {**_OF_EVENTS, **_OF_ROWS, **(_OF_JOBS if has_jobs else {})}


class Counting:
    """[loop]"""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._not_before_s = 0.0

    async def run(self) -> None:
        """Count each day that may have changed. A task of the process calls it."""
        if (begun_s := time.monotonic()) < self._not_before_s:
            return
        for day in await self._db.read(lambda db: due_days(db, now_us())):
            await self.count(day)
        self._not_before_s = time.monotonic() + COST_SHARE * (time.monotonic() - begun_s)

    async def count(self, day: int) -> None:
        """Whatever was counted of the day before is as it is now. Of one whose events are no longer kept, nothing changes."""
        at_us = now_us()
        if day < at_us // DAY_US - KEPT_DAYS:
            return
        metrics = _metrics_at(day, at_us)

        def both(db: Connection) -> tuple[Counts, Counts]:
            asked = "SELECT about, metric, slot, n FROM analytics_count WHERE day = ?"
            stored = {
                (about, metric, slot): n
                for about, metric, slot, n in db.execute(asked, (day,)).fetchall()
                if metric in metrics
            }
            return counts_of(db, day, metrics), stored

        now, before = await self._db.read(both)
        changes = [(key, n) for key, n in now.items() if before.get(key) != n]
        changes += [(key, 0) for key in before if key not in now]
        for start in range(0, len(changes), WRITTEN_AT_ONCE):
            some = changes[start : start + WRITTEN_AT_ONCE]
            await self._db.write(lambda tx, some=some: _store(tx, day, some))  # type: ignore[misc]
        await self._db.write(lambda tx: _note_counted(tx, day, at_us))


def due_days(db: Connection, at_us: int) -> list[int]:
    """Days that were not counted since they were over, the oldest first. [any thread with a snapshot]"""
    today = at_us // DAY_US
    (first_us,) = db.execute("SELECT min(created_us) FROM account").fetchone()
    first = today if first_us is None else max(first_us // DAY_US, today - KEPT_DAYS)
    counted = dict(db.execute("SELECT day, at_us FROM analytics_counted").fetchall())
    return [day for day in range(first, today + 1) if counted.get(day, 0) < (day + 1) * DAY_US + LATE_US]


def _store(tx: Tx, day: int, changes: list[tuple[Key, int]]) -> None:
    """0: there is none. Of what was deleted meanwhile nothing comes back."""
    gone = _gone(tx.db, {about for (about, _, _), n in changes if about and n})
    for (about, metric, slot), n in changes:
        values = (about, metric, day, slot)
        if n == 0:
            tx.db.execute(
                "DELETE FROM analytics_count WHERE about = ? AND metric = ? AND day = ? AND slot = ?", values
            )
        elif about not in gone:
            tx.db.execute(
                "INSERT INTO analytics_count (about, metric, day, slot, n) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (about, metric, day, slot) DO UPDATE SET n = excluded.n",
                (*values, n),
            )


def _gone(db: Connection, ids: set[str]) -> set[str]:
    """Of creations and accounts those that are tombstones."""
    if not ids:
        return set()
    marks = ", ".join("?" * len(ids))
    asked = (
        f"SELECT id FROM creation WHERE state = 'deleted' AND id IN ({marks})"
        f" UNION ALL SELECT id FROM account WHERE deleted_us IS NOT NULL AND id IN ({marks})"
    )
    return {id_ for (id_,) in db.execute(asked, (*sorted(ids), *sorted(ids))).fetchall()}


def _note_counted(tx: Tx, day: int, at_us: int) -> None:
    tx.db.execute(
        "INSERT INTO analytics_counted (day, at_us) VALUES (?, ?)"
        " ON CONFLICT (day) DO UPDATE SET at_us = excluded.at_us",
        (day, at_us),
    )
