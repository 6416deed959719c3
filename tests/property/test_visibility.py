"""Who sees what: random histories, and everything that can be seen of them held against a slow oracle on both engines.

The oracle knows `relay.core.visibility` and plain lists; the relay has SQL, indexes, a hub and a log.
"""

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.core.refusal import Refusal
from relay.core.visibility import Audience, Shown, State, Viewer, Visibility, audience, may_find, may_read
from relay.engine.database import Connection as Reader
from relay.engine.database import Tx
from relay.features.creations import posts
from relay.features.creations import store as creations
from relay.features.creations.api import Position, position
from relay.features.creations.kinds import PREVIEW
from relay.features.feeds import store as feeds
from relay.features.graph import store as graph
from relay.features.live.hub import Connection
from relay.features.reactions.service import Reactions
from relay.wire.events import Event, FeedNewPost, SocialNewFollow, SocialNewReaction, read_payload
from relay.wire.rest import LikeRequest
from tests.support.house import BASE_URL, House, house, new_post, waiting
from tests.support.postgres import PostgresServer, schema_of

NAMES = ("anna", "ben", "carl")
WHO = st.integers(0, len(NAMES) - 1)
WHICH = st.integers(0, 5)  # of the posts there are
STEP = st.one_of(
    st.tuples(st.just("post"), WHO, st.sampled_from(Visibility)),
    st.tuples(st.just("show"), WHICH, st.sampled_from(Visibility), st.sampled_from(State)),
    st.tuples(st.just("show"), WHICH, st.sampled_from(Visibility), st.just(State.READY)),
    st.tuples(st.sampled_from(["follow", "follow", "unfollow", "block", "unblock"]), WHO, WHO),
    st.tuples(st.sampled_from(["like", "like", "unlike"]), WHO, WHICH),
)
STEPS = st.lists(STEP, max_size=30)

Told = tuple[str, str]  # a kind, and the id of the post or of who followed or liked


@dataclass
class Post:
    owner: str
    shown: Shown
    at: int


@dataclass
class Oracle:
    """What has happened, and what follows from it. Everything is looked through each time."""

    at: int = 0
    posts: dict[str, Post] = field(default_factory=dict)
    follows: dict[tuple[str, str], int] = field(default_factory=dict)
    blocks: set[tuple[str, str]] = field(default_factory=set)
    likes: dict[tuple[str, str], int] = field(default_factory=dict)
    acts: set[tuple[str, ...]] = field(default_factory=set)  # that were told once
    inbox: list[tuple[int, str, Told, int]] = field(
        default_factory=list
    )  # when, to whom, what, of which like
    live: dict[str, list[Told]] = field(
        default_factory=dict
    )  # what each has heard, while connected all the time
    live_all: list[Told] = field(default_factory=list)  # and who asked for everybody's

    def viewer(self, who: str | None, owner: str) -> Viewer:
        if who is None:
            return Viewer()
        blocked = (who, owner) in self.blocks or (owner, who) in self.blocks
        return Viewer(user_id=who, follows=(who, owner) in self.follows, blocked=blocked)

    def may_read(self, who: str | None, post_id: str) -> bool:
        post = self.posts[post_id]
        return may_read(post.shown, self.viewer(who, post.owner))

    def may_find(self, who: str | None, post_id: str) -> bool:
        post = self.posts[post_id]
        return may_find(post.shown, self.viewer(who, post.owner))

    def hears(self, who: str, owner: str) -> bool:
        return who == owner or (who, owner) in self.follows

    def is_told(self, who: str, post_id: str) -> bool:
        """Whether somebody whom an event of it reaches is told: of what is not ready, nobody is."""
        return audience(self.posts[post_id].shown) is not Audience.NOBODY and self.may_find(who, post_id)

    def post(self, post_id: str, owner: str, visibility: Visibility) -> None:
        self.posts[post_id] = Post(
            owner, Shown(owner_id=owner, visibility=visibility, state=State.READY), self.at
        )
        for who, heard in self.live.items():
            if self.hears(who, owner) and self.is_told(who, post_id):
                heard.append(("post", post_id))
        to_all = audience(self.posts[post_id].shown) is Audience.EVERYBODY
        listener = list(self.live)[-1]
        if (to_all or self.hears(listener, owner)) and self.may_find(listener, post_id):
            self.live_all.append(("post", post_id))

    def follow(self, who: str, other: str) -> bool:
        """Whether it is allowed."""
        if self.viewer(who, other).blocked:
            return False
        if (who, other) not in self.follows:
            self.follows[who, other] = self.at
            self.act(other, ("follow", who), ("follow", who, other), 0)
        return True

    def block(self, who: str, other: str) -> None:
        self.blocks.add((who, other))
        self.follows.pop((who, other), None)
        self.follows.pop((other, who), None)

    def like(self, who: str, post_id: str) -> None:
        if (who, post_id) not in self.likes:
            self.likes[who, post_id] = self.at
            if self.posts[post_id].owner != who:
                self.act(self.posts[post_id].owner, ("like", who + post_id), ("like", who, post_id), self.at)

    def act(self, to: str, told: Told, once: tuple[str, ...], like: int) -> None:
        if once in self.acts:
            return
        self.acts.add(once)
        self.inbox.append((self.at, to, told, like))
        if self.stands(to, told, like):
            self.live[to].append(told)
            if to == list(self.live)[-1]:
                self.live_all.append(told)

    def stands(self, to: str, told: Told, like: int) -> bool:
        """Whether what somebody did to somebody is still to be seen."""
        kind, what = told
        actor, post_id = what[:32], what[32:]
        if self.viewer(to, actor).blocked:
            return False
        if kind == "follow":
            return (actor, to) in self.follows
        return self.likes.get((actor, post_id)) == like and self.posts[post_id].shown.state is State.READY

    def replay(self, who: str) -> list[Told]:
        """Of everything, since it was followed; as it is now."""
        found = [(at, told) for at, to, told, like in self.inbox if to == who and self.stands(to, told, like)]
        for post_id, post in self.posts.items():
            since = -1 if who == post.owner else self.follows.get((who, post.owner))
            if since is not None and post.at > since and self.is_told(who, post_id):
                found.append((post.at, ("post", post_id)))
        return [told for _, told in sorted(found)]


