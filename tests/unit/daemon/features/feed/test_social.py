"""A like is a like, whichever door it comes through: stored, and told to all who show it."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec
import pytest

from daemon.core.link_signals import LinkState
from daemon.errors import UsageError
from daemon.events import Bus, Event, FollowsChanged, LinkChanged, PostChanged
from daemon.features.feed.deeds import Deeds
from daemon.features.feed.feed import Feed
from daemon.features.feed.social import Social
from daemon.identity.account import Account
from daemon.library.store import Store
from daemon.uplink.client import PostPage
from relay.wire.rest import AudioPost
from tests.support.posts import post


class Relay:
    """Knows one post, and counts how often its feed was asked for. Account and relay in one."""

    def __init__(self) -> None:
        self.name = "owl"
        self.post = post(1)
        self.pages = 0

    def relay(self) -> "Relay":
        return self

    async def like(self, post_id: str, like: bool) -> AudioPost:
        assert post_id == self.post.id
        self.post = msgspec.structs.replace(self.post, liked=like, like_count=int(like))
        return self.post

    async def react(self, post_id: str, emoji: str, react: bool) -> AudioPost:
        reactions = {emoji: 1} if react else {}
        self.post = msgspec.structs.replace(self.post, reactions=reactions)
        return self.post

    async def follow(self, username: str, follow: bool) -> None:
        pass

    async def timeline(self, limit: int) -> PostPage:
        self.pages += 1
        return PostPage(posts=[self.post], next=None)


class Scene:
    def __init__(self, folder: Path) -> None:
        self.relay = Relay()
        self.store = Store(folder / "library.sqlite3")
        self.bus = Bus()
        self.feed = Feed(self.store, self.relay.timeline, self.bus)
        self.social = Social(Deeds(cast(Account, self.relay), self.store, self.bus), self.store)
        self.told: list[Event] = []
        for kind in (PostChanged, FollowsChanged):
            self.bus.on(kind, self.told.append)
        self.bus.tell(LinkChanged(state=LinkState.ONLINE))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.store.close()


async def test_what_is_done_to_a_post_is_stored_told_and_not_shown_as_it_was(scene: Scene) -> None:
    (before,), _ = await scene.feed.posts(20)
    assert not before.liked
    liked = (await scene.social.like(before.id, True)).post
    assert liked and scene.told == [PostChanged(post=liked)]
    assert scene.store.items(9) == [liked], "also without the relay"
    assert (await scene.feed.posts(20))[0] == [liked] and scene.relay.pages == 2, "the page is asked for anew"
    reacted = (await scene.social.react(before.id, "🔥", True)).post
    assert reacted and scene.told[1:] == [PostChanged(post=reacted)]
    assert (await scene.feed.posts(20))[0] == [reacted]


async def test_a_post_that_is_not_in_the_feed_does_not_join_it_by_being_liked(scene: Scene) -> None:
    await scene.social.like(scene.relay.post.id, True)
    assert scene.store.items(9) == [] and len(scene.told) == 1


async def test_whom_one_follows_changes_the_feed(scene: Scene) -> None:
    await scene.feed.posts(20)
    await scene.social.follow("@Mira.K", True)
    assert scene.told == [FollowsChanged(username="mira.k", follow=True)]
    await scene.feed.posts(20)
    assert scene.relay.pages == 2


@pytest.mark.parametrize("typed", ["{id}", "{start}", "https://relay.example/p/{id}", "{ID}/"])
async def test_a_post_is_known_by_its_id_its_start_or_its_address(scene: Scene, typed: str) -> None:
    (known,), _ = await scene.feed.posts(20)
    named = typed.format(id=known.id, start=known.id[:13], ID=known.id.upper())
    for done in (await scene.social.like(named, True), await scene.social.react(named, "🔥", True)):
        assert done.post and done.post.id == known.id


@pytest.mark.parametrize("typed", ["", "zzz", "/", "0" * 40, "a\u202eb"])
async def test_what_is_no_post_is_refused_here_and_in_words(scene: Scene, typed: str) -> None:
    for deed in (scene.social.like(typed, True), scene.social.react(typed, "🔥", True)):
        with pytest.raises(UsageError, match=r"No post of your feed .*`sidechain feed` lists them"):
            await deed


@pytest.mark.parametrize("typed", ["", "x", "no body", "ж" * 4, "a" * 31])
async def test_a_name_that_nobody_can_have_is_refused_here_and_in_words(scene: Scene, typed: str) -> None:
    with pytest.raises(UsageError, match="is no account's name: 3 to 30 letters"):
        await scene.social.follow(typed, True)
    with pytest.raises(UsageError, match="is no emoji"):
        await scene.social.react(scene.relay.post.id, typed * 20 + "\x07", True)
