"""What is made here: which of it is heard most, in which keys and tempi, how much of it is shared and forked. Of what is for everybody."""

import asyncio
from collections import Counter

from relay.core.visibility import PUBLIC
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database
from relay.features.analytics.events import DAY_US
from relay.features.analytics.own import Range
from relay.features.analytics.telling import share
from relay.features.creations import api as creations
from relay.features.usage import api as usage
from relay.wire.analytics import (
    LEAST,
    MAX_NUMBERED,
    ContentNumbers,
    KeyCount,
    KindNumbers,
    Ranked,
    TempoRange,
)

HELD_US = 60_000_000
TEMPO_STEP_BPM = 10
_VALUES = {"viewer": ""}
_RANKED = (
    "SELECT c.id, c.title, c.kind, a.username, sum(n.n) FROM analytics_count AS n JOIN creation AS c ON c.id = n.about"
    f" JOIN account AS a ON a.id = c.owner_id WHERE n.metric = 'listeners' AND n.day BETWEEN :first AND :last AND n.n >= {LEAST}"
    f" AND {PUBLIC} GROUP BY c.id, c.title, c.kind, a.username ORDER BY 5 DESC, c.id DESC LIMIT {MAX_NUMBERED}"
)
_PUBLISHED = f"creation AS c WHERE c.published_us >= :since AND {PUBLIC}"
_KEYS = f"SELECT max(c.key), count(*) FROM {_PUBLISHED} AND c.camelot IS NOT NULL GROUP BY c.camelot ORDER BY 2 DESC, 1"
_TEMPI = f"SELECT c.bpm, count(*) FROM {_PUBLISHED} AND c.bpm IS NOT NULL GROUP BY c.bpm"
_IS_SHARED = (
    "CASE WHEN c.visibility = 'public' OR (SELECT 1 FROM share_link AS l WHERE l.creation_id = c.id LIMIT 1) IS NOT NULL"
    " THEN 1 ELSE 0 END"
)
_KINDS = (
    f"SELECT c.kind, count(*), sum({_IS_SHARED}), sum(CASE WHEN c.visibility = 'public' THEN 1 ELSE 0 END),"
    " sum(CASE WHEN c.visibility = 'public' AND c.fork_count > 0 THEN 1 ELSE 0 END)"
    " FROM creation AS c WHERE c.created_us >= :since AND c.state <> 'deleted' GROUP BY c.kind ORDER BY 2 DESC, 1"
)


class Content:
    """Counted once a minute at most, whoever asks. [loop]"""

    def __init__(self, db: Database, used: usage.Usage, base_url: str) -> None:
        self._db = db
        self._used = used
        self._base_url = base_url
        self._held: dict[str, tuple[int, ContentNumbers]] = {}
        self._counting = asyncio.Lock()

    async def numbers(self, days: str) -> ContentNumbers:
        """Of so many days until today."""
        async with self._counting:
            until_us, held = self._held.get(days, (0, None))
            if held is None or until_us < now_us():
                held = await self._count(Range.of(int(days)))
                self._held[days] = now_us() + HELD_US, held
            return held

    async def _count(self, within: Range) -> ContentNumbers:
        instruments = (await self._used.counted_since(within.first * DAY_US)).instruments
        return await self._db.read(
            lambda db: ContentNumbers(
                rankings=_rankings(db, within, self._base_url),
                keys=_keys(db, within),
                tempi=_tempi(db, within),
                instruments=instruments[:MAX_NUMBERED],
                kinds=_kinds(db, within),
                least=LEAST,
            )
        )


def _rankings(db: Connection, within: Range, base_url: str) -> list[Ranked]:
    values = {**_VALUES, "first": within.first, "last": within.last}
    return [
        Ranked(
            id=id_,
            title=title,
            kind=kind,
            username=username,
            page_url=f"{base_url}{creations.PAGE_PATH}{id_}",
            listeners=int(n),
        )
        for id_, title, kind, username, n in db.execute(_RANKED, values).fetchall()
    ]


def _keys(db: Connection, within: Range) -> list[KeyCount]:
    values = {**_VALUES, "since": within.first * DAY_US}
    return [KeyCount(key=key, count=n) for key, n in db.execute(_KEYS, values).fetchall()]


def _tempi(db: Connection, within: Range) -> list[TempoRange]:
    counted = Counter[int]()
    for bpm, n in db.execute(_TEMPI, {**_VALUES, "since": within.first * DAY_US}).fetchall():
        counted[int(bpm // TEMPO_STEP_BPM) * TEMPO_STEP_BPM] += n
    return [
        TempoRange(bpm_from=bpm, bpm_to=bpm + TEMPO_STEP_BPM, count=n) for bpm, n in sorted(counted.items())
    ]


def _kinds(db: Connection, within: Range) -> list[KindNumbers]:
    rows = db.execute(_KINDS, {"since": within.first * DAY_US}).fetchall()
    return [
        KindNumbers(
            kind=kind,
            made=made,
            shared=share(int(shared), made) if made >= LEAST else None,
            forked=share(int(forked), int(public)),
        )
        for kind, made, shared, public, forked in rows
    ]
