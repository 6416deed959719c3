"""The lists of everybody's posts: for any order of things no page repeats what another had, and none is left out that did not move."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay.core.cursor import Cursor, Places, read_places, write_places
from relay.core.refusal import Refusal
from relay.core.tonality import camelot
from relay.engine.clock import now_us
from relay.engine.database import Connection as Reader
from relay.features.feeds import discovery, engagement
from relay.features.feeds.discovery import Ask
from relay.features.feeds.filters import ALL, filter_of
from relay.features.feeds.ranking import (
    KNOWN_TO,
    MOST_OF_AUTHOR,
    TRENDING_FROM,
    WEIGHTS,
    Sign,
    Signs,
    hot_us,
    trend_us,
    trend_with,
)
from relay.wire.operations import FeedQuery
from tests.support.house import BASE_URL, House, house, new_post
from tests.support.postgres import PostgresServer, schema_of

FANS = 5
HOUR_US = 3_600_000_000
KEYS = ("Am", "C major", "E minor", "F# minor", None)
POST = st.tuples(st.integers(0, 30), st.sampled_from([None, 80.0, 92.5, 174.0]), st.sampled_from(KEYS))
SIGN = st.tuples(st.integers(0, 39), st.integers(0, FANS - 1), st.sampled_from(list(Sign)))
ACT = st.tuples(st.just("give"), SIGN) | st.tuples(st.just("take"), SIGN) | st.tuples(st.just("post"), POST)
Act = tuple[str, tuple[object, ...]]
Read = Callable[[Reader, Ask, str], discovery.Page]
READS: dict[str, Read] = {
    "hot": discovery.hot,
    "latest": discovery.latest,
    "trending": discovery.trending,
    "tagged": lambda db, ask, base_url: discovery.tagged(db, "loop", ask, base_url),
}


@dataclass
class Scene:
    here: House
    owner: str
    fans: list[str]
    posts: list[str]

    async def act(self, what: str, detail: tuple[object, ...], at_us: int) -> None:
        if what == "post":
            hours, bpm, key = detail
            post_us = at_us + int(str(hours)) * HOUR_US
            made = partial(new_post, owner_id=self.owner, at_us=post_us, bpm=bpm, key=key)  # type: ignore[arg-type]
            self.posts.append(await self.here.db.write(made))
        elif self.posts:
            number, fan, sign = detail
            change = engagement.give if what == "give" else engagement.take_back
            post_id = self.posts[int(str(number)) % len(self.posts)]
            who = self.fans[int(str(fan))]
            await self.here.db.write(lambda tx: change(tx, post_id, who, Sign(sign), at_us))  # type: ignore[arg-type]

    async def walk(self, read: Read, limit: int, query: FeedQuery | None = None) -> list[list[str]]:
        """Ids by pages."""
        pages, cursor = list[list[str]](), None
        while True:
            page, cursor = await self.page(read, cursor, limit, query)
            pages.append(page)
            if cursor is None:
                return pages

    async def page(
        self, read: Read, cursor: str | None, limit: int, query: FeedQuery | None = None
    ) -> tuple[list[str], str | None]:
        ask = Ask(viewer="", cursor=cursor, limit=limit, filter=filter_of(query) if query else ALL)
        found, following = await self.here.db.read(lambda db: read(db, ask, BASE_URL))
        return [each.post.id for each in found], following


def run(url: str, scenario: Callable[[Scene], Coroutine[object, object, None]]) -> None:
    async def whole() -> None:
        async with house(url) as here:
            owner = await here.account("anna")
            fans = [await here.account(f"fan-{n}") for n in range(FANS)]
            await scenario(Scene(here, owner, fans, []))

    asyncio.run(whole())


def on_sqlite(scenario: Callable[[Scene], Coroutine[object, object, None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(f"sqlite:///{Path(folder) / 'r.db'}", scenario)


async def check_walks(
    scene: Scene,
    before: list[Act],
    meanwhile: list[Act],
    limit: int,
) -> None:
    """Here no change waits for its commit, so there is no slack."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discovery, "AS_OF_SLACK_US", 0)
        await _check_walks(scene, before, meanwhile, limit)


