"""Saving, reposting, who did what, notification settings, sign-ins and devices from the command line, with real daemons."""

import asyncio
import json
from contextlib import closing

import bridge.control as c
from daemon.cli.stage import Stage
from tests.acceptance.test_own_posts import made, sidechain, until_items
from tests.support.loops import short_flac
from tests.support.relay import RelayClient
from tests.support.whole import short_folder


def made_from(relay_url: str, post_id: str) -> list[str]:
    """Two posts of day.lark, by another device, from that one."""
    with closing(RelayClient(relay_url)) as other:
        other.sign_in("day.lark")
        return [other.post(short_flac(4900 + n), title=f"remix {n}", remix_of=post_id).id for n in range(2)]


async def test_what_is_kept_and_shown_on_and_where_one_is_signed_in() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            owl, lark = await stage.daemon("a", relay_url), await stage.daemon("b", relay_url)
            await owl.client.request(c.ClaimDevice(username="night.owl"))
            await lark.client.request(c.ClaimDevice(username="day.lark"))
            post = (await asyncio.to_thread(made, relay_url, "night.owl"))[0]

            assert (await sidechain(lark, "save", post.id))[0] == 0
            code, said, _ = await sidechain(lark, "saved", "--json")
            assert [each["post_id"] for each in json.loads(said)["items"]] == [post.id]
            assert (await sidechain(lark, "save", post.page_url, "--remove"))[0] == 0
            assert "Nothing is kept" in (await sidechain(lark, "saved"))[1]

            wren = await stage.daemon("c", relay_url)
            await wren.client.request(c.ClaimDevice(username="tiny.wren"))
            await wren.client.request(c.FollowUser(username="day.lark"))
            assert (await sidechain(lark, "repost", post.id, "--word", "that bass"))[0] == 0
            await until_items(wren, lambda items: post.id in items)
            code, said, _ = await sidechain(wren, "feed")
            assert "night.owl (by day.lark)" in said and "that bass" in said
            assert (await sidechain(lark, "like", post.id))[0] == 0
            code, said, _ = await sidechain(owl, "who", post.id, "reposts")
            assert code == 0 and "day.lark" in said and "that bass" in said
            code, said, _ = await sidechain(owl, "who", post.id, "--json")
            assert [each["username"] for each in json.loads(said)["people"]] == ["day.lark"]
            assert (await sidechain(lark, "repost", post.id, "--remove"))[0] == 0
            await until_items(wren, lambda items: not items)
            assert "Nobody" in (await sidechain(owl, "who", post.id, "reposts"))[1]
            assert "Nothing was made from it yet" in (await sidechain(owl, "remixes", post.id))[1]
            assert (await sidechain(owl, "posts", "downloads", post.id, "--allow"))[0] == 0
            remixes = await asyncio.to_thread(made_from, relay_url, post.id)
            code, said, _ = await sidechain(owl, "remixes", post.page_url, "--limit", "1")
            assert code == 0 and remixes[1] in said and remixes[0] not in said
            cursor = said.strip().rpartition(" ")[2]
            code, said, _ = await sidechain(owl, "remixes", post.id, "--cursor", cursor, "--json")
            assert [each["post_id"] for each in json.loads(said)["items"]] == [remixes[0]]
            code, said, _ = await sidechain(owl, "notifications")
            assert "day.lark made something from “post 0”" in said and f"/p/{post.id}/remixes" in said

            code, _, complaint = await sidechain(owl, "repost", post.id)
            assert code == 6 and "your own post" in complaint

            code, said, _ = await sidechain(owl, "notification-settings", "--off", "reaction", "--json")
            told = json.loads(said)["told"]
            assert not told.pop("reaction") and all(told.values())
            assert "reaction: off" in (await sidechain(owl, "notification-settings"))[1]
            code, said, _ = await sidechain(
                owl, "notification-settings", "--on", "mention", "--by", "mail", "--json"
            )
            assert code == 0 and json.loads(said)["by"]["mention"] == ["mail", "push", "webhook"]
            assert "mention: on, mail, push, webhook" in (await sidechain(owl, "notification-settings"))[1]
            assert (await sidechain(owl, "notification-settings", "--on", "reply", "--by", "owl"))[0] == 2
            assert (await sidechain(owl, "notification-settings", "--by", "mail"))[0] == 2
            code, _, complaint = await sidechain(owl, "notification-settings", "--on", "naps")
            assert code == 2 and "no kind of notification" in complaint

            code, said, complaint = await sidechain(owl, "account", "devices", "--json")
            devices = json.loads(said)["devices"]
            assert code == 0 and len(devices) == 2, complaint  # the one that posted is the other
            code, said, _ = await sidechain(owl, "account", "sign-ins", "--json")
            sign_ins = json.loads(said)["sign_ins"]
            assert len(sign_ins) == 2 and sum(each["current"] for each in sign_ins) == 1
            code, said, _ = await sidechain(owl, "account", "sign-ins", "--end")
            assert code == 0 and "Signed out in 1 other" in said
            (gone,) = [each["device_id"] for each in devices if each["name"] == "test"]
            assert (await sidechain(owl, "account", "devices", "--revoke", gone))[0] == 0
            code, said, _ = await sidechain(owl, "account", "devices", "--json")
            assert [each["device_id"] for each in json.loads(said)["devices"]] != [gone]
            assert (await sidechain(owl, "account", "devices", "--revoke", gone))[0] == 2
