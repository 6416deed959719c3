"""Keep + post in the plugin's window, and second thoughts: the button is Undo, counts down, and keeps the post here."""

import asyncio

import numpy as np
import pytest

import bridge.control as c
from bridge.async_client import AsyncControlClient
from daemon.cli.stage import Stage
from tests.acceptance.test_plugin_window import BAR_FRAMES
from tests.support.clap import KEPT, LINK, begin_clap, made_for_tests
from tests.support.deadlines import HANG_S
from tests.support.hosts import Stretch, until_heard
from tests.support.plugin_window import WindowOf
from tests.support.screen import WARM, count, x_server
from tests.support.whole import short_folder

HELD_S = "600"


async def test_keep_and_post_can_be_undone_where_it_was_clicked(monkeypatch: pytest.MonkeyPatch) -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage, x_server(folder) as screen:
            monkeypatch.setenv("DISPLAY", screen.display)
            _, url = await stage.relay()
            daemon = await stage.daemon("a", url, undo_seconds=HELD_S)
            await daemon.client.request(c.ClaimDevice(username="nightowl"))
            async with begin_clap(stage, host=made_for_tests("clap_host_window"), daemon=daemon) as beside:
                host = beside.host
                await host.open()
                window = WindowOf(host.do, "undo", screen)
                await window.open()
                await host.play(Stretch(frames=9 * BAR_FRAMES + 30_000))
                await until_heard(daemon, 9 * BAR_FRAMES)
                await host.until_text(LINK, "Ready")
                await window.click("post")
                await host.until_text(KEPT, "1")
                await window.point("head")  # a button under the pointer is lighter
                held = await window.until(
                    lambda p: count(window.part(p, "post"), WARM) > 2_000, "that it can be undone"
                )
                assert count(window.part(held, "progress"), WARM) > 500, "and how long"
                await window.picture("held")
                assert await state_of_last(daemon.client) == "held"
                first = window.part(held, "post")
                await window.until(
                    lambda p: not np.array_equal(window.part(p, "post"), first), "that the seconds go by"
                )
                await window.click("post")
                async with asyncio.timeout(HANG_S):
                    while await state_of_last(daemon.client) != "discarded":
                        await window.look()
                await window.picture("undone")
                assert len(await takes(daemon.client)) == 1, "the take stays"
                await host.do("close")


async def takes(client: AsyncControlClient) -> list[c.TakeInfo]:
    listed = await client.request(c.ListTakes())
    assert isinstance(listed, c.TakeList)
    return listed.takes


async def state_of_last(client: AsyncControlClient) -> str | None:
    return (await takes(client))[0].entry_state
