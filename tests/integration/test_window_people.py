"""What a plugin's window has done with people and pages, with a real relay: follow, a page in the browser, claim; who is producing
and how far back the History reaches come with each heartbeat."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

import bridge.control as c
from bridge.paths import PLUGIN_SOCKET
from daemon.cli.stage import RunningDaemon, Stage
from plugin_protocol.messages import (
    Alive,
    Asked,
    AskFailed,
    FromPlugin,
    Heartbeat,
    Item,
    Notice,
    WindowShown,
)
from plugin_protocol.people_messages import ClaimDevice, FollowPerson, OpenPage
from relay.wire.events import Presence
from tests.support.claims import FormBrowser
from tests.support.deadlines import HANG_S
from tests.support.loops import short_flac
from tests.support.plugin_peer import PluginPeer
from tests.support.relay import RelayClient
from tests.support.whole import short_folder


class Scene(NamedTuple):
    daemon: RunningDaemon
    url: str
    mira: RelayClient
    peer: PluginPeer
    opened: Path  # the address that the browser was given last


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """A daemon that is nobody's yet, a window, and a browser that only notes what it is to show."""
    with short_folder() as folder:
        opened = folder / "opened"
        browser = folder / "bin" / "xdg-open"
        browser.parent.mkdir()
        browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {folder}/aside && /bin/mv {folder}/aside {opened}\n')
        browser.chmod(0o755)
        monkeypatch.setenv("PATH", str(browser.parent), prepend=":")
        async with Stage(folder) as stage:
            _, url = await stage.relay()
            daemon = await stage.daemon("a", url)
            with closing(RelayClient(url)) as mira:
                await asyncio.to_thread(mira.sign_in, "mira.k")
                async with PluginPeer(daemon.run / PLUGIN_SOCKET) as peer:
                    await peer.greet()
                    await peer.say(WindowShown(open=True))
                    yield Scene(daemon, url, mira, peer, opened)


async def ask(peer: PluginPeer, question: FromPlugin) -> Asked | AskFailed:
    await peer.say(question)
    while not isinstance(heard := await peer.hear(), Asked | AskFailed):
        pass
    return heard


async def alive(peer: PluginPeer, **wanted: object) -> Alive:
    """Once a heartbeat is answered so; a few a second, as more are not read."""
    async with asyncio.timeout(HANG_S):
        while True:
            await peer.say(Heartbeat(process_count=1, playing=False))
            while not isinstance(heard := await peer.hear(), Alive):
                pass
            if all(getattr(heard, key) == value for key, value in wanted.items()):
                return heard
            await asyncio.sleep(0.1)


async def test_claimed_by_a_button_then_followed_and_its_page_opened(scene: Scene) -> None:
    peer = scene.peer
    assert await ask(peer, ClaimDevice(id=1)) == Asked(id=1)
    await asyncio.to_thread(say_yes, scene.url, scene.opened.read_text())
    await alive(peer, account="nightowl", relay_state="online")

    assert await ask(peer, FollowPerson(id=2, username="mira.k", follow=True)) == Asked(id=2)
    with closing(await asyncio.to_thread(scene.mira.socket)) as live:
        live.send(Presence(status="producing", daw="Bitwig", bpm=128.0))
        told = await alive(peer, friends="mira.k")
        assert (told.friends_producing, told.reach_ms) == (1, 0)
    await alive(peer, friends="")

    post = await asyncio.to_thread(scene.mira.post, short_flac(), title="just now")
    async with asyncio.timeout(HANG_S):
        while not (isinstance(heard := await peer.hear(), Item) and heard.post_id == post.id):
            pass
    assert await ask(peer, OpenPage(id=3, kind="item", target=post.id)) == Asked(id=3)
    assert scene.opened.read_text() == post.page_url
    assert await ask(peer, FollowPerson(id=4, username="mira.k", follow=False)) == Asked(id=4)
    followed = (await asyncio.to_thread(scene.mira.http.get, "/users/mira.k")).json()
    assert followed["follower_count"] == 0


def say_yes(url: str, page: str) -> None:
    """As the person does in the browser; then the page leads back to the device."""
    with FormBrowser(url) as browser:
        browser.sign_in("nightowl")
        answer = browser.press(browser.http.get(page))
        assert browser.http.get(answer.headers["location"]).status_code == 302, (
            "and on to a page that says so"
        )


async def test_what_has_no_page_or_no_name_is_a_sentence_and_a_claim_that_is_refused_is_told(
    scene: Scene,
) -> None:
    peer = scene.peer
    refused = [
        await ask(peer, OpenPage(id=1, kind="take", target="nothing")),
        await ask(peer, OpenPage(id=2, kind="item", target="nothing")),
        await ask(peer, FollowPerson(id=3, username="-", follow=True)),
    ]
    said = [answer.message for answer in refused if isinstance(answer, AskFailed)]
    wanted = ("no page", "not in the feed", "no account's name")
    assert all(words in text for words, text in zip(wanted, said, strict=True)), said
    assert not scene.opened.exists()

    assert await ask(peer, ClaimDevice(id=4)) == Asked(id=4)
    await asyncio.to_thread(say_no, scene.url, scene.opened.read_text())
    async with asyncio.timeout(HANG_S):
        while not isinstance(heard := await peer.hear(), Notice):
            pass
    assert heard.kind == "claim" and "answered with no" in heard.message
    status = await scene.daemon.client.request(c.GetStatus())
    assert isinstance(status, c.Status) and status.account is None


def say_no(url: str, page: str) -> None:
    with FormBrowser(url) as browser:
        browser.sign_in("nightowl")
        answer = browser.press(browser.http.get(page), "no")
        browser.http.get(answer.headers["location"])
