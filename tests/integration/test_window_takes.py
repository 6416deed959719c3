"""The list of takes in a plugin's window: pages, search, and each thing done to a take told to all windows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import numpy as np
import pytest

import bridge.control as c
from bridge.paths import PLUGIN_SOCKET
from daemon.cli.stage import RunningDaemon, Stage
from plugin_protocol.messages import (
    Asked,
    AskFailed,
    FromDaemon,
    FromPlugin,
    Keep,
    Kept,
    RingAttached,
    RingOpened,
    WindowShown,
)
from plugin_protocol.take_messages import (
    DiscardTake,
    GetTakes,
    RenameTake,
    RepairTake,
    TagTake,
    TakeGone,
    TakeInfo,
    TakesPage,
)
from tests.support.deadlines import HANG_S
from tests.support.plugin_peer import PluginPeer
from tests.support.ringfile import RingWriter
from tests.support.whole import short_folder

LIMIT_S = HANG_S
RATE_HZ = 8_000
TAKES = 5


class Scene(NamedTuple):
    daemon: RunningDaemon
    peer: PluginPeer
    ids: list[str]  # newest first


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A plugin whose window is open, and takes that it has kept. Nobody is asked for a relay."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            ring = RingWriter(daemon.run, sample_rate_hz=RATE_HZ, capacity_frames=1 << 16)
            ring.write(np.random.default_rng(3).uniform(-0.5, 0.5, (40_000, 2)).astype(np.float32))
            async with PluginPeer(daemon.run / PLUGIN_SOCKET) as peer:
                await peer.greet(instance=ring.header.instance_id, track_name="Lead")
                await peer.say(WindowShown(open=True))
                opened = RingOpened(
                    segment=ring.segment,
                    generation=ring.header.generation,
                    sample_rate_hz=float(RATE_HZ),
                    channels=2,
                    capacity_frames=1 << 16,
                )
                await peer.say(opened)
                await until(peer, lambda m: isinstance(m, RingAttached))
                ids = []
                for number in range(1, TAKES + 1):
                    end = number * RATE_HZ - 1  # no take is like another
                    keep = Keep(id=number, generation=ring.header.generation, at_frame=end, seconds=0.5)
                    await peer.say(keep)
                    ids.insert(0, await kept_and_drawn(peer))
                yield Scene(daemon, peer, ids)
            ring.die()


async def kept_and_drawn(peer: PluginPeer) -> str:
    """The take's id, when both were told: that it is kept, and what it looks like; in whatever order."""
    kept, drawn = "", set[str]()
    async with asyncio.timeout(LIMIT_S):
        while not kept or kept not in drawn:
            heard = await peer.hear(LIMIT_S)
            if isinstance(heard, Kept):
                kept = heard.take_id
            elif isinstance(heard, TakeInfo) and len(heard.outline) > 0:
                drawn.add(heard.take_id)
    return kept


async def until(peer: PluginPeer, wanted: Callable[[FromDaemon], bool]) -> FromDaemon:
    async with asyncio.timeout(LIMIT_S):
        while not wanted(heard := await peer.hear(LIMIT_S)):
            pass
    return heard


async def ask(peer: PluginPeer, question: FromPlugin) -> FromDaemon:
    await peer.say(question)
    return await until(peer, lambda m: isinstance(m, Asked | AskFailed))


async def page(peer: PluginPeer, ask_id: int, **what: object) -> tuple[list[TakeInfo], str]:
    await peer.say(GetTakes(id=ask_id, **{"limit": 20} | what))
    rows: list[TakeInfo] = []
    while not isinstance(heard := await peer.hear(LIMIT_S), TakesPage):
        assert not isinstance(heard, AskFailed), heard
        if isinstance(heard, TakeInfo) and heard.id == ask_id:
            rows.append(heard)
    assert heard.id == ask_id
    return rows, heard.next


async def test_the_library_comes_in_pages_newest_first_and_is_searched(scene: Scene) -> None:
    peer, found, cursor = scene.peer, list[str](), ""
    for number in range(3):
        rows, cursor = await page(peer, 10 + number, cursor=cursor, limit=2)
        found += [row.take_id for row in rows]
    assert (found, cursor) == (scene.ids, "")
    (row,), _ = await page(peer, 20, limit=1)
    assert row.name.startswith("Lead · ") and not row.titled and row.state == "kept"
    assert (row.duration_ms, row.bars, row.bpm, row.tags) == (500, None, None, "")
    assert max(row.outline) > 40, "full scale is 127"
    await scene.daemon.client.request(c.RenameTake(take_id=scene.ids[3], title="Night idea"))
    rows, _ = await page(peer, 21, search="IDEA night")
    assert [(r.take_id, r.name, r.titled) for r in rows] == [(scene.ids[3], "Night idea", True)]
    assert await page(peer, 22, search="nothing like it") == ([], "")
    await peer.say(GetTakes(id=23, cursor="nonsense", limit=5))
    assert isinstance(await until(peer, lambda m: isinstance(m, AskFailed)), AskFailed)


async def test_what_is_done_to_a_take_is_told_to_windows(scene: Scene) -> None:
    peer, take_id = scene.peer, scene.ids[2]
    await done(peer, RenameTake(id=30, take_id=take_id, title="Läufe"), lambda row: row.name == "Läufe")
    assert isinstance(await ask(peer, RenameTake(id=31, take_id=take_id[:8], title="x")), AskFailed)
    await scene.daemon.client.request(c.TagTake(take_id=take_id, add=("verse",)))
    await until(peer, lambda m: isinstance(m, TakeInfo) and m.tags == "verse")
    retag = TagTake(id=32, take_id=take_id, add="dark , low", remove="verse")
    await done(peer, retag, lambda row: row.tags == "dark, low" and row.name == "Läufe")
    refused = await ask(peer, TagTake(id=33, take_id=take_id, add="x" * 40))
    assert isinstance(refused, AskFailed) and "at most" in refused.message
    await peer.say(DiscardTake(id=34, take_id=take_id, discard=True))
    await until(peer, lambda m: m == TakeGone(take_id=take_id))
    assert len((await page(peer, 35))[0]) == TAKES - 1
    await done(peer, DiscardTake(id=36, take_id=take_id, discard=False), lambda row: row.take_id == take_id)
    assert [row.take_id for row in (await page(peer, 37))[0]] == scene.ids, "where it was"
    for number, (repair, how) in enumerate(((True, "fade"), (False, ""))):
        mend = RepairTake(id=40 + number, take_id=take_id, repair=repair)
        await done(peer, mend, lambda row, how=how: row.repair == how)
        await until_made(scene, take_id)
    await scene.daemon.client.request(c.DeleteTake(take_id=scene.ids[0]))
    await until(peer, lambda m: m == TakeGone(take_id=scene.ids[0]))


async def done(peer: PluginPeer, question: FromPlugin, wanted: Callable[[TakeInfo], bool]) -> None:
    """Carried out, and told as a changed row, in any order."""
    await peer.say(question)
    asked = changed = False
    while not (asked and changed):
        heard = await peer.hear(LIMIT_S)
        assert not isinstance(heard, AskFailed), heard
        asked = asked or isinstance(heard, Asked)
        changed = changed or (isinstance(heard, TakeInfo) and heard.id == 0 and wanted(heard))


async def until_made(scene: Scene, take_id: str) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            shown = await scene.daemon.client.request(c.ShowTake(take_id=take_id))
            assert isinstance(shown, c.OneTake)
            if shown.take.state == "ready":
                return
            await asyncio.sleep(0.05)
