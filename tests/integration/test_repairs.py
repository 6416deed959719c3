"""A loop is mended and unmended: the sound as played is never touched, and all that is made of it follows."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from audio.encode.wave import wav_f32_header
from audio.loop import micro_fade, wrap_tail
from audio.read.reader import read_audio
from daemon.config import Config
from daemon.core import outbox
from daemon.errors import NothingThere, SidechainError, UsageError
from daemon.events import Bus, TakeChanged
from daemon.features.rendering.renderer import Renderer
from daemon.features.repairs.repairs import Repairs
from daemon.library.entries import Entries, new_entry
from daemon.library.files import TAIL_WAV, TAKE_FLAC, TAKE_WAV
from daemon.library.sidecars import read_take
from daemon.library.store import Store
from daemon.library.takes import Takes
from tests.support.deadlines import HANG_S
from tests.support.takes import RATE_HZ, publish, take
from tests.support.tones import sine

LIMIT_S = HANG_S


class Library:
    """One take with a step at its seam, and what answers for it."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "takes" / take(1).take_id
        self.sound = sine(441.3, -12, 0.5, RATE_HZ)
        publish(home / "takes", take(1, frames=len(self.sound)), self.sound)
        self.store = Store(home / "library.sqlite3")
        self.store.add_take(read_take(self.folder))
        self._finished: asyncio.Queue[str] = asyncio.Queue()
        bus = Bus()
        bus.on(TakeChanged, lambda event: self._finished.put_nowait(event.take_id))
        self.renderer = Renderer(self.store, home / "takes", bus, home / "cache", 1 << 26)
        config = Config(data_dir=str(home), run_dir=str(home), undo_seconds=0)
        self.takes = Takes(config, self.store, bus)
        self.entries = Entries(config, self.store, bus)
        self.repairs = Repairs(self.store, self.takes, bus)

    async def made(self) -> None:
        """Wait until the take was rendered once more."""
        await self._finished.get()

    def flac(self) -> np.ndarray:
        return read_audio((self.folder / TAKE_FLAC).read_bytes()).samples

    def seam(self) -> tuple[object, object]:
        figures = self.store.takes(1)[0].recording or {}
        return figures["seam_score"], figures["seam_reason"]


@asynccontextmanager
async def living(home: Path) -> AsyncIterator[Library]:
    library = Library(home)
    task = asyncio.create_task(library.renderer.run())
    try:
        async with asyncio.timeout(LIMIT_S):
            await library.made()
            yield library
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        library.store.close()


LAST = take(1).take_id


async def test_a_fade_mends_the_step_and_undo_brings_every_byte_back(tmp_path: Path) -> None:
    async with living(tmp_path) as library:
        names = [path.name for path in library.folder.iterdir() if path.name != "take.json"]
        before = {name: (library.folder / name).read_bytes() for name in names}
        score, reason = library.seam()
        assert isinstance(score, float) and score < 0.5 and reason == "step"
        await library.repairs.repair(LAST, None)
        await library.made()
        assert (library.folder / TAKE_WAV).read_bytes() == before[TAKE_WAV], "the sound as played"
        assert library.seam() == (1.0, "clean")
        np.testing.assert_allclose(library.flac(), micro_fade(library.sound, RATE_HZ), atol=2**-23)
        assert read_take(library.folder).repair == "fade", "a rebuilt library knows it too"
        with pytest.raises(UsageError, match="already"):
            await library.repairs.repair(LAST, "fade")
        await library.repairs.undo(LAST)
        await library.made()
        assert {name: (library.folder / name).read_bytes() for name in names} == before
        assert library.seam() == (score, reason) and read_take(library.folder).repair is None
        with pytest.raises(NothingThere, match="no repair"):
            await library.repairs.undo(LAST)


async def test_what_rang_on_goes_under_the_first_bar(tmp_path: Path) -> None:
    async with living(tmp_path) as library:
        with pytest.raises(UsageError, match="--fade"):
            await library.repairs.repair(LAST, "wrap")
        tail = sine(441.3, -30, 0.1, RATE_HZ)
        header = wav_f32_header(len(tail), 2, RATE_HZ)
        (library.folder / TAIL_WAV).write_bytes(header + tail.tobytes())
        await library.repairs.repair(LAST, "wrap")
        await library.made()
        np.testing.assert_allclose(library.flac(), wrap_tail(library.sound, tail, RATE_HZ), atol=2**-23)
        assert soundfile.info(library.folder / TAKE_WAV).frames == len(library.sound)


async def test_a_post_made_after_the_repair_carries_the_mended_sound(tmp_path: Path) -> None:
    async with living(tmp_path) as library:
        await library.repairs.repair(LAST, None)
        row = library.store.takes(1)[0]
        entry = await library.entries.post(row, "", "owl")
        assert entry.state is outbox.State.WAITING, "the copy that is there is not the sound any more"
        with pytest.raises(SidechainError, match="on its way"):
            await library.repairs.undo(LAST)
        await library.made()
        released = library.store.entry_of(LAST)
        assert released and released.state is outbox.State.QUEUED
        assert released.sha256 == hashlib.sha256((library.folder / TAKE_FLAC).read_bytes()).hexdigest()


async def test_a_post_that_is_out_stays_what_it_was(tmp_path: Path) -> None:
    async with living(tmp_path) as library:
        row = library.store.takes(1)[0]
        accepted = msgspec.structs.replace(
            new_entry(row, "", "owl"), state=outbox.State.ACCEPTED, sha256=row.flac_sha256, post_id="p"
        )
        library.store.add_entry(accepted)
        await library.repairs.repair(LAST, None)
        await library.made()
        after = library.store.entry_of(LAST)
        assert after and (after.state, after.sha256) == (outbox.State.ACCEPTED, row.flac_sha256)