async def _check_walks(scene: Scene, before: list[Act], meanwhile: list[Act], limit: int) -> None:
    for number, (what, detail) in enumerate(before):
        await scene.act(what, detail, number)
    whole = {
        name: [each for page in await scene.walk(read, limit) for each in page]
        for name, read in READS.items()
    }
    assert sorted(whole["hot"]) == sorted(whole["latest"]) == sorted(whole["tagged"]) == sorted(scene.posts)
    for name, read in READS.items():
        at_once, _ = await scene.page(read, None, 100)
        if name != "hot":  # of which each page has its share of what few know
            assert at_once == whole[name]
        seen, cursor = await scene.page(read, None, limit)
        there = set(scene.posts)
        moved: set[str] = set()
        for what, detail in meanwhile:
            if cursor is None:
                break
            if what != "post" and scene.posts:
                moved.add(scene.posts[int(str(detail[0])) % len(scene.posts)])
            await scene.act(what, detail, now_us())
            page, cursor = await scene.page(read, cursor, limit)
            seen += page
        while cursor is not None:
            page, cursor = await scene.page(read, cursor, limit)
            seen += page
        assert len(seen) == len(set(seen)), f"{name} repeats"
        assert set(whole[name]) & there - moved <= set(seen), f"{name} leaves something out"
        whole = {
            other: [each for page in await scene.walk(READS[other], 50) for each in page] for other in READS
        }


BEFORE = st.lists(ACT, max_size=40)
BUSY = [("post", (n, None, None)) for n in range(12)] + [
    ("give", (n % 4, fan, Sign.LIKE)) for n in range(4) for fan in range(FANS)
]
LOST = [("take", (n % 4, fan, Sign.LIKE)) for fan in range(FANS) for n in range(4)]


@settings(max_examples=8, deadline=None)
@example(BUSY, LOST, 1)
@example(BUSY, LOST, 3)
@given(BEFORE, st.lists(ACT, max_size=12), st.integers(1, 7))
def test_no_page_repeats_what_another_had_whatever_happens_meanwhile(
    before: list[Act], meanwhile: list[Act], limit: int
) -> None:
    on_sqlite(lambda scene: check_walks(scene, before, meanwhile, limit))


@pytest.mark.slow
def test_no_page_repeats_on_postgresql_either(postgres: PostgresServer) -> None:
    with schema_of(postgres) as schema:
        run(postgres.url(schema), lambda scene: check_walks(scene, BUSY, LOST, 2))  # type: ignore[arg-type]


@settings(max_examples=6, deadline=None)
@given(
    st.lists(POST, max_size=25),
    st.sampled_from([None, 80.0, 92.5]),
    st.sampled_from([None, 92.5, 200.0]),
    st.sampled_from([None, "Am", "8B", "e minor"]),
    st.sampled_from(["exact", "compatible"]),
    st.integers(1, 5),
)
def test_a_filtered_list_is_what_fits_of_the_whole_also_by_short_reach(
    posts: list[tuple[int, float | None, str | None]],
    low: float | None,
    high: float | None,
    key: str | None,
    match: str,
    limit: int,
) -> None:
    query = FeedQuery(
        bpm_min=low, bpm_max=high, key=key, key_match="compatible" if match == "compatible" else "exact"
    )

    def fits(bpm: float | None, has: str | None) -> bool:
        if (low is not None and (bpm is None or bpm < low)) or (
            high is not None and (bpm is None or bpm > high)
        ):
            return False
        if key is None:
            return True
        return has is not None and (
            camelot(has) == camelot(key) or (match == "compatible" and near(has, key))
        )

    async def scenario(scene: Scene) -> None:
        for number, post in enumerate(posts):
            await scene.act("post", post, number)
        wanted = [id_ for id_, (_, bpm, has) in zip(scene.posts, posts, strict=True) if fits(bpm, has)]
        with pytest.MonkeyPatch.context() as patch:
            for reach in (2_000, 3):
                patch.setattr(discovery, "REACH", reach)
                for read in READS.values():
                    if read is not READS["trending"]:
                        found = [each for page in await scene.walk(read, limit, query) for each in page]
                        assert sorted(found) == sorted(wanted)

    on_sqlite(scenario)


