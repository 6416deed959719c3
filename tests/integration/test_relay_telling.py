"""Telling an act once must not swallow a new truth: what was taken back before anybody heard of it is told when it is done again."""

import secrets
from pathlib import Path

import pytest

from relay.features.graph import store as graph
from relay.features.live.hub import Connection
from relay.features.reactions.service import Reactions
from relay.wire.events import SocialNewFollow, SocialNewReaction, read_payload
from relay.wire.rest import LikeRequest
from tests.support.engines import Engines
from tests.support.house import BASE_URL, House, house, new_post, waiting

BOTH_ENGINES = True
BOTH = [SocialNewFollow, SocialNewReaction]


@pytest.fixture
def url(engines: Engines, tmp_path: Path) -> str:
    found = engines.database_of(tmp_path)
    return f"sqlite:///{found}" if isinstance(found, Path) else found


class Two:
    """A fan who does and undoes, and a star who hears of it."""

    def __init__(self, here: House, star: str, fan: str, post_id: str) -> None:
        self.here, self.star, self.fan = here, star, fan
        self._like = LikeRequest(post_id=post_id)
        self._reactions = Reactions(here.db, BASE_URL)

    @classmethod
    async def of(cls, here: House) -> "Two":
        star, fan = [await here.account(f"{name}-{secrets.token_hex(4)}") for name in ("star", "fan")]
        return cls(here, star, fan, await here.db.write(lambda tx: new_post(tx, star)))

    async def act(self) -> None:
        await self.here.db.write(lambda tx: graph.begin_follow(tx, self.fan, self.star))
        await self._reactions.like(self.fan, self._like)

    async def take_back(self) -> None:
        await self.here.db.write(lambda tx: graph.unfollow(tx, self.fan, self.star))
        await self._reactions.unlike(self.fan, self._like)

    async def inbox(self) -> int:
        return len((await self.here.live.inbox(self.star, None, 10)).items)


async def said(live: Connection) -> list[type]:
    found = [type(read_payload(each)) for each in await waiting(live)]
    return [each for each in found if each in BOTH]


async def test_what_was_taken_back_before_it_was_delivered_is_told_when_it_is_done_again(url: str) -> None:
    async with house(url) as here:
        two = await Two.of(here)
        live = here.connection(two.star)
        here.hub.go_live(live, (await here.join(live, None)).entry)
        here.held = True
        await two.act()
        await two.take_back()
        here.held = False
        here.let_go()
        await here.settled()
        for _ in range(3):  # again and again tells it once
            await two.act()
            await here.settled()
            await two.take_back()
        await two.act()
        await here.settled()
        assert await said(live) == BOTH
        assert await two.inbox() == 2


async def test_what_is_done_again_before_it_is_known_to_be_unheard_is_told_by_whoever_finds_out(
    url: str,
) -> None:
    """The hub reads what is told in one snapshot, and notes in a later commit that nobody heard of it."""
    async with house(url) as here:
        two = await Two.of(here)
        live = here.connection(two.star)
        here.hub.go_live(live, (await here.join(live, None)).entry)
        write, late = here.db.write, list[bool]()

        async def after_it_was_done_again(work, **more):  # type: ignore[no-untyped-def]  # of any result
            here.db.write = write  # type: ignore[method-assign]
            late.append(True)
            await two.act()
            return await write(work, **more)

        here.held = True
        await two.act()
        await two.take_back()
        here.db.write = after_it_was_done_again  # type: ignore[method-assign]
        here.held = False
        here.let_go()
        while not late:
            await here.settled()
        await here.settled()
        assert await said(live) == BOTH
        assert await two.inbox() == 2


async def test_who_was_away_while_it_was_taken_back_hears_of_it_when_it_is_done_again(url: str) -> None:
    async with house(url) as here:
        two = await Two.of(here)
        gone = here.connection(two.star)
        cursor = (await here.join(gone, None)).cursor
        here.hub.remove(gone)
        await two.act()
        await two.take_back()
        back = here.connection(two.star)
        snapshot = await here.join(back, cursor)
        here.hub.go_live(back, snapshot.entry)
        assert snapshot.recovered and snapshot.messages == []
        await two.act()
        await here.settled()
        assert await said(back) == BOTH
        assert await two.inbox() == 2
