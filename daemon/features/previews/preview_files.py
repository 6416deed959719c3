"""Sounds made ready for previews: fetched, fitted to a host, and remembered on the disk within a limit.

Two kinds of files: what the relay served, by the post's id and the address of its sound, and what a host can play as it is (interleaved float32), by
source, rate, channels and speed. Both can be removed at any time; nothing is synced. Fitting is the work of one process
(preview_worker.py), which is there from the first need until it was idle for a minute.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from bridge.system import open_to_read, read_at
from daemon.errors import BadAudio
from daemon.events import Bus, PostChanged, PostRemoved
from daemon.features.previews.preview_worker import PART, FitJob, Fitted, FromPreviewWorker, Grown, Unfit
from daemon.identity.account import Account
from daemon.system.children import Child, ChildDied
from daemon.system.opening import open_in_thread
from relay.wire.rest import AudioPost

log = logging.getLogger(__name__)

MAX_SOURCE_BYTES = 64 * 1024 * 1024
IDLE_S = 60.0
ANSWER_LIMIT_S = 60.0
MAX_FRAME_BYTES = 4096


class Fit:
    """A fitted file that can be read while it grows. [loop]; `read` on a worker."""

    def __init__(self, frame_bytes: int, begins_at: int = 0) -> None:
        """begins_at: the byte of the first frame."""
        self._fd = -1
        self.frame_bytes = frame_bytes
        self._begins_at = begins_at
        self.frames = 0  # that can be read now
        self.whole = False
        self.failed: str | None = None
        self._changed = asyncio.Event()

    def open(self, target: Path) -> None:
        """The file is there, whole or as a part; it may become whole at this moment. Raises OSError."""
        part = target.with_name(target.name + PART)
        for path in (part, target) if self._fd < 0 else ():
            with contextlib.suppress(FileNotFoundError):
                self._fd = open_to_read(path)
                return
        if self._fd < 0:
            raise FileNotFoundError(f"{target} is gone")

    def grow(self, frames: int, *, whole: bool = False, failed: str | None = None) -> None:
        """News of the worker."""
        self.frames, self.whole, self.failed = frames, whole, failed
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def fileno(self) -> int:
        return self._fd

    @property
    def settled(self) -> bool:
        """Nothing more will come."""
        return self.whole or self.failed is not None

    def news(self) -> asyncio.Event:
        """Set when there is more to read, or the end is known."""
        return self._changed

    def read(self, first_frame: int, frames: int) -> bytes:
        """That many frames, which are there. [worker] Raises OSError."""
        at = self._begins_at + first_frame * self.frame_bytes
        data = read_at(self._fd, frames * self.frame_bytes, at)
        if len(data) != frames * self.frame_bytes:
            raise OSError("the prepared sound is shorter than it was")
        return data

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def plain(source: Path, channels: int, begins_at: int) -> Fit:
    """A file that needs no fitting. Raises BadAudio. [worker]"""
    made = Fit(4 * channels, begins_at)
    try:
        made.open(source)
    except OSError as error:
        raise BadAudio(f"The sound cannot be read: {error.strerror}.", "Play it again.") from error
    made.grow((os.fstat(made.fileno).st_size - begins_at) // made.frame_bytes, whole=True)
    return made


_answers: msgspec.msgpack.Decoder[FromPreviewWorker] = msgspec.msgpack.Decoder(FromPreviewWorker)


def worker_command(folder: Path, takes: Path) -> list[str]:
    """folder: where it writes; takes: what else it may read."""
    return [sys.executable, "-m", "daemon.features.previews.preview_worker", str(folder), str(takes)]


class PreviewFiles:
    """All methods are [loop] unless they say so."""

    def __init__(self, folder: Path, takes: Path, limit_bytes: int, account: Account, bus: Bus) -> None:
        """takes: the folder of the Takes, which are played too."""
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._account = account
        self._fetching: dict[str, asyncio.Lock] = {}
        # Ended when idle: it holds 40 MB.
        self._worker = Child(
            partial(worker_command, folder, takes), _answers, max_answer_bytes=MAX_FRAME_BYTES, idle_s=IDLE_S
        )
        self._tasks: set[asyncio.Task[None]] = set()
        bus.on(PostRemoved, lambda event: self._aside(partial(self._forget, event.post_id)))
        bus.on(PostChanged, lambda event: self._aside(partial(self._forget, event.post.id, event.post)))

    async def close(self) -> None:
        """End the worker."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._worker.stop()

    # what the relay has -----------------------------------------------------------------------------------------

    async def fetched(self, post: AudioPost, progress: Callable[[float], None]) -> Path:
        """The post's sound as a file here; fetched if it is not. Raises Offline, RelayRefused, NotClaimed, BadAudio."""
        path = self._source(post)
        async with self._fetching.setdefault(post.id, asyncio.Lock()):
            if not path.exists():
                await self._fetch(post, path, progress)
            else:
                await asyncio.to_thread(_touch, path)
        self._fetching.pop(post.id, None)
        return path

    async def _fetch(self, post: AudioPost, path: Path, progress: Callable[[float], None]) -> None:
        await asyncio.to_thread(self._make_folder)
        part = path.with_name(f"{path.name}.{os.getpid()}{PART}")
        try:
            with await open_in_thread(lambda: part.open("wb")) as file:
                async with contextlib.aclosing(
                    self._account.relay().audio(post.id, MAX_SOURCE_BYTES)
                ) as chunks:
                    done = 0
                    async for chunk, total_bytes in chunks:
                        await asyncio.to_thread(file.write, chunk)
                        done += len(chunk)
                        progress(min(1.0, done / total_bytes) if total_bytes else 0.0)
            part.replace(path)
        except OSError as error:
            raise BadAudio(
                f"The preview cannot be stored: {error.strerror}.", "Free some space, then play it again."
            ) from error
        finally:
            part.unlink(missing_ok=True)
        await asyncio.to_thread(self._make_room)

    def _source(self, post: AudioPost) -> Path:
        """Named by hashes: id and address are the relay's word. A sound that replaced another has another address."""
        return self._folder / f"{_name(post.id)}.{_name(post.audio_url)[:8]}.mp3"

    # what a host can play ---------------------------------------------------------------------------------------

    async def fit(self, source: Path, sample_rate_hz: float, channels: int, speed: float) -> Fit:
        """`source` fitted; returned when its beginning can be read. The caller closes it. Raises BadAudio."""
        made = Fit(4 * channels)
        try:
            facts = await asyncio.to_thread(source.stat)
        except OSError as error:
            raise BadAudio(
                f"The sound cannot be read: {error.strerror}.", "It may have been removed."
            ) from error
        key = f"{source}:{facts.st_size}:{facts.st_mtime_ns if source.parent != self._folder else 0}"
        target = self._fitted(source, f"{key}:{sample_rate_hz!r}:{channels}:{speed!r}")
        if await asyncio.to_thread(_touch, target):
            made.open(target)
            made.grow(target.stat().st_size // made.frame_bytes, whole=True)
            return made
        job = FitJob(
            source=str(source),
            target=str(target),
            sample_rate_hz=sample_rate_hz,
            channels=channels,
            speed=speed,
        )
        begun = made.news()
        task = asyncio.create_task(self._work(job, made))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await begun.wait()
        except asyncio.CancelledError:
            task.add_done_callback(lambda _: made.close())
            raise
        if made.failed is not None:
            made.close()
            raise BadAudio(made.failed, "Play another one.")
        return made

    async def _work(self, job: FitJob, made: Fit) -> None:
        """One job from beginning to end; its news go to `made`."""
        await asyncio.to_thread(self._make_folder)
        target = Path(job.target)
        try:
            async with self._worker.conversation(ANSWER_LIMIT_S) as worker:
                if await asyncio.to_thread(_touch, target):  # made for another while this one waited
                    made.open(target)
                    made.grow(os.fstat(made.fileno).st_size // made.frame_bytes, whole=True)
                    return
                await worker.say(job)
                while not made.settled:
                    match await worker.hear():
                        case Grown(frames=frames):
                            made.open(target)
                            made.grow(frames)
                        case Fitted(frames=frames):
                            made.open(target)
                            made.grow(frames, whole=True)
                        case Unfit(message=why):
                            made.grow(made.frames, failed=why)
        except (ChildDied, OSError, TimeoutError) as error:
            log.warning("a preview was not prepared: %r", error)
            made.grow(made.frames, failed="The sound could not be decoded; it may be damaged.")
        await asyncio.to_thread(self._make_room)

    def _fitted(self, source: Path, how: str) -> Path:
        """Named so that all that was made of one source is found by it."""
        return self._folder / f"{_name(str(source))[:16]}-{_name(how)[:24]}.f32"

    def _aside(self, work: Callable[[], None]) -> None:
        """What is played just now goes on to its end: its file is open."""
        task = asyncio.create_task(asyncio.to_thread(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _forget(self, post_id: str, now: AudioPost | None = None) -> None:
        """All sounds of a post but the one that it has now. [worker]"""
        kept = None if now is None else self._source(now)
        with contextlib.suppress(OSError):
            for source in self._folder.glob(f"{_name(post_id)}.*.mp3"):
                if source == kept:
                    continue
                for path in (source, *self._folder.glob(f"{_name(str(source))[:16]}-*")):
                    path.unlink(missing_ok=True)

    # the disk ---------------------------------------------------------------------------------------------------

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _make_room(self) -> None:
        """Remove the longest unused until all fit. Open files stay readable. [worker]"""
        found = []
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                facts = path.stat()
                found.append((facts.st_mtime_ns, facts.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._limit_bytes:
                break
            if path.name.endswith(PART):
                continue  # being written
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _touch(path: Path) -> bool:
    """Used now: it goes last. False: it is not there."""
    try:
        os.utime(path)
        return True
    except OSError:
        return False
