"""A plugin says a Keep again when it heard no answer: the same Take, also from the next daemon; and from its own Ring."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

import bridge.control as c
from bridge.paths import PLUGIN_SOCKET
from daemon.cli.stage import RunningDaemon, Stage
from plugin_protocol.messages import Keep, KeepFailed, Kept, RingAttached, RingOpened
from tests.support.plugin_peer import PluginPeer
from tests.support.ringfile import RingWriter, numbered_frames
from tests.support.whole import read_wav, short_folder

INSTANCE = b"keeps once only."
FRAMES = 12_000


@asynccontextmanager
async def plugin(run_dir: Path, *rings: RingWriter) -> AsyncIterator[PluginPeer]:
    """A plugin that has announced its Rings."""
    async with PluginPeer(run_dir / PLUGIN_SOCKET) as peer:
        await peer.greet(INSTANCE)
        for ring in rings:
            await announce(peer, ring)
        yield peer


async def announce(peer: PluginPeer, ring: RingWriter) -> None:
    h = ring.header
    opened = RingOpened(
        segment=ring.segment,
        generation=h.generation,
        sample_rate_hz=h.sample_rate_hz,
        channels=h.channels,
        capacity_frames=h.capacity_frames,
    )
    assert isinstance(await peer.ask(opened), RingAttached)


async def take_ids(daemon: RunningDaemon) -> list[str]:
    listed = await daemon.client.request(c.ListTakes())
    assert isinstance(listed, c.TakeList)
    return [take.take_id for take in listed.takes]


async def test_a_keep_repeated_after_the_daemons_death_is_answered_with_the_same_take() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            ring = RingWriter(daemon.run, instance_id=INSTANCE)
            ring.write_numbered(FRAMES)
            keep = Keep(id=7, generation=ring.header.generation, at_frame=FRAMES, seconds=0.125, title="once")
            async with plugin(daemon.run, ring) as peer:
                first = await peer.ask(keep)
                assert isinstance(first, Kept)
            daemon.process.kill()
            await daemon.process.wait()

            daemon = await stage.daemon("a")
            async with plugin(daemon.run, ring) as peer:
                assert await peer.ask(keep) == first
                assert await take_ids(daemon) == [first.take_id]
                another = await peer.ask(
                    Keep(id=8, generation=keep.generation, at_frame=FRAMES, seconds=0.125)
                )
                assert isinstance(another, Kept) and another.take_id != first.take_id
            # Also by a library that was lost and is made again from the files.
            daemon.process.kill()
            await daemon.process.wait()
            for file in daemon.data.glob("library.sqlite3*"):
                file.unlink()
            daemon = await stage.daemon("a")
            async with plugin(daemon.run, ring) as peer:
                assert await peer.ask(keep) == first
            assert sorted(await take_ids(daemon)) == sorted([first.take_id, another.take_id])
            ring.close()


async def test_a_keep_is_cut_from_the_ring_it_was_pressed_for() -> None:
    """The host starts its audio anew between the press and the message: the frames of the old Ring are meant."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            old, new = (RingWriter(daemon.run, instance_id=INSTANCE) for _ in range(2))
            old.write_numbered(FRAMES)
            new.write(np.zeros((FRAMES, 2), dtype=np.float32))
            async with plugin(daemon.run, old, new) as peer:
                keep = Keep(id=1, generation=old.header.generation, at_frame=FRAMES, seconds=0.125)
                kept = await peer.ask(keep)
                assert isinstance(kept, Kept)
                samples = read_wav(daemon.data / "takes" / kept.take_id / "take.wav")
                expected = numbered_frames(FRAMES - 6_000, 6_000)
                assert np.array_equal(samples.view(np.uint32), expected.view(np.uint32))
                gone = await peer.ask(Keep(id=2, generation=123, at_frame=FRAMES, seconds=0.125))
                assert isinstance(gone, KeepFailed)
            old.close()
            new.close()
