"""Likes, reactions and follows that the relay does not answer: kept, shown as done, and done in order when it can be reached."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import msgspec
import pytest

from daemon.core.deeds import Deed, DeedKind, as_if_done
from daemon.core.link_signals import LinkState
from daemon.errors import NoSpace, Offline, RelayRefused
from daemon.events import Bus, DeedRefused, DeedsWait, Event, FollowsChanged, LinkChanged, PostChanged
from daemon.features.feed.deeds import Deeds
from daemon.identity.account import Account
from daemon.library import waiting_deeds
from daemon.library.store import Store
from relay.wire.rest import AudioPost
from tests.support.posts import post

ONLINE = LinkChanged(state=LinkState.ONLINE)
LIKE = Deed(kind=DeedKind.LIKE, object=post(1).id, on=True)
FIRE = Deed(kind=DeedKind.REACT, object=post(1).id, on=True, emoji="🔥")
FOLLOW = Deed(kind=DeedKind.FOLLOW, object="ana", on=True)


class Relay:
    """Account and relay in one. away: what it raises in place of an answer."""

    def __init__(self) -> None:
        self.name: str | None = "owl"
        self.away: Callable[[], Exception | None] = lambda: Offline("away", no_answer=True)
        self.asked: list[tuple[object, ...]] = []

    def relay(self) -> "Relay":
        return self

    def _answer(self, *asked: object) -> AudioPost:
        if error := self.away():
            raise error
        self.asked.append(asked)
        return post(1)

    async def like(self, post_id: str, like: bool) -> AudioPost:
        return self._answer("like", post_id, like)

    async def react(self, post_id: str, emoji: str, react: bool) -> AudioPost:
        return self._answer("react", post_id, emoji, react)

    async def follow(self, username: str, follow: bool) -> None:
        self._answer("follow", username, follow)


class Scene:
    """A daemon's life: made anew on the same folder, it is the next one's."""

    def __init__(self, folder: Path, relay: Relay) -> None:
        self.relay = relay
        self.store = Store(folder / "library.sqlite3")
        self.bus = Bus()
        self.told: list[Event] = []
        for kind in (PostChanged, FollowsChanged, DeedRefused):
            self.bus.on(kind, self.told.append)
        self.deeds = Deeds(cast(Account, relay), self.store, self.bus)

    async def until_none_waits(self) -> None:
        news = asyncio.Event()
        self.bus.on(DeedsWait, lambda _: news.set())
        while await self.deeds.waiting():
            await news.wait()
            news.clear()


@asynccontextmanager
async def living(folder: Path, relay: Relay) -> AsyncIterator[Scene]:
    scene = Scene(folder, relay)
    running = asyncio.create_task(scene.deeds.run())
    try:
        yield scene
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        scene.store.close()


async def test_what_the_relay_did_not_answer_is_done_in_order_after_a_restart_when_it_can_be_reached(
    tmp_path: Path,
) -> None:
    relay = Relay()
    async with living(tmp_path, relay) as scene:
        assert [(await scene.deeds.do(deed)).waits for deed in (LIKE, FIRE, FOLLOW)] == [True] * 3
        assert await scene.deeds.waiting() == 3 and relay.asked == []
    async with living(tmp_path, relay) as scene:
        relay.away = lambda: None
        scene.bus.tell(ONLINE)
        await scene.until_none_waits()
        assert relay.asked == [
            ("like", post(1).id, True),
            ("react", post(1).id, "🔥", True),
            ("follow", "ana", True),
        ]
        assert scene.told[-1] == FollowsChanged(username="ana", follow=True)
        assert not (await scene.deeds.do(LIKE)).waits, "and what is asked for now is done now"


async def test_the_last_word_on_a_thing_counts_and_goes_behind_what_was_said_before_it(
    tmp_path: Path,
) -> None:
    relay = Relay()
    async with living(tmp_path, relay) as scene:
        for deed in (LIKE, FOLLOW, msgspec.structs.replace(LIKE, on=False)):
            await scene.deeds.do(deed)
        relay.away = lambda: None
        scene.bus.tell(ONLINE)
        await scene.until_none_waits()
    assert relay.asked == [("follow", "ana", True), ("like", post(1).id, False)]


async def test_a_post_is_shown_as_it_will_be(tmp_path: Path) -> None:
    async with living(tmp_path, Relay()) as scene:
        await scene.store.run(Store.apply_page, [post(1)], is_last=True)
        liked = (await scene.deeds.do(LIKE)).post
        assert liked and liked.liked and liked.like_count == post(1).like_count + 1
        assert scene.told == [PostChanged(post=liked)] and scene.store.items(9) == [liked]


async def test_a_no_of_the_relay_ends_the_waiting_and_is_told(tmp_path: Path) -> None:
    relay = Relay()
    async with living(tmp_path, relay) as scene:
        await scene.deeds.do(LIKE)
        relay.away = lambda: RelayRefused("There is no such post.", status=404, code="not_found")
        scene.bus.tell(ONLINE)
        await scene.until_none_waits()
        (refused,) = scene.told
        assert isinstance(refused, DeedRefused) and "Liking post" in refused.sentence
        assert "There is no such post." in refused.sentence


async def test_what_the_relay_stumbles_over_holds_up_nothing_else(tmp_path: Path) -> None:
    relay = Relay()
    async with living(tmp_path, relay) as scene:
        await scene.deeds.do(LIKE)
        await scene.deeds.do(FOLLOW)
        failures = iter([Offline("an error of its own", relay_wide=False)])
        relay.away = lambda: next(failures, None)
        done = asyncio.Event()
        scene.bus.on(FollowsChanged, lambda _: done.set())
        scene.bus.tell(ONLINE)
        await done.wait()
        assert relay.asked == [("follow", "ana", True)] and await scene.deeds.waiting() == 1
        scene.bus.tell(ONLINE)
        await scene.until_none_waits()


async def test_deeds_wait_for_their_own_account_only_and_not_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_deeds, "MAX_WAITING_DEEDS", 2)
    relay = Relay()
    async with living(tmp_path, relay) as scene:
        await scene.store.run(Store.set_facts, {"account": "owl"})
        for deed in (LIKE, FIRE, LIKE):
            await scene.deeds.do(deed)
        with pytest.raises(NoSpace, match="Too many"):
            await scene.deeds.do(FOLLOW)
        await scene.store.run(Store.set_facts, {"account": "lark"})
        relay.name = "lark"
        assert await scene.deeds.waiting() == 0
        relay.name = "owl"
        assert await scene.deeds.waiting() == 0, "what one person liked is not said in their name years later"


@pytest.mark.parametrize(
    "before", [post(1), msgspec.structs.replace(post(1), reacted=["🔥"], reactions={"🔥": 2, "💯": 1})]
)
@pytest.mark.parametrize("deed", [FIRE, msgspec.structs.replace(FIRE, on=False)])
def test_a_reaction_counts_once(before: AudioPost, deed: Deed) -> None:
    once = as_if_done(before, deed)
    assert as_if_done(once, deed) == once and ("🔥" in once.reacted) is deed.on
    change = deed.on - ("🔥" in before.reacted)
    assert once.reactions.get("🔥", 0) == before.reactions.get("🔥", 0) + change
