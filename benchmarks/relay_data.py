"""A relay's database of any size, written through its own door: people, whom one of them follows, posts with likes."""

import asyncio
import base64
import random
from functools import partial

from relay.app.build import WORDS
from relay.core.visibility import Visibility
from relay.engine.clock import new_id
from relay.engine.database import Database, Tx, open_database
from relay.features.accounts.api import ensure_account
from relay.features.creations.figures import Card, Figures
from relay.features.creations.kinds import Kind
from relay.features.creations.store import NewCreation, publish
from relay.features.feeds.engagement import catch_up as catch_up_ranking
from relay.features.live.api import Blocked, Followed, Happened, Unfollowed
from relay.features.search.index import catch_up as index_words

READER = "reader"
AUTHORS = 1_000
FOLLOWED = 200
CHUNK = 2_000
START_US = 1_790_000_000_000_000
_outline = base64.b64encode(bytes(random.Random(1).randrange(128) for _ in range(160))).decode()
CARD = Card(
    frames=720_000,
    sample_rate_hz=48_000,
    duration_ms=15_000,
    duration_bars=8,
    lufs=-14.0,
    dbtp=-1.2,
    loudness_reason="target",
    mp3_frames=720_000,
    mp3_rate_hz=48_000,
    outline=_outline,
    bar_fractions=[n / 8 for n in range(8)],
    lra_lu=3.2,
    seam_score=0.97,
    bpm_source="transport",
)
FIGURES = Figures(card=CARD, bar_fractions=CARD.bar_fractions, peak_min=[-90] * 400, peak_max=[90] * 400)


def fill(url: str, posts: int) -> None:
    """An empty database gets `posts` posts of AUTHORS people, of whom READER follows FOLLOWED."""
    asyncio.run(_fill(url, posts))


async def _fill(url: str, posts: int) -> None:
    db = open_database(
        url,
        effects=Happened | Followed | Unfollowed | Blocked,
        on_commit=lambda _, __: None,
        on_lost=lambda _: None,
    )
    # As a relay does at its start, of which the database is empty: or the one that is measured would rank and index all posts anew.
    await catch_up_ranking(db)
    await index_words(db, WORDS)
    people = await db.write(_people)
    for first in range(0, posts, CHUNK):
        await db.write(partial(_publish, people=people, numbers=range(first, min(posts, first + CHUNK))))
    await db.close()


def _people(tx: Tx) -> list[str]:
    reader = ensure_account(tx, READER, 0)
    people = [ensure_account(tx, f"author{n:04}x", 0) for n in range(AUTHORS)]
    for followed in random.Random(2).sample(people, FOLLOWED):
        tx.db.execute(
            "INSERT INTO follow (follower_id, followee_id, since_n, created_us) VALUES (?, ?, 0, 0)",
            (reader, followed),
        )
    return people


def _publish(tx: Tx, *, people: list[str], numbers: range) -> None:
    for number in numbers:
        publish(tx, new_post(people[number * 7919 % AUTHORS], number))
    tx.effects.clear()  # nobody listens yet


def new_post(owner_id: str, number: int) -> NewCreation:
    return NewCreation(
        id=new_id(),
        version_id=new_id(),
        owner_id=owner_id,
        kind=Kind.POST,
        visibility=Visibility.PUBLIC,
        title=f"Loop {number}",
        bpm=128.0,
        key="A minor",
        tags=["house", "dub"],
        daw="Ardour",
        figures=FIGURES,
        assets=[],
        at_us=START_US + number,
    )


def publish_one(db: Database, owner_id: str, number: int) -> "asyncio.Future[None]":
    """One post in a commit of its own, as the end of a job writes it."""
    return asyncio.ensure_future(db.write(lambda tx: publish(tx, new_post(owner_id, number))))
