"""Import: the sound of a file becomes a Take, as durable as one that was kept, and goes the same way from there.

The file comes decoded: strangers' bytes are read in a sandbox by whoever asks (cli/source.py), never here.
"""

import asyncio
from pathlib import Path

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

    async def take_in(self, path: Path, title: str, words: Words) -> TakeRow:
        """path: float32 as audio.encode.wave writes it; only read. Raises BadAudio, NoSpace, LibraryStuck."""
        try:
            shape = await asyncio.to_thread(wav_shape, path)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
        if shape is None:
            raise BadAudio(f"{path} is not decoded sound.", "`sidechain import` decodes what it is given.")
        if shape.frames > MAX_IMPORT_S * shape.sample_rate_hz:
            raise BadAudio(f"It is longer than {MAX_IMPORT_S / 60:g} minutes.", "Cut it, and try again.")
        take, _ = await self._takes.add(lambda: self._made(path, shape, title, words))
        return take

    def _made(self, path: Path, shape: WavShape, title: str, words: Words) -> Made:
        self._takes.require_space(shape.frames * 4 * shape.channels)
        take = new_take(
            cut_of_file(shape.frames, shape.sample_rate_hz, words),
            title=fitting(title).title,
            host_name="",
            track_name="",
            sample_rate_hz=shape.sample_rate_hz,
            channels=shape.channels,
        )
        self._takes.publish(take, None, wav_frames(path, shape.channels, 0, shape.frames))
        return take, None
