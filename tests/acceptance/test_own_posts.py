"""What went out is its owner's still: edited, shown to fewer and deleted from the command line; followers' daemons follow."""

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import urllib.error
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage, end
from relay.wire.rest import AudioPost
from tests.acceptance.test_whole_path import global_feed
from tests.support.deadlines import HANG_S
from tests.support.loops import short_flac
from tests.support.relay import RelayClient
from tests.support.whole import short_folder

LOOK_S = 0.05


def items_of(daemon: RunningDaemon) -> dict[str, str]:
    """What the daemon's library remembers of the feed: titles by id."""
    with closing(
        sqlite3.connect(f"file:{daemon.run.parent / 'data' / 'library.sqlite3'}?mode=ro", uri=True)
    ) as db:
        return {
            post["id"]: post["title"]
            for (text,) in db.execute("SELECT post FROM item")
            if (post := json.loads(text))
        }


async def until_items(daemon: RunningDaemon, wanted: Callable[[dict[str, str]], bool]) -> None:
    async with asyncio.timeout(HANG_S):
        while True:
            if wanted(await asyncio.to_thread(items_of, daemon)):
                return
            await asyncio.sleep(LOOK_S)


async def sidechain(daemon: RunningDaemon, *arguments: str, asked: str = "") -> tuple[int, str, str]:
    """A command of the person whose daemon it is: exit code, what it said, and what it complained of."""
    env = os.environ | {
        "SIDECHAIN_RUN_DIR": str(daemon.run),
        "SIDECHAIN_CONFIG": str(daemon.run.parent / "config.toml"),
    }
    done = await asyncio.to_thread(
        lambda: subprocess.run(
            [sys.executable, "-m", "daemon", *arguments],
            env=env,
            input=asked,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
    )
    return done.returncode, done.stdout, done.stderr


async def until_liked(relay_url: str, post_id: str) -> None:
    async with asyncio.timeout(HANG_S):
        while True:
            with contextlib.suppress(OSError, urllib.error.URLError):
                (post,) = (p for p in await asyncio.to_thread(global_feed, relay_url) if p["id"] == post_id)
                if post["like_count"] == 1:
                    return
            await asyncio.sleep(LOOK_S)


def made(relay_url: str, name: str) -> list[AudioPost]:
    """Posts of another device of the same account."""
    with closing(RelayClient(relay_url)) as other:
        other.sign_in(name)
        return [other.post(short_flac(4800 + n), title=f"post {n}", genre=["dub"]) for n in range(3)]


async def test_what_went_out_is_its_owners_still() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            relay, relay_url = await stage.relay()
            owner, follower = await stage.daemon("a", relay_url), await stage.daemon("b", relay_url)
            await owner.client.request(c.ClaimDevice(username="night.owl"))
            await follower.client.request(c.ClaimDevice(username="day.lark"))
            await follower.client.request(c.FollowUser(username="night.owl"))
            first, second, third = await asyncio.to_thread(made, relay_url, "night.owl")
            await until_items(follower, lambda items: len(items) == 3)

            code, said, _ = await sidechain(owner, "posts", "--json")
            listed = json.loads(said)["posts"]
            assert (code, [each["title"] for each in listed]) == (0, ["post 2", "post 1", "post 0"])
            assert {each["visibility"] for each in listed} == {"public"} and listed[0]["tags"] == ["dub"]

            words = ("--title", "Named", "--no-tags", "--remix-of", second.page_url, "--json")
            code, said, _ = await sidechain(owner, "posts", "edit", first.id, *words)
            assert json.loads(said)["post"]["terms"]["remix_of"] == second.page_url
            assert (code, json.loads(said)["post"]["title"], json.loads(said)["post"]["tags"]) == (
                0,
                "Named",
                [],
            )
            await until_items(follower, lambda items: items.get(first.id) == "Named")
            code, said, _ = await sidechain(owner, "posts", "visibility", second.page_url, "private")
            assert code == 0 and "only you see it" in said
            await until_items(follower, lambda items: second.id not in items)
            code, _, _ = await sidechain(owner, "posts", "delete", third.id, asked="n\n")
            assert code == 1 and third.id in await asyncio.to_thread(items_of, follower)
            code, said, _ = await sidechain(owner, "posts", "delete", third.id, "--yes", "--json")
            assert (code, json.loads(said)) == (0, {})
            await until_items(follower, lambda items: set(items) == {first.id})
            assert (await sidechain(owner, "posts", "delete", third.id, "--yes"))[0] == 0, "gone is gone"

            for wrong, code in (
                (("edit", first.id), 2),
                (("edit", first.id, "--title", "a\nb"), 2),
                (("edit", first.id[:4], "--title", "x"), 2),  # the start of all three
                (("edit", "zzzz", "--title", "x"), 2),
                (("visibility", first.id, "secret"), 2),
                (("visibility", "0" * 32, "private"), 6),
            ):
                got, _, complaint = await sidechain(owner, "posts", *wrong)
                assert got == code and complaint.count(".") >= 1 and "Traceback" not in complaint, wrong
            code, _, complaint = await sidechain(follower, "posts", "delete", first.id, "--yes")
            assert (code == 6 and "no such post" in complaint.lower()) or "nothing here" in complaint.lower()

            await end(relay)
            code, _, complaint = await sidechain(owner, "posts", "delete", first.id, "--yes")
            assert code == 6 and "not tried again by itself" in complaint
            page = await follower.client.request(c.GetFeed())
            assert isinstance(page, c.Feed) and [item.post_id for item in page.items] == [first.id]

            code, said, _ = await sidechain(follower, "like", first.id)
            assert code == 0 and "This waits here" in said
            _, said, _ = await sidechain(follower, "status")
            assert "deeds     1 like, reaction or follow waits" in said
            follower.process.kill()
            await follower.process.wait()
            follower = await stage.daemon("b", relay_url)
            await stage.relay(port=urlsplit(relay_url).port or 0)
            await until_liked(relay_url, first.id)
