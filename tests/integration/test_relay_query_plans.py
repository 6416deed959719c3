"""No hot query walks a table: the plans of feeds, replay, inbox and jobs, on both engines. With enough rows that it matters."""

import re
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from relay.app.listening import EFFECTS
from relay.core.cursor import BEGINNING, Cursor, write_cursor
from relay.core.words import read_query
from relay.engine.database import Connection, Database, Tx, open_database
from relay.engine.jobs import table as jobs
from relay.features.accounts.api import ensure_account
from relay.features.comments import store as comments
from relay.features.creations import posts, score_lists, versions
from relay.features.creations import reading as creations
from relay.features.feeds import discovery, exploring, reposted, timeline
from relay.features.feeds import store as feeds
from relay.features.feeds.filters import ALL, filter_of
from relay.features.graph import store as graph
from relay.features.graph.lists import List, people
from relay.features.guests import store as guests
from relay.features.live import store as live
from relay.features.live.recovery import Place
from relay.features.notifications import store as notifications
from relay.features.samples import store as samples
from relay.features.search import store as search
from relay.features.studio import local_ids
from relay.features.studio import store as studio
from relay.wire.operations import FeedQuery

BIG = (
    "account",
    "creation",
    "creation_version",
    "event",
    "follow",
    "block",
    "mute",
    "creation_like",
    "reaction",
    "asset",
    "job",
    "upload",
    "creation_tag",
    "engagement",
    "document",
    "comment",
    "comment_mention",
    "notification",
)
SMALL = {
    "missed",
    "of0",
    "of1",
    "of2",
    "walked",
    "newest",
    "w",
    "w0",
    "w1",
    "h0",
    "h1",
    "t",
    "p",
    "full_text",
}
"""Made by the statement itself, of what an account missed, of one author's page, of one list's, of tags; or an index itself."""
FILTERS = FeedQuery(
    bpm_min=90,
    bpm_max=110,
    key="Am",
    key_match="compatible",
    genre="dub",
    daw="ardour",
    seconds_min=1,
    seconds_max=9,
)


class Explained:
    """A connection that asks how a statement would be run, and answers nothing."""

    def __init__(self, db: Connection, *, postgres: bool) -> None:
        self._db = db
        self._postgres = postgres
        self.has_lateral = db.has_lateral
        self.plans: list[str] = []

    def execute(self, sql: str, values: object = (), /) -> "Nothing":
        explain = "EXPLAIN " if self._postgres else "EXPLAIN QUERY PLAN "
        rows = self._db.execute(explain + sql, values).fetchall()  # type: ignore[arg-type]
        self.plans.append("\n".join(str(row[0] if self._postgres else row[3]) for row in rows))
        return Nothing()


class Nothing:
    def fetchone(self) -> None:
        return None

    def fetchall(self) -> list[object]:
        return []

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(())


class Zero(Nothing):
    def fetchone(self) -> tuple[int]:  # type: ignore[override]
        return (0,)


class Counts(Explained):
    """Every number that is asked for is 0, so that what is asked after it is explained, too."""

    def execute(self, sql: str, values: object = (), /) -> Nothing:
        super().execute(sql, values)
        return Zero()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(
        database_url, effects=EFFECTS, on_commit=lambda _, __: None, on_lost=lambda _: None
    )

    def follow(tx: Tx) -> str:
        me = ensure_account(tx, "me-myself", 0)
        for n in range(8):
            graph.begin_follow(tx, me, ensure_account(tx, f"author-{n}x", 0))
        return me

    await opened.write(follow)
    yield opened
    await opened.close()


