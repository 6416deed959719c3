"""What a plugin's window drags out: takes, posts and parts of the History as WAV files under their names."""

import asyncio
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile

import bridge.control as c
from bridge.paths import PLUGIN_SOCKET
from daemon.cli.stage import RunningDaemon, Stage
from plugin_protocol.layout import Flag, Record
from plugin_protocol.messages import (
    AskFailed,
    Export,
    Exported,
    FeedPage,
    FromDaemon,
    GetFeed,
    Keep,
    Kept,
    RingAttached,
    RingOpened,
    WindowShown,
)
from relay.wire.rest import AudioPost
from tests.support.deadlines import HANG_S
from tests.support.loops import loop_flac
from tests.support.plugin_peer import PluginPeer
from tests.support.relay import RelayClient
from tests.support.ringfile import RingWriter
from tests.support.whole import short_folder

RATE_HZ = 48_000
BAR_FRAMES = 96_000  # 4/4 at 120 BPM
LIMIT_S = HANG_S


class Scene(NamedTuple):
    stage: Stage
    url: str
    post: AudioPost
    heard: np.ndarray


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A relay with a post of mira's, and what the plugin is to play."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, url = await stage.relay()
            mira = RelayClient(url)
            await asyncio.to_thread(mira.sign_in, "mira.k")
            post = await asyncio.to_thread(
                mira.post, loop_flac(5)[0], title="Night bus", bpm=96.0, duration_bars=4
            )
            mira.close()
            heard = np.random.default_rng(11).uniform(-0.5, 0.5, (3 * BAR_FRAMES, 2)).astype(np.float32)
            yield Scene(stage, url, post, heard)


class Plugin(NamedTuple):
    peer: PluginPeer
    daemon: RunningDaemon
    generation: int


async def ask(peer: PluginPeer, question: Export) -> Exported | AskFailed:
    await peer.say(question)
    async with asyncio.timeout(LIMIT_S):
        while not isinstance(heard := await peer.hear(LIMIT_S), Exported | AskFailed):
            pass
    return heard


async def until(peer: PluginPeer, kind: type[FromDaemon]) -> FromDaemon:
    async with asyncio.timeout(LIMIT_S):
        while not isinstance(heard := await peer.hear(LIMIT_S), kind):
            pass
    return heard


async def exported(peer: PluginPeer, **what: object) -> Path:
    answer = await ask(peer, Export(id=1, **what))
    assert isinstance(answer, Exported), answer
    return Path(answer.path)


class Playing:
    """A daemon of these settings, and a plugin of a host at 120 BPM that has played `heard`; its window is open."""

    def __init__(self, scene: Scene, name: str, **settings: str) -> None:
        self._scene, self._name, self._settings = scene, name, settings

    async def __aenter__(self) -> Plugin:
        daemon = await self._scene.stage.daemon(self._name, self._scene.url, **self._settings)
        await daemon.client.request(c.ClaimDevice(username=f"nightowl-{self._name}"))
        await daemon.client.request(c.FollowUser(username="mira.k"))
        self._ring = RingWriter(daemon.run, sample_rate_hz=RATE_HZ, capacity_frames=1 << 19)
        flags = Flag.PLAYING | Flag.VALID_PPQ | Flag.VALID_BPM | Flag.VALID_METER
        record = Record(ring_frame=0, ppq=0.0, bpm=120.0, numerator=4, denominator=4, flags=flags)
        self._ring.write(self._scene.heard, record)
        header = self._ring.header
        self._peer = PluginPeer(daemon.run / PLUGIN_SOCKET)
        await self._peer.greet(instance=header.instance_id, track_name="Lead")
        await self._peer.say(WindowShown(open=True))
        opened = RingOpened(
            segment=self._ring.segment,
            generation=header.generation,
            sample_rate_hz=float(RATE_HZ),
            channels=2,
            capacity_frames=header.capacity_frames,
        )
        await self._peer.say(opened)
        await until(self._peer, RingAttached)
        await self._peer.say(GetFeed(id=0, limit=5))
        await until(self._peer, FeedPage)
        return Plugin(self._peer, daemon, header.generation)

    async def __aexit__(self, *_: object) -> None:
        await self._peer.close()
        self._ring.die()


