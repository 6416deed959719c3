"""The path when parts of it are away for a while: nothing is lost, nothing comes twice."""

import asyncio
import json
import os
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest

import bridge.control as c
from bridge.errors import RequestFailed
from bridge.shm import REAP_AFTER_NS
from daemon.cli.stage import RunningDaemon, Stage, end, until
from daemon.rings.instances import REAP_INTERVAL_S
from tests.acceptance.test_whole_path import PLAYED_BARS, attached, get, global_feed, play, settled
from tests.support.deadlines import HANG_S
from tests.support.native import build
from tests.support.whole import BAR_FRAMES, BPM, marked_groove, script, short_folder, write_wav


@pytest.fixture(scope="module", autouse=True)
def _native() -> None:
    build()


async def online(daemon: RunningDaemon) -> None:
    """Until the link stands."""
    events = daemon.client.events()
    await daemon.client.request(c.Subscribe())
    while True:
        status = await daemon.client.request(c.GetStatus())
        assert isinstance(status, c.Status)
        if status.state == "connected":
            return
        await until(events, c.StateChanged)


async def keep(daemon: RunningDaemon, title: str) -> str:
    kept = await daemon.client.request(c.KeepTake(bars=1, title=title, post=True))
    assert isinstance(kept, c.OneTake)
    return kept.take.take_id


async def cached(daemon: RunningDaemon) -> list[str]:
    """Titles of the Items that this daemon holds, newest first, whether or not the relay answers."""
    feed = await daemon.client.request(c.GetFeed(limit=100))
    assert isinstance(feed, c.Feed)
    return [item.title for item in feed.items]


async def play_on(stage: Stage, daemon: RunningDaemon) -> None:
    """A host that plays in real time, for longer than any test."""
    wav = stage.folder / "loop.wav"
    await asyncio.to_thread(write_wav, wav, marked_groove(PLAYED_BARS))
    transport = await asyncio.to_thread(
        script, stage.folder, f"tempo {BPM:g}", "meter 4 4", "start ppq 0", f"end {1_000 * BAR_FRAMES}"
    )
    await stage.host(daemon.run, "--script", str(transport), "--repeat", "0", str(wav))


async def test_what_is_posted_while_the_relay_is_down_goes_out_when_it_is_back() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            relay, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="night.owl"))
            await play(stage, daemon, bars=3)
            await end(relay)
            take_ids = [await keep(daemon, f"take {n}") for n in range(3)]
            await stage.relay(port=urlsplit(relay_url).port or 0)
            ends = [await settled(daemon, take_id) for take_id in take_ids]
            assert [t.entry_state for t in ends] == ["accepted"] * 3
            titles = [post["title"] for post in await asyncio.to_thread(global_feed, relay_url)]
            assert titles == ["take 2", "take 1", "take 0"], "once each, in the order they were kept"


async def test_a_follower_who_was_away_gets_each_post_once() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            relay, relay_url = await stage.relay()
            producer = await stage.daemon("a", relay_url)
            follower = await stage.daemon("b", relay_url)
            await producer.client.request(c.ClaimDevice(username="night.owl"))
            await follower.client.request(c.ClaimDevice(username="listener"))
            await follower.client.request(c.FollowUser(username="night.owl"))
            await online(follower)
            await play(stage, producer, bars=3)

            arrived = follower.client.events()
            await settled(producer, await keep(producer, "while here"))
            assert (await until(arrived, c.ItemArrived)).item.title == "while here"

            follower.process.kill()
            await follower.process.wait()
            for n in range(2):
                await settled(producer, await keep(producer, f"while away {n}"))
            follower = await stage.daemon("b", relay_url)
            await online(follower)
            assert await cached(follower) == ["while away 1", "while away 0", "while here"]

            # The relay dies without a word and comes back: the socket is made anew and takes up where it was.
            arrived = follower.client.events()
            await follower.client.request(c.Subscribe())
            relay.kill()
            await relay.wait()
            await stage.relay(port=urlsplit(relay_url).port or 0)
            await settled(producer, await keep(producer, "after the crash"))
            heard: list[str] = []
            while "after the crash" not in heard:  # what came while it was away may still be told
                heard.append((await until(arrived, c.ItemArrived)).item.title)
            assert len(set(heard)) == len(heard)
            assert await cached(follower) == ["after the crash", "while away 1", "while away 0", "while here"]


