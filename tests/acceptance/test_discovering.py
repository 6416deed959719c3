"""What everybody has posted, from the command line: lists and filters, by a daemon that follows nobody."""

import asyncio
import json
from contextlib import closing

import bridge.control as c
from daemon.cli.stage import Stage
from tests.acceptance.test_own_posts import sidechain
from tests.support.loops import short_flac
from tests.support.relay import RelayClient
from tests.support.whole import short_folder

MADE = (("slow", 92.0, "A minor", "Dub"), ("fast", 174.0, "E minor", "jungle"), ("far", 100.0, "Db", "dub"))


def make(relay_url: str) -> None:
    with closing(RelayClient(relay_url)) as other:
        other.sign_in("night.owl")
        for n, (title, bpm, key, tag) in enumerate(MADE):
            other.post(short_flac(4800 + n), title=title, bpm=bpm, key=key, genre=[tag], daw="Ableton Live")


async def test_the_lists_of_everybody_from_the_command_line() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="day.lark"))
            await asyncio.to_thread(make, relay_url)

            async def titles(*options: str) -> list[str]:
                code, said, complained = await sidechain(daemon, "feed", "--json", *options)
                assert code == 0, complained
                return [each["title"] for each in json.loads(said)["items"]]

            assert await titles() == []
            assert await titles("--hot") == await titles("--latest") == ["far", "fast", "slow"]
            assert await titles("--trending") == []
            assert await titles("--tag", "DUB") == ["far", "slow"]
            assert await titles("--bpm", "90-110", "--key", "Am") == ["slow"]
            assert await titles("--latest", "--key", "am", "--mixes") == ["fast", "slow"]
            assert await titles("--user", "@Night.Owl") == ["far", "fast", "slow"]
            code, said, _ = await sidechain(
                daemon, "feed", "--latest", "--daw", "ableton", "--limit", "2", "--json"
            )
            page = json.loads(said)
            assert [each["reason"] for each in page["items"]] == ["latest", "latest"]
            assert await titles("--latest", "--daw", "ableton", "--cursor", page["cursor"]) == ["slow"]
            for wrong in (
                ["--key", "H"],
                ["--bpm", "fast"],
                ["--hot", "--latest"],
                ["--user", "x", "--bpm", "90"],
            ):
                code, _, complained = await sidechain(daemon, "feed", *wrong)
                assert code != 0 and "Traceback" not in complained and complained.strip(), wrong
            code, said, complained = await sidechain(daemon, "search", "night.owl", "--json")
            assert code == 0 and [each["username"] for each in json.loads(said)["people"]] == ["night.owl"], (
                complained
            )
            code, said, _ = await sidechain(daemon, "search", "fa*", "--json")
            assert sorted(each["title"] for each in json.loads(said)["posts"]) == ["far", "fast"]
            code, said, _ = await sidechain(daemon, "search", "du")
            assert code == 0 and "dub" in said and "Traceback" not in said
