"""A reader that stalls, against the real relay behind a transport that never drains."""

import asyncio
from pathlib import Path

from relay.engine.database import Tx
from relay.features.graph.api import NEW_FOLLOW
from relay.features.live.api import append, author_topic
from relay.features.live.conversation import CLOSE_WAIT_S
from relay.wire.events import CLOSE_SLOW, SLOW_READER_BYTES
from tests.support.asgi_peer import Peer, relay_in_memory
from tests.support.deadlines import HANG_S

LIMIT_S = HANG_S
BIO = "x" * 500
AT_ONCE = 50


async def test_a_stalled_reader_is_let_go_and_the_healthy_one_misses_nothing(tmp_path: Path) -> None:
    async with relay_in_memory(tmp_path / "data") as here, asyncio.timeout(LIMIT_S):
        anna, ben, eve, carl = [await here.claimed(name) for name in ("anna", "ben", "eve", "carl")]
        for follower in (ben, eve, carl):
            await here.ask("/social/follow", {"user_id": anna.user.id}, follower.access_token)
        healthy, stalled = Peer(stalled=False), Peer(stalled=True)
        serving = {
            peer: here.connect(who.access_token, peer) for peer, who in ((healthy, ben), (stalled, eve))
        }
        await asyncio.gather(healthy.connected.wait(), stalled.connected.wait())

        def happen(tx: Tx) -> None:
            tx.db.execute("UPDATE account SET bio = ? WHERE id = ?", (BIO, carl.user.id))
            topic = author_topic(anna.user.id)
            for _ in range(AT_ONCE):
                append(
                    tx, topic=topic, kind=NEW_FOLLOW, actor_id=carl.user.id, object_id=anna.user.id, at_us=0
                )

        rounds = 3 * SLOW_READER_BYTES // (AT_ONCE * len(BIO))
        healthy.wanted = rounds * AT_ONCE
        for _ in range(rounds):
            await here.relay.db.write(happen)
        await serving[stalled]  # ends within CLOSE_WAIT_S, although its transport never drains
        await healthy.complete.wait()
        assert stalled.closed_with in (None, CLOSE_SLOW)
        places = [tuple(map(int, (each.cursor or "").split(".")[1:])) for each in healthy.events]
        assert len(set(places)) == rounds * AT_ONCE and places == sorted(places)
        healthy.leave()
        await serving[healthy]
        assert len(here.relay.hub) == 0
    assert CLOSE_WAIT_S <= 1.0
