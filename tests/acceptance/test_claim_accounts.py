"""A device that goes from one account to another never posts the first one's takes in the second one's name."""

from urllib.parse import urlsplit

import pytest

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage, end
from tests.acceptance.test_interruptions import keep
from tests.acceptance.test_whole_path import global_feed, play, settled
from tests.support.native import build
from tests.support.whole import short_folder


@pytest.fixture(scope="module", autouse=True)
def _native() -> None:
    build()


async def state_of(daemon: RunningDaemon, take_id: str) -> str | None:
    reply = await daemon.client.request(c.ShowTake(take_id=take_id))
    assert isinstance(reply, c.OneTake)
    return reply.take.entry_state


async def test_takes_wait_for_the_account_they_were_meant_for() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            relay, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="alice"))
            await play(stage, daemon, bars=3)
            await end(relay)
            hers = await keep(daemon, "hers")
            unclaimed = await daemon.client.request(c.UnclaimDevice())
            assert unclaimed == c.Unclaimed(id=unclaimed.id, account="alice", relay_told=False)
            await stage.relay(port=urlsplit(relay_url).port or 0)
            await daemon.client.request(c.ClaimDevice(username="bob"))
            his = await settled(daemon, await keep(daemon, "his"))
            assert (his.entry_state, await state_of(daemon, hers)) == ("accepted", "queued")
            feed = [(post["username"], post["title"]) for post in global_feed(relay_url)]
            assert feed == [("bob", "his")]

            done = await daemon.client.request(c.UnclaimDevice())
            assert isinstance(done, c.Unclaimed) and done.relay_told
            await daemon.client.request(c.ClaimDevice(username="alice"))
            assert (await settled(daemon, hers)).entry_state == "accepted"
            feed = [(post["username"], post["title"]) for post in global_feed(relay_url)]
            assert feed == [("alice", "hers"), ("bob", "his")]


async def test_what_is_asked_while_the_key_cannot_be_read_is_of_the_account_all_the_same() -> None:
    """The keyring is still locked when the daemon starts; whose the device is, is known without it."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="alice"))
            key = daemon.data / "device.key"
            seed = key.read_bytes()
            await end(daemon.process)
            key.write_bytes(seed[:-1])  # as unreadable as a locked keyring
            daemon = await stage.daemon("a", relay_url)
            await play(stage, daemon, bars=3)
            hers = await keep(daemon, "hers")
            listed = await daemon.client.request(c.ListOutbox())
            assert isinstance(listed, c.EntryList)
            assert [(e.take_id, e.account) for e in listed.entries] == [(hers, "alice")]
            me = await daemon.client.request(c.WhoAmI())
            assert isinstance(me, c.Whoami) and me.account is None and me.problem, (
                "nothing goes out meanwhile"
            )
            key.unlink()
            await daemon.client.request(c.UnclaimDevice())
            await daemon.client.request(c.ClaimDevice(username="bob"))
            await settled(daemon, await keep(daemon, "his"))
            feed = [(post["username"], post["title"]) for post in global_feed(relay_url)]
            assert feed == [("bob", "his")]
