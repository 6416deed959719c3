"""What is found by words, on both engines, is what a slow reading of all texts finds; in an order that pages keep."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay.core.words import (
    MAX_TERMS,
    MAX_WORD_CHARS,
    MAX_WORDS,
    Term,
    TextQuery,
    is_found,
    read_query,
    words_of,
)
from relay.engine.database import Tx, full_text
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.search import index, store
from relay.features.search.rules import score
from relay.features.search.store import Ask
from tests.support.house import BASE_URL, House, house, new_post
from tests.support.postgres import PostgresServer, schema_of

PIECES = [
    "dub",
    "Dubstep",
    "night bus",
    "Café",
    "lo-fi",
    "夜の音",
    "1e5",
    "0x1F",
    "3.5",
    "808s",
    "a_b",
    "don't",
    "é́",
    "ß",
    "12abc",
]
TITLE = st.lists(st.sampled_from(PIECES), max_size=4).map(" ".join)
ASKED = st.one_of(
    st.sampled_from(PIECES),
    st.sampled_from(
        [
            "du*",
            '"night bus"',
            '"bus night"',
            "NIGHT cafe",
            "夜",
            "音の",
            "lo fi",
            "lofi",
            "fi dub*",
            '"dub',
            "*",
            "''",
            "& | !",
            "nothing",
        ]
    ),
    st.text(max_size=12),
)
TITLES = [
    "dub",
    "night bus dub",
    "Café 夜の音",
    "lo-fi dubstep 1e5 0x1F 3.5",
    "808s a_b don't ß 12abc",
    "bus night",
]
Scene = Callable[[House], Coroutine[object, object, None]]


def run(url: str, scene: Scene) -> None:
    async def whole() -> None:
        async with house(url) as here:
            await scene(here)

    asyncio.run(whole())


async def found(here: House, text: str, limit: int = 100) -> list[list[str]]:
    """Ids by pages."""
    pages, cursor = list[list[str]](), None
    while True:
        ask = Ask(viewer="", query=read_query(text), cursor=cursor, limit=limit)
        details, cursor = await here.db.read(lambda db, ask=ask: store.posts(db, ask, BASE_URL))  # type: ignore[misc]
        pages.append([each.post.id for each in details])
        if cursor is None:
            return pages


def check(titles: list[str], asked: list[str], limit: int) -> Scene:
    async def scene(here: House) -> None:
        owner = await here.account("anna")
        ids: dict[str, str] = {}
        for title in titles:
            made = await here.db.write(
                lambda tx, title=title: new_post(tx, owner, title=title, tags=["loop", "lo-fi"])
            )
            ids[made] = title

        async def check_all() -> None:
            for text in asked:
                query, order = read_query(text), list(ids)
                heads = {id_: words_of(title) for id_, title in ids.items()}
                wanted = [
                    id_
                    for id_ in ids
                    if query.terms and is_found(query, [heads[id_], words_of("loop lo-fi")])
                ]
                wanted.sort(key=lambda id_: (score(query, heads[id_]), order.index(id_)), reverse=True)
                assert [each for page in await found(here, text, limit) for each in page] == wanted, text

        await check_all()
        await here.db.write(_wipe)
        assert not (await found(here, "dub"))[0]
        await index.catch_up(here.db, {"post": creations.words_after, "person": accounts.words_after})
        await check_all()

    return scene


def _wipe(tx: Tx) -> None:
    """As after a restore: no archive holds the index."""
    for table in full_text.TABLES:
        tx.db.execute(f"DELETE FROM {table}")


@settings(max_examples=12, deadline=None)
@example(TITLES, [*PIECES, "du*", '"night bus"', "夜", "音の"], 2)
@given(st.lists(TITLE, max_size=8), st.lists(ASKED, max_size=8), st.integers(1, 3))
def test_what_is_found_is_what_a_slow_reading_finds(titles: list[str], asked: list[str], limit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(f"sqlite:///{Path(folder) / 'r.db'}", check(titles, asked, limit))


@pytest.mark.slow
def test_what_is_found_is_the_same_on_postgresql(postgres: PostgresServer) -> None:
    asked = [
        *PIECES,
        "du*",
        '"night bus"',
        '"bus night"',
        "NIGHT cafe",
        "夜",
        "音の",
        "lo fi",
        "fi dub*",
        "& | !",
        "'",
    ]
    with schema_of(postgres) as schema:
        run(postgres.url(schema), check(TITLES, asked, 2))


async def test_people_are_found_by_names_and_tags_by_how_they_begin(tmp_path: Path) -> None:
    async with house(f"sqlite:///{tmp_path / 'r.db'}") as here:
        anna, ben = await here.account("anna.b"), await here.account("ben-anna")
        await here.db.write(lambda tx: new_post(tx, anna, tags=["Dub", "dubstep"]))
        await here.db.write(lambda tx: new_post(tx, anna, tags=["dub"]))

        def people(viewer: str, text: str) -> Ask:
            return Ask(viewer=viewer, query=read_query(text), cursor=None, limit=9)

        both, _ = await here.db.read(lambda db: store.people(db, people("", "anna")))
        assert [each.id for each in both] == [anna, ben]  # whose name begins so
        tags = await here.db.read(lambda db: store.tags(db, "", "#DU"))
        assert [(each.tag, each.posts) for each in tags] == [("dub", 2), ("dubstep", 1)]
        await here.db.write(
            lambda tx: tx.db.execute(
                "INSERT INTO block (blocker_id, blocked_id, created_us) VALUES (?, ?, 0)", (ben, anna)
            )
        )
        for viewer, other in ((anna, ben), (ben, anna)):
            seen, _ = await here.db.read(lambda db, v=viewer: store.people(db, people(v, "anna")))  # type: ignore[misc]
            assert other not in [each.id for each in seen]


@example("𝑩")  # a capital that is one only when taken apart
@given(st.text(max_size=300))
def test_any_text_is_words_and_any_words_a_bounded_query(text: str) -> None:
    words = words_of(text)
    assert len(words) <= MAX_WORDS and all(
        1 <= len(each) <= MAX_WORD_CHARS and each.isascii() and each.isalnum() for each in words
    )
    query = read_query(text)
    assert len(query.terms) <= MAX_TERMS
    for written in (full_text.fts5(query), full_text.tsquery(query)):
        assert set(written) <= set("abcdefghijklmnopqrstuvwxyz0123456789 \"'AND*&<->():")


def test_a_query_is_words_phrases_and_beginnings() -> None:
    assert read_query('dub "night  bus" ho* a*') == TextQuery(
        (Term(("dub",)), Term(("night", "bus")), Term(("ho",), prefix=True), Term(("a",)))
    )
