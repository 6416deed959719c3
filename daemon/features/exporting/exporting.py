"""Takes, posts and parts of the History as WAV files under their names, for hosts and file managers.

    exports/KEY/NAME.wav      KEY: a hash of what it is of and how it is written; so the same is written once

A file is there whole or not at all. It stays for LEAST_KEPT_US after it was asked for last, for a host may read it where it
lies; beyond that the newest `drag_files` stay. How it is written (24 bit or float, its own tempo or the host's) is settings.
Not here: who asks (doors/plugin), and what is decoded (export_worker.py).
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from weakref import WeakValueDictionary

import msgspec
from msgspec import Struct

from daemon.config import Config
from daemon.core.names import SEPARATOR, file_stem
from daemon.core.preview import Plan, plan
from daemon.errors import BadAudio, NoSpace, SidechainError
from daemon.events import Bus, SettingsChanged
from daemon.features.exporting.export_worker import ExportJob, FromExportWorker, NotWritten
from daemon.library.sounds import Sound
from daemon.system.children import Child, ChildDied
from daemon.system.clock import Clock
from daemon.system.file_manager import show_file
from daemon.system.files import TMP_PREFIX
from relay.wire.rest import AudioPost

log = logging.getLogger(__name__)

LEAST_KEPT_US = 24 * 3600 * 1_000_000
TIDY_INTERVAL_S = 3600.0
IDLE_S = 60.0
ANSWER_LIMIT_S = 35.0  # a window gives up after 40
MAX_FRAME_BYTES = 4096
MAX_PATH_BYTES = 1024  # of the message that names it

Fetched = Callable[[AudioPost, Callable[[float], None]], Awaitable[Path]]

_answers: msgspec.msgpack.Decoder[FromExportWorker] = msgspec.msgpack.Decoder(FromExportWorker)


class ExportedFile(Struct, frozen=True, kw_only=True):
    """note: a sentence, why it is not at the host's tempo although that is set."""

    path: Path
    name: str
    note: str = ""