async def until_friends_produce(follower: RunningDaemon, count: int) -> None:
    events = follower.client.events()
    await follower.client.request(c.Subscribe())
    while True:
        status = await follower.client.request(c.GetStatus())
        assert isinstance(status, c.Status)
        if status.friends_producing == count and status.state == "connected":
            return
        await until(events, c.StateChanged)


async def test_followers_hear_that_somebody_is_producing() -> None:
    """Also who begins to follow while it goes on, and after the relay has started anew."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            relay, relay_url = await stage.relay()
            producer = await stage.daemon("a", relay_url)
            follower = await stage.daemon("b", relay_url)
            await producer.client.request(c.ClaimDevice(username="night.owl"))
            await follower.client.request(c.ClaimDevice(username="listener"))
            await follower.client.request(c.FollowUser(username="night.owl"))
            await online(follower)
            await play_on(stage, producer)
            await until_friends_produce(follower, 1)
            await follower.client.request(c.FollowUser(username="night.owl", follow=False))
            await until_friends_produce(follower, 0)
            await follower.client.request(c.FollowUser(username="night.owl"))
            await until_friends_produce(follower, 1)
            relay.kill()
            await relay.wait()
            await stage.relay(port=urlsplit(relay_url).port or 0)
            await until_friends_produce(follower, 1)


async def test_a_claimed_device_stays_with_its_account() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="night.owl"))
            await daemon.client.request(c.ClaimDevice(username="night.owl"))  # again: no harm
            await play(stage, daemon, bars=3)
            with pytest.raises(RequestFailed, match=r"night\.owl"):
                await daemon.client.request(c.ClaimDevice(username="day.lark"))
            take = await settled(daemon, await keep(daemon, "of the owl"))
            assert take.entry_state == "accepted"
            (post,) = await asyncio.to_thread(global_feed, relay_url)
            assert post["username"] == "night.owl"


async def test_the_posts_page_names_what_was_kept() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="night.owl"))
            await play(stage, daemon, bars=3)
            take = await settled(daemon, await keep(daemon, "<b>bold & free</b>"))
            page = (await asyncio.to_thread(get, str(take.post_url))).decode()
            assert "&lt;b&gt;bold &amp; free&lt;/b&gt;" in page and "<b>bold" not in page
            document = json.loads(await asyncio.to_thread(get, f"{relay_url}/api/docs/openapi.json"))
            assert document["openapi"].startswith("3.") and "/api/v1/audio/upload" in document["paths"]


async def test_a_killed_host_loses_nothing_and_leaves_nothing() -> None:
    """kill -9 in the middle of a block: what was played can still be kept, and the Ring's file is given back."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            host = await play(stage, daemon)
            assert len(list(daemon.run.glob("sdc.*"))) == 1
            host.process.kill()
            await host.process.wait()
            assert REAP_AFTER_NS / 1e9 + REAP_INTERVAL_S <= 5.0, (
                "its segment is reclaimed within 5 s of a machine at rest"
            )
            async with asyncio.timeout(HANG_S):
                while list(daemon.run.glob("sdc.*")):
                    await asyncio.sleep(0.02)
            kept = await daemon.client.request(c.KeepTake(bars=8))
            assert isinstance(kept, c.OneTake)
            assert kept.take.frames == 8 * BAR_FRAMES


