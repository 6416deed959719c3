"""Trim: a part of a Take, by its bars or by seconds, as a Take of its own. The one that it is of stays as it is."""

import asyncio

import msgspec

from daemon.core.trimming import part_by_bars, trimmed
from daemon.errors import UsageError
from daemon.library.files import TAKE_WAV
from daemon.library.rows import TakeRow
from daemon.library.takes import Made, Takes, new_take
from daemon.library.wav_frames import wav_frames

MIN_PART_S = 0.1


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Which part: bars, the first and the last, counted from 1; or from `from_s` to `to_s` (None: the end)."""

    bars: tuple[int, int] | None = None
    from_s: float = 0.0
    to_s: float | None = None


class Trimming:
    """[loop]"""

    def __init__(self, takes: Takes) -> None:
        self._takes = takes

    async def trim(self, prefix: str, part: Part, title: str) -> TakeRow:
        """The new Take, under `title` or the old one's. Raises UsageError, SidechainError, NoSpace, LibraryStuck."""
        take = await self._takes.find(prefix)
        first, end = _frames(take, part)
        if (first, end) == (0, take.frames):
            raise UsageError("That is all of it.", "Say a part: `sidechain takes show` has its length.")
        await asyncio.to_thread(self._takes.require_sound, take)
        made, _ = await self._takes.add(lambda: self._made(take, first, end, title))
        return made

    def _made(self, take: TakeRow, first: int, end: int, title: str) -> Made:
        self._takes.require_space((end - first) * 4 * take.channels)
        made = new_take(
            trimmed(take.cut, first, end),
            title=title or take.title,
            host_name=take.host_name,
            track_name=take.track_name,
            sample_rate_hz=take.sample_rate_hz,
            channels=take.channels,
        )
        made = msgspec.structs.replace(made, tags=take.tags)
        source = self._takes.folder / take.take_id / TAKE_WAV
        self._takes.publish(made, None, wav_frames(source, take.channels, first, end - first))
        return made, None


def _frames(take: TakeRow, part: Part) -> tuple[int, int]:
    """Raises UsageError."""
    if part.bars is not None:
        try:
            return part_by_bars(take.cut, *part.bars)
        except ValueError:
            has = f"bars 1 to {take.cut.bars}" if take.cut.bars else "no bars, as it was not cut on bar lines"
            raise UsageError(
                f"“{take.name}” has {has}.", "Give bars that it has, or --from and --to in seconds."
            ) from None
    seconds = take.frames / take.sample_rate_hz
    to_s = seconds if part.to_s is None else part.to_s
    if not 0.0 <= part.from_s <= to_s - MIN_PART_S or to_s > seconds:
        raise UsageError(
            f"From {part.from_s:g} to {to_s:g} s is no part of “{take.name}”: it is {seconds:.2f} s long.",
            f"Give a part of {MIN_PART_S:g} s or more.",
        )
    return round(part.from_s * take.sample_rate_hz), min(round(to_s * take.sample_rate_hz), take.frames)