class Exporting:
    """All methods are [loop]. fetched: the sound of a post as a file here, from the relay if it must be."""

    def __init__(self, config: Config, fetched: Fetched, bus: Bus, clock: Clock | None = None) -> None:
        self._config = config
        self._fetched = fetched
        self._clock = clock or Clock()
        self._folder = config.exports
        self._writing = WeakValueDictionary[str, asyncio.Lock]()  # by key, while anybody holds or waits
        self._worker = Child(self._command, _answers, max_answer_bytes=MAX_FRAME_BYTES, idle_s=IDLE_S)
        bus.on(SettingsChanged, self._settings_changed)

    def _settings_changed(self, event: SettingsChanged) -> None:
        self._config = event.config

    async def close(self) -> None:
        """End the worker."""
        await self._worker.stop()

    async def run(self) -> None:
        """Tidy up, for ever; cancelled at shutdown."""
        while True:
            await asyncio.to_thread(self._tidy)
            await self._clock.wait(asyncio.Event(), TIDY_INTERVAL_S)

    async def export(self, sound: Sound, host_bpm: float | None) -> ExportedFile:
        """The sound's file, written if it is not there. host_bpm: None when the host tells none.

        Raises NoSpace, BadAudio, SidechainError, and what fetching a post raises.
        """
        planned = plan(
            wanted=self._config.drag_tempo == "project",
            bpm=sound.bpm,
            bars=None,
            host_bpm=host_bpm,
            host_playing=None,
        )
        name = _name(sound)
        key = self._key(sound, name, planned)
        path = self._folder / key / f"{file_stem(name)}.wav"
        if len(os.fsencode(path)) > MAX_PATH_BYTES:
            raise SidechainError(
                f"The path of the file would be too long: {self._folder}.", "Choose a shorter data_dir."
            )
        lock = self._writing.setdefault(key, asyncio.Lock())
        async with lock:
            if not await asyncio.to_thread(_touch, path):
                await self._write(sound, planned, path)
        return ExportedFile(path=path, name=name, note="" if planned.in_sync else planned.note)

    async def show(self, path: Path) -> None:
        """In the system's file manager. Raises SidechainError."""
        await show_file(path)

    def _key(self, sound: Sound, name: str, planned: Plan) -> str:
        address = sound.post.audio_url if sound.post else ""  # another one once its sound was replaced
        text = (
            f"{address}\0{sound.kind}\0{sound.target}\0{name}\0{self._config.export_wav}\0{planned.speed!r}"
        )
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    # writing ----------------------------------------------------------------------------------------------------

    async def _write(self, sound: Sound, planned: Plan, path: Path) -> None:
        source = sound.path
        if sound.post is not None:
            source = await self._fetched(sound.post, lambda _: None)
        aside = path.with_name(TMP_PREFIX + "export.wav")
        try:
            await asyncio.to_thread(self._prepare, source, path.parent, aside)
            is_as_it_is = sound.post is None and planned.speed == 1.0 and self._config.export_wav == "float32"
            if is_as_it_is:
                await asyncio.to_thread(shutil.copyfile, source, aside)
            else:
                await self._convert(source, aside, planned.speed)
            await asyncio.to_thread(os.replace, aside, path)
        except OSError as error:
            raise BadAudio(
                f"The file cannot be written: {error.strerror or error}.", "Free some space, then try again."
            ) from error
        finally:
            await asyncio.to_thread(_remove_unless, path, aside)

    def _prepare(self, source: Path, folder: Path, aside: Path) -> None:
        """Raises NoSpace, OSError. [worker]"""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside.unlink(missing_ok=True)
        free_bytes = shutil.disk_usage(folder).free
        needed_bytes = self._config.min_free_bytes + source.stat().st_size
        if free_bytes < needed_bytes:
            raise NoSpace(
                f"Only {free_bytes / 1e6:.1f} MB are free where files for hosts are written ({self._folder}).",
                "Free some space, then try again.",
            )

    async def _convert(self, source: Path, target: Path, speed: float) -> None:
        """Raises BadAudio, OSError."""
        pcm24 = self._config.export_wav == "pcm24"
        job = ExportJob(source=str(source), target=str(target), speed=speed, pcm24=pcm24)
        try:
            async with self._worker.conversation(ANSWER_LIMIT_S) as worker:
                await worker.say(job)
                answer = await worker.hear()
        except (ChildDied, TimeoutError) as error:
            log.warning("a sound was not exported: %r", error)
            raise BadAudio(
                "The sound could not be decoded; it may be damaged.", "Try another one."
            ) from error
        if isinstance(answer, NotWritten):
            raise BadAudio(answer.message, "Try another one.")

    def _command(self) -> list[str]:
        """All folders have to be there: the sandbox opens them."""
        folders = (self._folder, self._config.takes, self._config.previews, self._config.cache)
        for folder in folders:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [sys.executable, "-m", "daemon.features.exporting.export_worker", *map(str, folders)]

    # tidying ----------------------------------------------------------------------------------------------------

    def _tidy(self) -> None:
        """Remove the oldest beyond `drag_files`, but none that was asked for within the last day. [worker]"""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for folder in self._folder.iterdir():
                with contextlib.suppress(OSError):
                    found.append((folder.stat().st_mtime_ns, folder))
        found.sort(reverse=True)
        newest_ns = (self._clock.unix_us() - LEAST_KEPT_US) * 1000
        for changed_ns, folder in found[self._config.drag_files :]:
            if changed_ns < newest_ns:
                shutil.rmtree(folder, ignore_errors=True)


def _name(sound: Sound) -> str:
    """What the file is called. A post may have no title: then by who made it, and its tempo."""
    if sound.title or sound.post is None:
        return sound.title
    tempo = f"{SEPARATOR}{sound.bpm:.5g} BPM" if sound.bpm else ""
    return sound.post.username + tempo


def _touch(path: Path) -> bool:
    """Asked for now. False: it is not there."""
    try:
        os.utime(path)
        os.utime(path.parent)  # whose time says how long it stays
        return True
    except OSError:
        return False


def _remove_unless(path: Path, aside: Path) -> None:
    """What a failure left. [worker]"""
    aside.unlink(missing_ok=True)
    if not path.exists():
        with contextlib.suppress(OSError):
            path.parent.rmdir()