async def test_no_hot_query_walks_a_table(db: Database, database_url: str) -> None:
    postgres = database_url.startswith("postgresql")
    viewer = "f" * 32
    at = posts.position(viewer, None, 20)
    everything = discovery.Ask(viewer=viewer, cursor=None, limit=20, filter=ALL)
    only_some = replace(everything, filter=filter_of(FILTERS))

    def explain(reader: Connection) -> list[str]:
        if postgres:  # few rows are walked whatever indexes there are; whether there is one is what is asked
            reader.execute("SET LOCAL enable_seqscan = off")
        asked = Explained(reader, postgres=postgres)
        for ask in (everything, only_some):
            discovery.hot(asked, ask, "")
            discovery.latest(asked, ask, "")
            discovery.trending(asked, ask, "")
            discovery.tagged(asked, "dub", ask, "")
        for words in ("dub", '"night bus" ho*'):
            sought = search.Ask(viewer=viewer, query=read_query(words), cursor=None, limit=20)
            search.posts(asked, sought, "")
            search.people(asked, sought)
            search.comments(asked, sought)
        search.tags(asked, viewer, "du")
        exploring.people(asked, viewer)
        exploring.tags(asked, viewer)
        creations.words_after(asked, viewer, 200)
        posts.by_ids(asked, ["a" * 32, "b" * 32], viewer)
        place = {"viewer": viewer, "at_us": 1 << 60, "id": "f" * 32, "since_us": 0, "limit": 21}
        asked.execute(reposted._SHOWN, place)
        timeline.timeline(asked, at, "")
        timeline.timeline(asked, posts.position(viewer, write_cursor(Cursor(1, viewer)), 20), "")
        authors = {"author0": "a", "author1": "b"}
        posts.page(asked, timeline._merge(2), at, "", "followed", since_us=0, **authors)
        feeds.of(asked, viewer, at, "")
        for read in (
            lambda: posts.one(asked, "a" * 32, viewer, ""),
            lambda: versions.asset(asked, "a" * 32, "preview", viewer),
            lambda: versions.figures(asked, "a" * 32, viewer),
        ):
            with pytest.raises(Exception, match="no such post"):
                read()
        creations.shown_of(asked, ["a" * 32, "b" * 32])
        live.missed(asked, viewer, Place(1, 1), 301)
        live.inbox(asked, viewer, Place(1 << 60, 0), 21)
        live.followees(asked, viewer)
        live.hidden_from(asked, viewer)
        for which in (List.FOLLOWERS, List.FOLLOWING, List.REQUESTS, List.BLOCKED, List.MUTED):
            people(asked, which, viewer, viewer=viewer, before=BEGINNING, limit=20)
        comments.one(asked, "a" * 32, viewer)
        comments.seen(asked, ["a" * 32, "b" * 32], viewer)
        comments.first_of_threads(asked, "a" * 32, viewer, BEGINNING, 21)
        comments.answers(asked, "a" * 32, viewer, Cursor(1, viewer), 21)
        comments.first_answers(asked, ["a" * 32, "b" * 32], viewer)
        notifications.newest(asked, viewer, BEGINNING, 51)
        notifications.unread(asked, viewer, 100)
        notifications.preferences(asked, viewer)
        creations.readable_titles(asked, ["a" * 32, "b" * 32], viewer)
        jobs.find(asked, "a" * 32)
        jobs.of_account(asked, viewer, BEGINNING, 21)
        return asked.plans

    plans = await db.read(explain)
    assert len(plans) > 12
    for plan in plans:
        if postgres:
            assert not [name for name in BIG if f"Seq Scan on {name} " in plan], plan
        else:
            scanned = re.findall(r"^SCAN (?!CONSTANT)(\w+)", plan, re.MULTILINE)
            assert set(scanned) <= SMALL, plan
        assert "hashed SubPlan" not in plan, plan


async def test_a_page_of_what_is_for_everybody_sorts_nothing(db: Database, database_url: str) -> None:
    """It ends after as many steps as it has rows, however many posts there are."""
    postgres = database_url.startswith("postgresql")
    ask = discovery.Ask(viewer="f" * 32, cursor=None, limit=20, filter=ALL)

    def explain(reader: Connection) -> list[str]:
        if postgres:
            reader.execute("SET LOCAL enable_seqscan = off")
            reader.execute("SET LOCAL enable_sort = off")
        asked = Explained(reader, postgres=postgres)
        for read in (discovery.hot, discovery.latest, discovery.trending):
            read(asked, ask, "")
        discovery.tagged(asked, "dub", ask, "")
        return asked.plans

    for plan in await db.read(explain):
        assert ("Sort" if postgres else "TEMP B-TREE") not in plan, plan


