"""A mix of a set: the sum of its Takes that lie to the frame, each as loud as it was. A Take like any other, float without a ceiling.

It is summed into a file aside by a process of its own (mix_worker.py), and becomes a Take as sound from elsewhere does.
"""

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from audio.encode.wave import wav_f32_header
from daemon.core.titles import fitting
from daemon.errors import LibraryStuck, UsageError
from daemon.features.keeping.mix_worker import CHANNELS, MixJob, Part
from daemon.library.files import TAKE_WAV
from daemon.library.rows import TakeRow
from daemon.library.takes import Takes, new_take
from daemon.system.children import run_once
from daemon.system.files import TMP_PREFIX
from daemon.system.reading import open_shared
from plugin_protocol.layout import SAMPLE_BYTES

LIMIT_S = 300.0  # 64 Takes of a quarter of an hour, on a slow disk
PIECE_BYTES = 1 << 20


class Mixing:
    """[loop]"""

    def __init__(self, takes: Takes) -> None:
        self._takes = takes

    async def mix(self, takes: list[TakeRow], title: str) -> TakeRow:
        """takes: of one set, the first first. Raises UsageError, NoSpace, LibraryStuck."""
        first = takes[0]
        aligned = [
            take
            for take in takes
            if (take.set_clock, take.frames, take.sample_rate_hz)
            == ("frames", first.frames, first.sample_rate_hz)
        ]
        if len(aligned) < 2:
            raise UsageError(
                "There are no two takes in this set that lie to the frame.", "Post one of them instead."
            )
        names = ", ".join(take.track_name or take.host_name for take in aligned)
        note = f"{first.cut.note} A mix of {names}.".strip()
        mixed = new_take(
            msgspec.structs.replace(first.cut, note=note[:512]),
            title=fitting(title).title,
            host_name=first.host_name,
            track_name="Mix",
            sample_rate_hz=first.sample_rate_hz,
            channels=CHANNELS,
        )
        aside = self._takes.folder / f"{TMP_PREFIX}mix-{mixed.take_id}"
        try:
            await asyncio.to_thread(self._takes.require_space, mixed.frames * CHANNELS * SAMPLE_BYTES)
            await self._sum(aside, aligned)
            made, _ = await self._takes.add(lambda: (self._written(mixed, aside), None))
        finally:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(aside.unlink, True)
        return made

    async def _sum(self, aside: Path, takes: list[TakeRow]) -> None:
        """Raises LibraryStuck."""
        parts = [
            Part(
                path=str(self._takes.folder / take.take_id / TAKE_WAV),
                head_bytes=len(wav_f32_header(take.frames, take.channels, round(take.sample_rate_hz))),
                channels=take.channels,
            )
            for take in takes
        ]
        job = MixJob(out=str(aside), frames=takes[0].frames, parts=parts)
        command = [sys.executable, "-m", "daemon.features.keeping.mix_worker"]
        try:
            ended = await run_once(command, msgspec.msgpack.encode(job), LIMIT_S)
        except (TimeoutError, OSError) as error:
            raise LibraryStuck("The mix took too long, or could not begin.", "Try again.") from error
        if ended.code:
            why = ended.err.decode(errors="replace").strip().rpartition("\n")[2]
            raise LibraryStuck(f"The takes could not be mixed: {why[:300]}.", "Look after the disk.")

    def _written(self, mixed: TakeRow, aside: Path) -> TakeRow:
        """[worker]"""
        with open_shared(aside) as file:
            self._takes.publish(mixed, None, _pieces(file))
        return mixed


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece
