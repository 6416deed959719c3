"""Profile, private account, requests, mute, block and report from the command line, with two real daemons and a relay."""

import asyncio
import io
import json
import zipfile

from PIL import Image

import bridge.control as c
from daemon.cli.stage import Stage
from tests.acceptance.test_own_posts import made, sidechain, until_items
from tests.support.whole import short_folder


async def test_people_from_the_command_line() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            owl, lark = await stage.daemon("a", relay_url), await stage.daemon("b", relay_url)
            await owl.client.request(c.ClaimDevice(username="night.owl"))
            await lark.client.request(c.ClaimDevice(username="day.lark"))
            (first, *_) = await asyncio.to_thread(made, relay_url, "night.owl")

            picture = folder / "me.png"
            out = io.BytesIO()
            Image.new("RGB", (64, 64), (200, 40, 40)).save(out, "PNG")
            picture.write_bytes(out.getvalue())
            edit = (
                "--name",
                "Night Owl",
                "--about",
                "Loops",
                "--link",
                "https://owl.example",
                "--private",
                "--posts",
                "followers",
            )
            code, said, complaint = await sidechain(
                owl, "profile", *edit, "--picture", str(picture), "--json"
            )
            assert code == 0, complaint
            shown = json.loads(said)
            assert (shown["display_name"], shown["bio"], shown["is_private"]) == ("Night Owl", "Loops", True)
            assert shown["post_visibility"] == "followers"
            code, said, _ = await sidechain(lark, "profile", "@night.owl")
            assert code == 0 and "Night Owl (@night.owl), private" in said and "https://owl.example" in said

            code, said, _ = await sidechain(lark, "follow", "night.owl")
            code, said, _ = await sidechain(owl, "follow-requests")
            assert code == 0 and "day.lark" in said
            assert (await sidechain(owl, "follow-requests", "accept", "day.lark"))[0] == 0
            code, said, _ = await sidechain(owl, "people", "followers", "--json")
            assert [each["username"] for each in json.loads(said)["people"]] == ["day.lark"]
            await lark.client.request(c.GetFeed())
            await until_items(lark, lambda items: first.id in items)

            assert (await sidechain(lark, "report", first.id, "--reason", "spam"))[0] == 0
            assert (await sidechain(lark, "report", "@night.owl", "--reason", "other", "--text", "x"))[0] == 0
            assert (await sidechain(lark, "mute", "night.owl"))[0] == 0
            code, said, _ = await sidechain(lark, "people", "muted")
            assert code == 0 and "night.owl" in said
            assert (await sidechain(lark, "unmute", "night.owl"))[0] == 0
            assert (await sidechain(owl, "block", "@day.lark"))[0] == 0
            await until_items(lark, lambda items: not items)
            code, said, _ = await sidechain(owl, "people", "blocked")
            assert code == 0 and "day.lark" in said

            archive = folder / "mine.zip"
            code, said, complaint = await sidechain(owl, "account", "export", str(archive), "--json")
            assert code == 0, complaint
            assert json.loads(said)["size_bytes"] == archive.stat().st_size
            with zipfile.ZipFile(archive) as opened:
                assert f"sound/{first.id}.flac" in opened.namelist()
            assert (await sidechain(owl, "account", "export", str(archive)))[0] == 2, "it is there already"

            for wrong, code in (
                (("profile", "--link", "http://plain.example"), 2),
                (("profile", "--posts", "some"), 2),
                (("profile", "day.lark", "--name", "x"), 2),
                (("profile", "--picture", str(folder / "none.png")), 2),
                (("people", "enemies"), 2),
                (("account", "delete", "day.lark", "--yes"), 6),
                (("block", "no such name"), 2),
                (("report", first.id, "--reason", "boring"), 2),
                (("follow-requests", "accept", "day.lark"), 6),
            ):
                got, _, complaint = await sidechain(owl, *wrong)
                assert got == code and "Traceback" not in complaint, (wrong, got, complaint)
            assert (await sidechain(owl, "account", "delete", "night.owl", asked="n\n"))[0] == 2
            code, said, complaint = await sidechain(owl, "account", "delete", "night.owl", "--yes")
            assert code == 0 and "Your takes are where they were" in said, complaint
            code, _, _ = await sidechain(lark, "profile", "night.owl")
            assert code == 6