async def test_a_disk_that_is_nearly_full_refuses_the_keep_and_says_so() -> None:
    """Before anything is written; and with room again, the same stretch can still be kept."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a", min_free_bytes=str(1 << 60))
            await play(stage, daemon, bars=3)
            with pytest.raises(RequestFailed, match="MB are free") as refused:
                await daemon.client.request(c.KeepTake(bars=1))
            assert refused.value.code == "no_space"
            assert not list((daemon.data / "takes").iterdir())
            await end(daemon.process)
            daemon = await stage.daemon("a")
            await attached(daemon)
            kept = await daemon.client.request(c.KeepTake(bars=1))
            assert isinstance(kept, c.OneTake) and kept.take.frames == BAR_FRAMES


async def test_an_entry_can_be_taken_back_and_asked_for_again() -> None:
    """Discarding keeps take and id, so that asking again can never make a second post."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            relay, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="night.owl"))
            await play(stage, daemon, bars=3)
            await end(relay)
            take_ids = [await keep(daemon, f"take {n}") for n in range(2)]

            async def outbox(*arguments: str) -> tuple[int, dict[str, Any]]:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "daemon",
                    "outbox",
                    *arguments,
                    "--json",
                    stdout=asyncio.subprocess.PIPE,
                    env=os.environ | {"SIDECHAIN_RUN_DIR": str(daemon.run)},
                )
                out, _ = await process.communicate()
                return process.returncode or 0, dict(json.loads(out))

            _, listed = await outbox("list")
            assert [e["take_id"] for e in listed["entries"]] == take_ids
            ids = [e["entry_id"] for e in listed["entries"]]
            while True:  # while it is being uploaded it cannot be taken back
                code, after = await outbox("discard", ids[0], "--yes")
                if code == 0:
                    break
                assert after["error"]["code"] == "busy"
            assert [e["state"] for e in after["entries"]] == ["discarded"]
            daemon.process.kill()
            await daemon.process.wait()
            daemon = await stage.daemon("a", relay_url)
            _, listed = await outbox("list", "--all")
            assert [e["state"] == "discarded" for e in listed["entries"]] == [True, False]

            await stage.relay(port=urlsplit(relay_url).port or 0)
            code, _ = await outbox("retry", "all")
            assert code == 0
            assert (await settled(daemon, take_ids[1])).entry_state == "accepted"
            reply = await daemon.client.request(c.ShowTake(take_id=take_ids[0]))
            assert isinstance(reply, c.OneTake) and reply.take.entry_state == "discarded"
            assert len(await asyncio.to_thread(global_feed, relay_url)) == 1

            _, after = await outbox("retry", take_ids[0])
            assert [e["entry_id"] for e in after["entries"]] == [ids[0]], "the id stays"
            assert (await settled(daemon, take_ids[0])).entry_state == "accepted"
            assert len(await asyncio.to_thread(global_feed, relay_url)) == 2
            code, after = await outbox("discard", ids[0], "--yes")
            assert (code, after["error"]["code"]) == (1, "busy"), "what has arrived is the relay's"
            code, after = await outbox("retry", "nothing-like-it")
            assert (code, after["error"]["code"]) == (2, "usage")


async def test_the_doctor_finds_and_mends_with_and_without_a_daemon() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="night.owl"))
            await online(daemon)
            await play(stage, daemon, bars=3)
            take_id = await keep(daemon, "healthy")
            await settled(daemon, take_id)
            home = daemon.run.parent

            async def doctor() -> tuple[int, dict[str, str]]:
                env = {
                    "DATA_DIR": str(daemon.data),
                    "RUN_DIR": str(daemon.run),
                    "RELAY_URL": relay_url,
                    "CREDENTIAL_STORE": "file",
                    "CONFIG": str(home / "config.toml"),
                }
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "daemon",
                    "doctor",
                    "--json",
                    "--bundle",
                    str(folder / "b.zip"),
                    stdout=asyncio.subprocess.PIPE,
                    env=os.environ | {f"SIDECHAIN_{key}": value for key, value in env.items()},
                )
                out, _ = await process.communicate()
                said = json.loads(out)
                assert process.returncode == said["exit_code"]
                return said["exit_code"], {check["name"]: check["outcome"] for check in said["checks"]}

            code, found = await doctor()
            assert (code, found["link"], found["sound"]) == (0, "ok", "ok"), found
            copy = daemon.data / "takes" / take_id / "take.flac"
            whole = await asyncio.to_thread(copy.read_bytes)
            await asyncio.to_thread(copy.write_bytes, whole[:-1])
            events = daemon.client.events()
            await daemon.client.request(c.Subscribe())
            code, found = await doctor()
            assert (code, found["sound"]) == (1, "repaired")
            while await asyncio.to_thread(copy.read_bytes) != whole:
                await until(events, c.Progress | c.TakeChanged)
            await settled(daemon, take_id)

            daemon.process.kill()
            await daemon.process.wait()
            await asyncio.to_thread((daemon.data / "library.sqlite3").write_bytes, b"harm" * 4096)
            code, found = await doctor()
            assert (code, found["library"]) == (1, "note"), "repaired, and told where the damaged one lies"
            code, found = await doctor()
            assert (code, found["outbox"]) == (0, "ok")
