"""A reader that stalls, against the real services behind a transport that never drains."""

import asyncio
from pathlib import Path

import pytest

from relay.app.config import Config
from relay.app.parts import close_parts, open_parts
from relay.app.socket import CLOSE_WAIT_S, serve
from relay.engine.database import Tx
from relay.services.accounts import ensure_account
from relay.services.events import append, author_channel
from relay.services.social import Social
from relay.wire.events import CLOSE_SLOW, SLOW_READER_BYTES, SocialNewFollow
from relay.wire.rest import FollowRequest, Producer
from tests.support.asgi_peer import Peer, scope_of

LIMIT_S = 20


@pytest.mark.timeout(60)
async def test_a_stalled_reader_is_let_go_and_the_healthy_one_misses_nothing(tmp_path: Path) -> None:
    parts = await open_parts(Config(data=tmp_path / "data"), "http://relay")
    anna, ben, eve = [
        await parts.db.write(lambda tx, name=name: ensure_account(tx, name, 0))
        for name in ("anna", "ben", "eve")
    ]
    for follower in (ben, eve):
        await Social(parts.db, "").follow(follower, FollowRequest(user_id=anna))

    def token_of(account_id: str) -> str:
        return parts.tokens.make(account_id=account_id, device_id="d" * 32, family_id="f" * 32)

    healthy, stalled = Peer(stalled=False), Peer(stalled=True)
    serving = {
        peer: asyncio.create_task(serve(parts, scope_of(token_of(who)), peer.receive, peer.send))
        for peer, who in ((healthy, ben), (stalled, eve))
    }
    await asyncio.gather(healthy.connected.wait(), stalled.connected.wait())

    def happen(tx: Tx) -> None:
        bio = "x" * 500
        follower = Producer(id="c" * 32, username="carl", display_name="Carl", bio=bio)
        for _ in range(50):
            append(tx, author_channel(anna), SocialNewFollow(follower=follower), 0)

    rounds = 3 * SLOW_READER_BYTES // (50 * 500)
    healthy.wanted = rounds * 50
    for _ in range(rounds):
        await parts.db.write(happen)
    async with asyncio.timeout(LIMIT_S):
        await serving[stalled]  # ends within CLOSE_WAIT_S, although its transport never drains
        await healthy.complete.wait()
    assert stalled.closed_with in (None, CLOSE_SLOW)
    assert healthy.offsets == list(range(1, rounds * 50 + 1))
    healthy.leave()
    await serving[healthy]
    assert len(parts.hub) == 0
    await close_parts(parts)
    assert CLOSE_WAIT_S <= 1.0
