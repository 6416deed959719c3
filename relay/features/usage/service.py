"""Counting the newest patterns that are for everybody, now and then: an answer may be a minute old, and costs the same however many
there are.
"""

import asyncio
from collections import Counter
from typing import TypeVar

import msgspec
from msgspec import Struct

from audio.score.sounds import SOUNDS, is_custom, sound_of
from relay.core.dashed_ids import dashed
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database
from relay.features.accounts import api as accounts
from relay.features.graph.api import not_muted
from relay.features.studio import api as studio
from relay.wire.beat_people import InstrumentUse, KeyUse, PopularPattern, TempoUse, TimeRange
from relay.wire.scores import MachineScore, PatternScore, Score

Name = TypeVar("Name", str, int)
DAY_US = 86_400_000_000
RANGES_US: dict[str, int] = {
    "day": DAY_US,
    "week": 7 * DAY_US,
    "month": 30 * DAY_US,
    "year": 365 * DAY_US,
}
HELD_US = 60_000_000
_SCORES = f"""SELECT v.score FROM ({studio.newest_patterns("c.head_version_id, c.published_us")}) AS w
  JOIN creation_version AS v ON v.id = w.head_version_id WHERE w.published_us >= :since"""
_POPULAR = f"""SELECT c.id, c.title, c.play_count, c.like_count, c.owner_id
  FROM ({studio.newest_patterns("c.id, c.title, c.play_count, c.like_count, c.owner_id, c.published_us")}) AS c
  WHERE c.published_us >= :since AND {not_muted("c.owner_id")}
  ORDER BY c.play_count DESC, c.like_count DESC, c.published_us DESC, c.id DESC LIMIT :limit"""
_score: msgspec.json.Decoder[Score] = msgspec.json.Decoder(Score)


class Counted(Struct, frozen=True, kw_only=True):
    """The most used first."""

    instruments: list[InstrumentUse]
    tempi: list[TempoUse]
    keys: list[KeyUse]


class Usage:
    """[loop]"""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._held: dict[str, tuple[int, Counted]] = {}
        self._counting = asyncio.Lock()

    async def counted(self, time_range: TimeRange) -> Counted:
        """At most HELD_US old."""
        async with self._counting:  # one count at a time: who comes meanwhile has its answer
            now = now_us()
            until_us, held = self._held.get(time_range, (0, None))
            if held is None or until_us < now:
                held = await self.counted_since(_since(time_range, now))
                self._held[time_range] = now + HELD_US, held
            return held

    async def counted_since(self, since_us: int) -> Counted:
        """Of what was published since then."""
        texts = await self._db.read(lambda db: _texts(db, since_us))
        return await asyncio.to_thread(count, texts)

    async def popular(self, viewer: str | None, time_range: TimeRange, limit: int) -> list[PopularPattern]:
        """Most played first, as the viewer may find them."""
        values = {"viewer": viewer or "", "since": _since(time_range, now_us()), "limit": limit}

        def work(db: Connection) -> list[PopularPattern]:
            rows = db.execute(_POPULAR, values).fetchall()
            people = accounts.profiles(db, [row[-1] for row in rows])
            return [
                PopularPattern(
                    id=dashed(id_),
                    title=title,
                    plays=plays,
                    likes=likes,
                    author=studio.author_of(people[owner_id]),
                )
                for id_, title, plays, likes, owner_id in rows
            ]

        return await self._db.read(work)


def count(texts: list[str]) -> Counted:
    """[worker]"""
    instruments, tempi, keys = Counter[str](), Counter[int](), Counter[int]()
    for text in texts:
        score = _score.decode(text)
        if isinstance(score, MachineScore):
            instruments.update(each.instrument for each in score.players if not each.muted)
        elif isinstance(score, PatternScore):
            instruments.update({row.sound for row in score.rows})
        else:
            continue
        tempi[score.bpm] += 1
        keys[studio.key_note(score.key)] += 1
    return Counted(
        instruments=[
            InstrumentUse(
                id=name,
                title=sound_of(name).label if name in SOUNDS or is_custom(name) else name.capitalize(),
                usage_count=used,
                percentage=round(100 * used / len(texts), 1),
            )
            for name, used in _most_used(instruments)
        ],
        tempi=[TempoUse(bpm=bpm, count=used) for bpm, used in _most_used(tempi)],
        keys=[KeyUse(key_note=note, title=studio.KEYS[note], count=used) for note, used in _most_used(keys)],
    )


def _most_used(counted: Counter[Name]) -> list[tuple[Name, int]]:
    return sorted(counted.items(), key=lambda each: (-each[1], each[0]))


def _texts(db: Connection, since_us: int) -> list[str]:
    rows = db.execute(_SCORES, {"viewer": "", "since": since_us}).fetchall()
    return [text for (text,) in rows]


def _since(time_range: TimeRange, now: int) -> int:
    return now - RANGES_US[time_range] if time_range in RANGES_US else 0
