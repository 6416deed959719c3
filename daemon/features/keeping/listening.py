"""Listening to a part of the History before it is kept: its sound as a WAV file in the cache, the newest few only."""

import asyncio
import os
import secrets
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from audio.encode.wave import wav_f32_header
from bridge.system import create_private
from daemon.config import Config
from daemon.core.capture import Cut
from daemon.core.choosing import Label
from daemon.core.journal import Damaged
from daemon.core.names import take_name
from daemon.errors import LibraryStuck, NothingKept, UsageError
from daemon.events import Bus
from daemon.features.keeping.asking import Ask, Parts
from daemon.features.keeping.keeping import read_part
from daemon.library.sounds import Sound
from daemon.rings.instances import Instance
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import Player
from daemon.system.files import make_folder
from plugin_protocol.messages import Play

MAX_COPIES = 4
SUFFIX = ".wav"


class Copied(Struct, frozen=True, kw_only=True):
    """path: of a WAV file in 32-bit float. It is removed when MAX_COPIES newer ones have been asked for.

    name: what a Take of it would be called.
    """

    path: Path
    sound_at: int  # the byte of its first frame
    name: str
    cut: Cut
    sample_rate_hz: float


class Listening:
    """[loop]"""

    def __init__(self, config: Config, journal: JournalFolder, bus: Bus) -> None:
        self._folder = config.cache / "heard"
        self._parts = Parts(config, journal, bus)

    async def copy(self, player: Player, ask: Ask) -> Copied:
        """The sound of a part. Raises UsageError, NothingKept, LibraryStuck."""
        try:
            return await asyncio.to_thread(self._copy, player, ask)
        except OSError as error:
            raise LibraryStuck(
                f"It cannot be copied to be heard: {error.strerror}.", "Keep it instead."
            ) from error

    async def sound(self, instance: Instance, play: Play) -> Sound:
        """What a Play of kind "history" names, as its own host plays it. Raises UsageError, NothingKept, LibraryStuck."""
        if play.first_frame is None or play.end_frame is None:
            raise UsageError("It is not said which part.", "Select a part of what was played, then listen.")
        ask = Ask(
            first_frame=play.first_frame,
            at_frame=play.end_frame,
            generation=play.span_generation or play.generation,
            snap=play.snap,
        )
        copied = await self.copy(instance, ask)
        cut = copied.cut
        seconds = cut.frames / copied.sample_rate_hz
        return Sound(
            kind=play.kind,
            target=play.target,
            title=f"{cut.bars} bar{'s' if cut.bars > 1 else ''}" if cut.bars else f"{seconds:.1f} s",
            seconds=seconds,
            bpm=cut.bpm,
            bars=cut.bars,
            path=copied.path,
            plain_at=copied.sound_at,
            repeats=True,
        )

    def _copy(self, player: Player, ask: Ask) -> Copied:
        part = self._parts.of(player, ask)
        cut, sound = read_part(self._parts, part)
        for folder in (self._folder.parent, self._folder):
            make_folder(folder)
        older = sorted(self._folder.glob("*" + SUFFIX), key=lambda path: path.stat().st_mtime_ns)
        for path in older[: max(len(older) - MAX_COPIES + 1, 0)]:
            path.unlink(missing_ok=True)
        path = self._folder / (secrets.token_hex(8) + SUFFIX)
        header = wav_f32_header(cut.frames, part.reach.channels, round(part.reach.sample_rate_hz))
        fd = create_private(path)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(header)
                for data in sound:
                    file.write(data)
        except BaseException as error:
            path.unlink(missing_ok=True)
            if isinstance(error, Damaged):
                raise NothingKept(f"It cannot be read: {error}", "Ask for a shorter part.") from error
            raise
        return Copied(
            path=path,
            sound_at=len(header),
            name=_name(part.played_by(player), cut),
            cut=cut,
            sample_rate_hz=part.reach.sample_rate_hz,
        )


def _name(played_by: Label, cut: Cut) -> str:
    at = f"{datetime.now():%H:%M}"
    return take_name("", track_name=played_by.track_name, host_name=played_by.host_name, bpm=cut.bpm, at=at)
