"""A screen, a relay with a post of mira's, and a daemon whose account follows her: what tests of the plugin's window begin with."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage
from relay.wire.rest import AudioPost
from tests.support.plugin_window import publish
from tests.support.relay import RelayClient
from tests.support.screen import Screen, x_server
from tests.support.whole import short_folder


class Following(NamedTuple):
    stage: Stage
    folder: Path
    screen: Screen
    daemon: RunningDaemon
    post: AudioPost


@contextlib.asynccontextmanager
async def following_mira(
    monkeypatch: pytest.MonkeyPatch, number: int, title: str, **settings: str
) -> AsyncIterator[Following]:
    """number: which sound she posts. settings: of the daemon."""
    with short_folder() as folder:
        async with Stage(folder) as stage, x_server(folder) as screen:
            monkeypatch.setenv("DISPLAY", screen.display)
            _, url = await stage.relay()
            mira = RelayClient(url)
            await asyncio.to_thread(mira.sign_in, "mira.k")
            post = await asyncio.to_thread(publish, mira, number, title)
            await asyncio.to_thread(mira.close)
            daemon = await stage.daemon("a", url, **settings)
            await daemon.client.request(c.ClaimDevice(username="nightowl"))
            await daemon.client.request(c.FollowUser(username="mira.k"))
            yield Following(stage, folder, screen, daemon, post)