async def happen(here: House, oracle: Oracle, people: list[str], step: tuple[object, ...]) -> None:
    """One step, in the relay and in the oracle."""
    oracle.at += 1
    what, one, *rest = step
    ids = list(oracle.posts)
    match what:
        case "post":
            owner, visibility = people[int(str(one))], Visibility(str(rest[0]))
            post_id = await here.db.write(
                lambda tx: new_post(tx, owner, at_us=oracle.at, visibility=visibility)
            )
            oracle.post(post_id, owner, visibility)
        case "show" if ids:
            post_id = ids[int(str(one)) % len(ids)]
            visibility, state = Visibility(str(rest[0])), State(str(rest[1]))
            await here.db.write(lambda tx: creations.set_shown(tx, post_id, visibility, state, oracle.at))
            post = oracle.posts[post_id]
            post.shown = Shown(owner_id=post.owner, visibility=visibility, state=state)
        case "like" | "unlike" if ids:
            await _like(here, oracle, people[int(str(one))], ids[int(str(rest[0])) % len(ids)], str(what))
        case "follow" | "unfollow" | "block" | "unblock" if one != rest[0]:
            await _relate(here, oracle, str(what), people[int(str(one))], people[int(str(rest[0]))])
    await here.settled()


async def _like(here: House, oracle: Oracle, who: str, post_id: str, what: str) -> None:
    reactions = Reactions(here.db, BASE_URL)
    change = reactions.like if what == "like" else reactions.unlike
    allowed = oracle.may_read(who, post_id)
    try:
        await change(who, LikeRequest(post_id=post_id))
    except Refusal as refusal:
        assert refusal.code == "not_found" and not allowed
        return
    assert allowed
    if what == "like":
        oracle.like(who, post_id)
    else:
        oracle.likes.pop((who, post_id), None)


async def _relate(here: House, oracle: Oracle, what: str, who: str, other: str) -> None:
    change = {
        "follow": graph.follow,
        "unfollow": graph.unfollow,
        "block": graph.block,
        "unblock": graph.unblock,
    }

    def work(tx: Tx) -> None:
        change[what](tx, who, other)

    try:
        await here.db.write(work)
        refused = False
    except Refusal:
        refused = True
    match what:
        case "follow":
            assert oracle.follow(who, other) is not refused
        case "unfollow":
            oracle.follows.pop((who, other), None)
        case "block":
            oracle.block(who, other)
        case "unblock":
            oracle.blocks.discard((who, other))


