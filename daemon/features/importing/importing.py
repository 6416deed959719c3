"""Import: the sound of a file becomes a Take, as durable as one that was kept, and goes the same way from there.

The file comes decoded: strangers' bytes are read in a sandbox by whoever asks (cli/source.py), never here.
"""

import asyncio
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from daemon.core.importing import Words, cut_of_file
from daemon.core.titles import fitting
from daemon.errors import BadAudio, UsageError
from daemon.library.rows import TakeRow
from daemon.library.takes import Made, Takes, new_take
from daemon.library.wav_frames import WavShape, wav_frames, wav_shape

MAX_IMPORT_S = 900.0  # as long as a Take may be


class Importing:
    """[loop]"""

    def __init__(self, takes: Takes) -> None:
        self._takes = takes

    async def take_in(self, path: Path, title: str, words: Words, stem_of: str = "") -> TakeRow:
        """path: float32 as audio.encode.wave writes it; only read. stem_of: a Take, whose Cut is that of its stem.

        Raises BadAudio, UsageError, NoSpace, LibraryStuck.
        """
        whole = await self._takes.find(stem_of) if stem_of else None
        try:
            shape = await asyncio.to_thread(wav_shape, path)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
        if shape is None:
            raise BadAudio(f"{path} is not decoded sound.", "`sidechain import` decodes what it is given.")
        if shape.frames > MAX_IMPORT_S * shape.sample_rate_hz:
            raise BadAudio(f"It is longer than {MAX_IMPORT_S / 60:g} minutes.", "Cut it, and try again.")
        if whole and (whole.frames, whole.sample_rate_hz) != (shape.frames, shape.sample_rate_hz):
            raise BadAudio(f"It is not as long as “{whole.name}”, of which it is to be a stem.")
        row = partial(_stem, whole) if whole else partial(_from_elsewhere, words)
        take, _ = await self._takes.add(lambda: self._made(row(shape, fitting(title).title), path))
        return take

    def _made(self, take: TakeRow, path: Path) -> Made:
        self._takes.require_space(take.frames * 4 * take.channels)
        self._takes.publish(take, None, wav_frames(path, take.channels, 0, take.frames))
        return take, None


def _from_elsewhere(words: Words, shape: WavShape, title: str) -> TakeRow:
    return new_take(
        cut_of_file(shape.frames, shape.sample_rate_hz, words),
        title=title,
        host_name="",
        track_name="",
        sample_rate_hz=shape.sample_rate_hz,
        channels=shape.channels,
    )


def _stem(whole: TakeRow, shape: WavShape, title: str) -> TakeRow:
    made = new_take(
        replace(whole.cut, note=""),
        title=title,
        host_name=whole.host_name,
        track_name=whole.track_name,
        sample_rate_hz=shape.sample_rate_hz,
        channels=shape.channels,
    )
    return replace(made, tags=whole.tags)