async def test_a_search_walks_the_words_from_the_newest_on(db: Database, database_url: str) -> None:
    """So that it ends with enough of them, however many have the word. What PostgreSQL does hangs on the word: test_relay_expected_rows.py."""
    if database_url.startswith("postgresql"):
        return
    ask = search.Ask(viewer="f" * 32, query=read_query("dub"), cursor=None, limit=20)

    def explain(reader: Connection) -> list[str]:
        asked = Explained(reader, postgres=False)
        search.posts(asked, ask, "")
        search.people(asked, ask)
        search.comments(asked, ask)
        return asked.plans

    plans = await db.read(explain)
    assert len(plans) == 3
    for plan in plans:
        assert "VIRTUAL TABLE" in plan and "TEMP B-TREE" not in plan, plan


async def test_lists_of_the_studio_walk_an_index(db: Database, database_url: str) -> None:
    """What somebody has made, of one kind: in the order of an index, and nothing of anybody else's is looked at."""
    postgres = database_url.startswith("postgresql")
    viewer = "f" * 32
    at = posts.position(viewer, None, 20)

    def explain(reader: Connection) -> list[str]:
        if postgres:
            reader.execute("SET LOCAL enable_seqscan = off")
        asked = Counts(reader, postgres=postgres)
        studio.of_owner(asked, viewer, "loop", at, "")
        studio.forks(asked, "a" * 32, at, "")
        score_lists.newest_scores(asked, at, "")
        score_lists.scores_of(asked, viewer, at, "")
        for public in (None, True):
            studio.numbered(asked, viewer, "loop", first=40, limit=20, public=public, base_url="")
        local_ids.known(asked, viewer, "loop")
        local_ids.find(asked, viewer, "loop", "local-1")
        guests.find(Explained(reader, postgres=postgres), "guest.x")
        guests.idle(asked, 0, 20)
        samples.of_owner(asked, viewer, "")
        return asked.plans

    plans = await db.read(explain)
    assert len(plans) == 12
    for plan in plans:
        if postgres:
            assert "Seq Scan" not in plan, plan
        else:
            assert (
                not re.findall(r"^SCAN (?!CONSTANT|of_)", plan, re.MULTILINE) or "account_idle_guests" in plan
            ), plan


async def test_a_timeline_is_one_statement_where_that_is_cheaper(db: Database, database_url: str) -> None:
    """A round trip costs more than all else of it. Of each author one index is walked, which has all and only what is asked, for a
    page at most."""
    postgres = database_url.startswith("postgresql")
    viewer = "f" * 32

    def explain(reader: Connection) -> list[str]:
        if postgres:
            reader.execute("SET LOCAL enable_seqscan = off")
        asked = Explained(reader, postgres=postgres)
        for cursor in (None, write_cursor(Cursor(1, viewer))):
            timeline._posts(
                asked, posts.position(viewer, cursor, 20)
            )  # reposts are asked for where there are any
        if not postgres:  # whose second statement is made for those whom the first one found
            at, authors = posts.position(viewer, None, 20), {"author0": "a", "author1": "b"}
            posts.page(asked, timeline._merge(2), at, "", "followed", since_us=0, **authors)
        return asked.plans

    plans = await db.read(explain)
    assert len(plans) == (2 if postgres else 5)
    if postgres:
        walked = r"Limit [^\n]*\n(?:\s+InitPlan[^\n]*\n[^\n]*CTE Scan on since[^\n]*\n)?\s+->  Index Only Scan using creation_for_followers"
        for plan in plans:
            assert re.search(walked, plan), plan
    else:
        assert plans[-1].count("COVERING INDEX creation_for_followers") == 2, plans[-1]
        for heads in (plans[0], plans[2]):
            assert "COVERING INDEX creation_for_followers" in heads, heads