def check_reads(oracle: Oracle, people: list[str], db: Reader) -> None:
    """Every read there is, of every post, for everybody. [any thread with a snapshot]"""
    newest_first = sorted(oracle.posts, key=lambda id_: (oracle.posts[id_].at, id_), reverse=True)
    for who in (None, *people):
        for post_id in oracle.posts:
            for read in (
                partial(posts.one, db, post_id, who, BASE_URL),
                partial(creations.figures, db, post_id, who),
                partial(creations.asset, db, post_id, PREVIEW, who),
            ):
                assert seen(read) is oracle.may_read(who, post_id)
        at = position(who, None, 100)
        found = [each.post.id for each in feeds.newest(db, at, BASE_URL)[0]]
        assert found == [id_ for id_ in newest_first if in_global_feed(oracle, who, id_)]
        for owner in people:
            found = [each.post.id for each in feeds.of(db, owner, at, BASE_URL)[0]]
            owners = [id_ for id_ in newest_first if oracle.posts[id_].owner == owner]
            assert found == [id_ for id_ in owners if oracle.may_find(who, id_)]
        if who is not None:
            found = [each.post.id for each in feeds.timeline(db, at, BASE_URL)[0]]
            heard = [id_ for id_ in newest_first if oracle.hears(who, oracle.posts[id_].owner)]
            assert found == [id_ for id_ in heard if oracle.may_find(who, id_)]
            assert found == paged(lambda at: feeds.timeline(db, at, BASE_URL), who)


def paged(read: Callable[[Position], feeds.Page], who: str) -> list[str]:
    """The same list, a post a page."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page, cursor = read(position(who, cursor, 1))
        found += [each.post.id for each in page]
    return found


def in_global_feed(oracle: Oracle, who: str | None, post_id: str) -> bool:
    return oracle.may_find(who, post_id) and audience(oracle.posts[post_id].shown) is Audience.EVERYBODY


def seen(read: Callable[[], object]) -> bool:
    try:
        read()
    except Refusal as refusal:
        assert refusal.code == "not_found"
        return False
    return True


def told(events: list[Event]) -> list[Told]:
    found: list[Told] = []
    for event in events:
        match read_payload(event):
            case FeedNewPost(post=post):
                found.append(("post", post.id))
            case SocialNewFollow(follower=follower):
                found.append(("follow", follower.id))
            case SocialNewReaction(reaction=reaction):
                found.append(("like", reaction.user_id + reaction.post_id))
    return found


async def a_history(url: str, steps: list[tuple[object, ...]]) -> None:
    async with house(url) as here:
        people = [await here.account(name) for name in NAMES]
        oracle = Oracle(live={who: [] for who in people})
        begun: dict[str, str] = {}
        live: dict[str, Connection] = {}
        for who in people:
            live[who] = here.connection(who)
            snapshot = await here.join(live[who], None)
            here.hub.go_live(live[who], snapshot.entry)
            begun[who] = snapshot.cursor
        everything = here.connection(people[-1])
        here.hub.go_live(everything, (await here.join(everything, None, global_feed=True)).entry)
        for step in steps:
            await happen(here, oracle, people, step)
        await here.db.read(partial(check_reads, oracle, people))
        for who in people:
            assert told(await waiting(live[who])) == oracle.live[who]
            again = here.connection(who)
            snapshot = await here.join(again, begun[who])
            assert snapshot.recovered
            assert told([each.event(again.encoding) for each in snapshot.messages]) == oracle.replay(who)
            here.hub.remove(again)
            inbox = (await here.live.inbox(who, None, 100)).items
            kept = [each for _, to, each, like in oracle.inbox if to == who and oracle.stands(to, each, like)]
            assert [each.follower is None for each in inbox][::-1] == [kind == "like" for kind, _ in kept]
        assert told(await waiting(everything)) == oracle.live_all


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_everything_shows_exactly_what_the_rule_says(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(a_history(f"sqlite:///{Path(folder) / 'r.db'}", steps))


@pytest.mark.slow
def test_everything_shows_exactly_what_the_rule_says_on_postgresql(postgres: PostgresServer) -> None:
    @settings(max_examples=8, deadline=None)
    @given(STEPS)
    def histories(steps: list[tuple[object, ...]]) -> None:
        with schema_of(postgres) as schema:
            asyncio.run(a_history(postgres.url(schema), steps))

    histories()