def near(one: str, other: str) -> bool:
    """By the circle of fifths, walked step by step: a fifth up, a fifth down, or the relative."""
    fifths = ["C", "G", "D", "A", "E", "B", "F#"]
    place = {camelot(f"{name} major"): (n, "B") for n, name in enumerate(fifths)}
    place |= {
        camelot(f"{name} minor"): (n, "A") for n, name in enumerate(["A", "E", "B", "F#", "C#", "G#", "D#"])
    }
    (hour, mode), (other_hour, other_mode) = place[camelot(one)], place[camelot(other)]
    return (hour == other_hour) if mode != other_mode else abs(hour - other_hour) <= 1


@given(
    st.integers(0, 1 << 62),
    st.lists(st.tuples(st.integers(0, 1 << 62), st.binary(min_size=16, max_size=16)), min_size=1, max_size=2),
)
def test_a_cursor_of_places_reads_as_it_was_written_and_fits_the_wire(
    as_of: int, at: list[tuple[int, bytes]]
) -> None:
    places = Places(as_of, tuple(Cursor(at_us, id_.hex()) for at_us, id_ in at))
    text = write_places(places)
    assert read_places(text, len(at)) == places and len(text) <= 128
    with pytest.raises(Refusal):
        read_places(text, len(at) + 1)


@given(st.text(max_size=130), st.integers(1, 2))
def test_any_cursor_of_places_is_read_or_refused(text: str, lists: int) -> None:
    try:
        read_places(text, lists)
    except Refusal as refusal:
        assert refusal.code == "cursor_invalid"


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Sign)), st.integers(0, 30 * 24 * HOUR_US)), min_size=1, max_size=20
    )
)
def test_a_trend_is_the_same_added_up_one_by_one_in_any_order(signs: list[tuple[Sign, int]]) -> None:
    at_once = trend_us([Signs(signs=sign, at_us=at_us + 1) for sign, at_us in signs])
    one_by_one = 0
    for sign, at_us in reversed(signs):
        one_by_one = trend_with(one_by_one, WEIGHTS[sign], at_us + 1)
    assert abs(at_once - one_by_one) <= 1_000


def test_ten_likes_lift_by_half_a_day_and_one_counts_half_a_day_later() -> None:
    assert hot_us(0, 0) == hot_us(0, 1) == 0 and hot_us(0, 10) == 45_000_000_000
    like = Signs(signs=Sign.LIKE, at_us=0)
    assert trend_us([like, like]) - trend_us([like]) == 24 * HOUR_US
    assert KNOWN_TO > TRENDING_FROM


def spread_check(scene: Scene) -> Coroutine[object, object, None]:
    """A page of each list by rank, of a relay on which one person posts more than all others."""

    async def check() -> None:
        crowd = [await scene.here.account(f"maker-{n}") for n in range(9)]
        made: dict[str, str] = {}
        for number, owner in enumerate([*([scene.owner] * 8), *crowd, *crowd, scene.owner]):
            post = partial(new_post, owner_id=owner, at_us=1_000 - number)
            made[await scene.here.db.write(post)] = owner
        for fan in scene.fans[:KNOWN_TO]:
            for post_id in made:
                sign = partial(engagement.give, creation_id=post_id, account_id=fan, sign=Sign.LIKE)
                await scene.here.db.write(partial(sign, at_us=5))
        for name in ("hot", "trending"):
            for query in (None, FeedQuery(genre="loop")):
                pages = await scene.walk(READS[name], 10, query)
                for page in pages:
                    if len({made[each] for each in page}) >= 5:
                        assert all(n <= MOST_OF_AUTHOR for n in Counter(made[each] for each in page).values())
                shown = [each for page in pages for each in page]
                assert len(shown) == len(set(shown)) and {made[each] for each in shown} == set(made.values())
                others = [each for each in made if made[each] != scene.owner]
                assert set(others) <= set(shown), f"{name}: only who has too many is passed over"
                if name == "hot":
                    assert made[shown[0]] == made[shown[1]] == scene.owner != made[shown[2]]
        alone = await scene.walk(READS["hot"], 4, FeedQuery(daw="nobody has it"))
        assert alone == [[]]

    return check()


def test_who_posts_most_does_not_fill_a_page_by_rank() -> None:
    on_sqlite(spread_check)


@pytest.mark.slow
def test_who_posts_most_does_not_fill_a_page_by_rank_on_postgresql(postgres: PostgresServer) -> None:
    with schema_of(postgres) as schema:
        run(postgres.url(schema), spread_check)
