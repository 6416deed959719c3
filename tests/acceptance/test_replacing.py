"""Another take for a post that is out, from the command line: the follower's daemon has the new sound, and plays nothing older."""

import asyncio
import json
import sqlite3
from contextlib import closing

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage
from tests.acceptance.test_own_posts import LOOK_S, sidechain
from tests.acceptance.test_whole_path import play, settled
from tests.support.deadlines import HANG_S
from tests.support.whole import short_folder


def audio_urls(daemon: RunningDaemon) -> set[str]:
    """Of the posts that the daemon's library remembers."""
    library = daemon.run.parent / "data" / "library.sqlite3"
    with closing(sqlite3.connect(f"file:{library}?mode=ro", uri=True)) as db:
        return {json.loads(text)["audio_url"] for (text,) in db.execute("SELECT post FROM item")}


async def until_heard_at(daemon: RunningDaemon, urls: set[str]) -> None:
    async with asyncio.timeout(HANG_S):
        while await asyncio.to_thread(audio_urls, daemon) != urls:
            await asyncio.sleep(LOOK_S)


async def test_a_post_gets_the_sound_of_another_take() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            owner, follower = await stage.daemon("a", relay_url), await stage.daemon("b", relay_url)
            await owner.client.request(c.ClaimDevice(username="night.owl"))
            await follower.client.request(c.ClaimDevice(username="day.lark"))
            await follower.client.request(c.FollowUser(username="night.owl"))
            await play(stage, owner)
            kept = await owner.client.request(c.KeepTake(bars=2, title="Sketch", post=True))
            assert isinstance(kept, c.OneTake)
            await settled(owner, kept.take.take_id)
            listed = json.loads((await sidechain(owner, "posts", "--json"))[1])["posts"]
            (post,) = listed
            first = f"{relay_url}/api/v1/audio/{post['post_id']}/mp3"
            await until_heard_at(follower, {first})
            better = await owner.client.request(c.KeepTake(bars=1, title="Better"))
            assert isinstance(better, c.OneTake)

            code, said, complaint = await sidechain(
                owner, "posts", "replace", post["post_id"], better.take.take_id
            )
            assert code == 0 and "“Sketch” has its new sound" in said, complaint
            await until_heard_at(follower, {f"{first}?v=2"})
            code, said, _ = await sidechain(owner, "posts", "versions", post["post_id"], "--json")
            found = json.loads(said)["versions"]
            assert [(each["n"], each["current"]) for each in found] == [(2, True), (1, False)]
            assert found[0]["duration_ms"] < found[1]["duration_ms"]
            code, said, _ = await sidechain(owner, "posts", "versions", post["post_id"], "--forget", "1")
            assert code == 0 and "forgotten" in said
            code, said, complaint = await sidechain(owner, "posts", "again", post["post_id"])
            assert code == 0 and "Made anew" in said, complaint
            assert await asyncio.to_thread(audio_urls, follower) == {f"{first}?v=2"}

            for wrong, status in (
                (("replace", post["post_id"], "zzzz"), 2),
                (("replace", "0" * 32, better.take.take_id), 6),
                (("versions", post["post_id"], "--forget", "2"), 6),
            ):
                got, _, complaint = await sidechain(owner, "posts", *wrong)
                assert got == status and "Traceback" not in complaint, (wrong, complaint)
