"""What people say to each other's posts, from the command line; and who it concerns hears of it at once, and sees it counted."""

import asyncio
import json

import bridge.control as c
from bridge.async_client import AsyncControlClient
from daemon.cli.stage import Stage, end
from tests.acceptance.test_own_posts import made, sidechain
from tests.support.deadlines import HANG_S
from tests.support.whole import short_folder


async def next_told(client: AsyncControlClient, unread: int) -> c.NotificationsChanged:
    """The first that says so many are unread."""
    async with asyncio.timeout(HANG_S):
        async for event in client.events():
            if isinstance(event, c.NotificationsChanged) and event.unread == unread:
                return event
    raise AssertionError("the daemon is gone")


async def test_comments_and_notifications_from_the_command_line() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            relay, relay_url = await stage.relay()
            owner, fan = await stage.daemon("a", relay_url), await stage.daemon("b", relay_url)
            await owner.client.request(c.ClaimDevice(username="night.owl"))
            await fan.client.request(c.ClaimDevice(username="day.lark"))
            post = (await asyncio.to_thread(made, relay_url, "night.owl"))[0]
            await owner.client.request(c.Subscribe())

            code, said, complained = await sidechain(
                fan, "comment", post.id, "that bass, @night.owl", "--at", "0.05", "--json"
            )
            assert code == 0, complained
            first = json.loads(said)["comment"]
            assert (first["author"], first["at_ms"]) == ("day.lark", 50)
            told = await next_told(owner.client, 1)
            assert told.kind == "mention" and "day.lark mentioned you on “post 0”" in told.sentence
            assert told.url == f"{relay_url}/c/{first['comment_id']}"
            _, said, _ = await sidechain(owner, "status")
            assert "unread    1 notification: `sidechain notifications`" in said

            code, said, _ = await sidechain(
                owner, "comment", "Post 0", "thanks", "--answer", "@day.lark", "--json"
            )
            answer = json.loads(said)["comment"]["comment_id"]
            code, said, _ = await sidechain(owner, "comments", post.id)
            assert code == 0 and "day.lark at 0:00.1: that bass, @night.owl" in said.replace(
                "0:00.0", "0:00.1"
            )
            assert f"    {answer}" in said
            code, said, _ = await sidechain(fan, "notifications", "--json")
            assert [each["sentence"] for each in json.loads(said)["notifications"]] == [
                "night.owl answered you on “post 0”"
            ]
            code, said, _ = await sidechain(fan, "comment", first["comment_id"], "that kick", "--edit")
            assert code == 0 and first["comment_id"] in said
            code, said, _ = await sidechain(owner, "notifications", "--read")
            assert code == 0 and said.startswith("●") and "that kick" in said
            await next_told(owner.client, 0)
            _, said, _ = await sidechain(owner, "notifications")
            assert said.startswith(" ") and "day.lark mentioned you" in said
            _, said, _ = await sidechain(owner, "status")
            assert "unread" not in said

            assert (await sidechain(fan, "comment", first["comment_id"], "--delete"))[0] == 0
            _, said, _ = await sidechain(owner, "comments", post.page_url)
            assert "(deleted)" in said and "thanks" in said
            assert (await sidechain(owner, "comment", "post 0", "--delete"))[0] == 0, "the last of hers there"
            code, _, complaint = await sidechain(owner, "comment", "post 0", "--delete")
            assert code == 2 and "You have said nothing there lately." in complaint
            _, said, _ = await sidechain(owner, "comments", post.id)
            assert "Nobody has said anything yet." in said

            for wrong, expected in (
                ((post.id,), 2),
                ((post.id, " "), 2),
                ((post.id, "x" * 1001), 2),
                ((post.id, "x", "--at", "soon"), 2),
                ((post.id, "x", "--at", "999"), 6),
                ((post.id, "x", "--answer", "zzz"), 2),
                (("zzz", "x"), 2),
                (("zzz", "--delete"), 2),
                (("0" * 32, "--delete"), 6),
                ((post.id, "x", "--edit", "--delete"), 2),
            ):
                got, _, complaint = await sidechain(fan, "comment", *wrong)
                assert got == expected and complaint.count(".") >= 1 and "Traceback" not in complaint, (
                    wrong,
                    complaint,
                )

            await end(relay)
            code, _, complaint = await sidechain(fan, "comment", post.id, "too late")
            assert code == 6 and "not tried again by itself" in complaint