async def kept(plugin: Plugin, end_bar: int) -> Kept:
    keep = Keep(id=end_bar, generation=plugin.generation, at_frame=end_bar * BAR_FRAMES, bars=2)
    await plugin.peer.say(keep)
    heard = await until(plugin.peer, Kept)
    assert isinstance(heard, Kept)
    return heard


async def test_as_it_was_played_to_the_bit(scene: Scene) -> None:
    async with Playing(scene, "a") as plugin:
        take = await kept(plugin, 3)
        path = await exported(plugin.peer, kind="take", target=take.take_id)
        sound, rate_hz = soundfile.read(path, dtype="float32")
        assert (rate_hz, soundfile.info(path).subtype) == (RATE_HZ, "FLOAT")
        assert np.array_equal(sound, scene.heard[BAR_FRAMES:]), "cut to the bar, the same bits"
        assert path.stem == take.name.replace(":", "."), "under the take's name"
        assert await exported(plugin.peer, kind="take", target=take.take_id) == path, "written once"

        part = {"generation": plugin.generation, "first_frame": 1_234, "end_frame": 99_999}
        path = await exported(plugin.peer, kind="history", **part)
        assert np.array_equal(soundfile.read(path, dtype="float32")[0], scene.heard[1_234:99_999])
        assert path.stem.startswith("Lead · 120 BPM · ")

        path = await exported(plugin.peer, kind="item", target=scene.post.id)
        facts = soundfile.info(path)
        assert (path.name, facts.subtype) == ("Night bus.wav", "FLOAT")
        assert (facts.frames, facts.samplerate) == (scene.post.frames, scene.post.sample_rate_hz)
        await what_is_not_there_is_a_sentence(plugin)
        await it_is_shown(plugin, take)


async def what_is_not_there_is_a_sentence(plugin: Plugin) -> None:
    for what in (
        {"kind": "take", "target": "f" * 32},
        {"kind": "item", "target": "f" * 32},
        {"kind": "history", "generation": plugin.generation, "first_frame": 7, "end_frame": 7},
        {"kind": "history", "generation": plugin.generation + 1, "first_frame": 7, "end_frame": 8},
    ):
        answer = await ask(plugin.peer, Export(id=9, **what))
        assert isinstance(answer, AskFailed) and answer.message.endswith("."), what


async def it_is_shown(plugin: Plugin, take: Kept) -> None:
    """By xdg-open where no file manager answers on a bus; here it is one that says no."""
    answer = await ask(plugin.peer, Export(id=10, kind="take", target=take.take_id, show=True))
    assert isinstance(answer, AskFailed) and "No file manager opens" in answer.message


async def test_in_24_bits_and_at_the_projects_tempo(scene: Scene) -> None:
    async with Playing(scene, "b", export_wav="pcm24", drag_tempo="project") as plugin:
        take = await kept(plugin, 3)
        path = await exported(plugin.peer, kind="take", target=take.take_id)
        assert soundfile.info(path).subtype == "PCM_24"
        sound = soundfile.read(path, dtype="float64")[0]
        assert np.abs(sound - scene.heard[BAR_FRAMES:]).max() <= 2**-24, "to the nearest step of 24 bits"
        path = await exported(plugin.peer, kind="item", target=scene.post.id)
        facts = soundfile.info(path)
        assert facts.frames == round(scene.post.frames * 96.0 / 120.0), "4 bars at 120 BPM"
        assert np.abs(soundfile.read(path)[0]).max() > 0.05
        assert all(each.suffix == ".wav" for each in path.parent.iterdir()), "nothing half-written stays"
        assert soundfile.read(io.BytesIO(path.read_bytes()))[1] == scene.post.sample_rate_hz
        assert os.stat(path.parent).st_mode & 0o077 == 0
