"""Turning an upload into what we serve, in a child process with limits. Nothing of the upload is read in this process.

A child takes about half a second to import its codecs, so one is started when an upload begins and one is kept ready
for SPARE_S after the last; an idle relay has none. Each child does one job and ends: nothing of one upload can reach
another.
"""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from relay.core.refusal import Refusal
from relay.services.posts import Figures

log = logging.getLogger("relay")

MAX_WALL_S = 90.0
MAX_AT_ONCE = 2
SPARE_S = 60.0
PREVIEW_FILE = "preview.mp3"
LOSSLESS_FILE = "lossless.flac"


class Job(Struct, frozen=True, kw_only=True):
    """folder: holds upload_file; results are written there. The file's name is ours."""

    folder: str
    upload_file: str
    title: str
    bpm: float | None
    key: str | None
    duration_bars: int | None
    bar_frames: list[int]


class Made(Struct, frozen=True, kw_only=True, tag="made"):
    """PREVIEW_FILE and LOSSLESS_FILE are in the folder."""

    figures: Figures


class Refused(Struct, frozen=True, kw_only=True, tag="refused"):
    """reason: a sentence for the person who sent the audio."""

    reason: str


class Failed(Struct, frozen=True, kw_only=True, tag="failed"):
    """trace: for who runs the relay. The audio may be as good as any."""

    trace: str


_answer: msgspec.json.Decoder[Made | Refused | Failed] = msgspec.json.Decoder(Made | Refused | Failed)


class Production:
    """[loop]"""

    def __init__(self) -> None:
        self._at_once = asyncio.Semaphore(MAX_AT_ONCE)
        self._spares: list[asyncio.subprocess.Process] = []
        self._starting: set[asyncio.Task[None]] = set()
        self._retire: asyncio.TimerHandle | None = None
        self._closed = False
        self._fence: list[str] | None = None

    async def fence(self) -> list[str]:
        """The parts of the fence that this machine can put up, as a process of the same kind found them."""
        if self._fence is None:
            trial = await _spawn("relay.services.fence")
            out, _ = await trial.communicate()
            self._fence = out.decode().split()
        return self._fence

    def expect(self) -> None:
        """An upload has begun: have a child ready by the time it ends."""
        if not self._spares and not self._starting and not self._closed:
            task = asyncio.create_task(self._start_spare())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def run(self, job: Job) -> Figures:
        """Raises Refusal: audio_refused; internal, when it is our own fault."""
        async with self._at_once:
            out, ended = await self._one_child(job)
            if (
                ended == -signal.SIGKILL
            ):  # by the kernel for want of memory, or by hand: that says nothing of the audio
                out, ended = await self._one_child(job)
        self.expect()
        self._retire_later()
        try:
            answer = _answer.decode(out)
        except msgspec.DecodeError:  # killed at a limit, or crashed in a codec
            raise Refusal("audio_refused", "This audio cannot be read within our limits.",
                          "Send a WAV or FLAC file that plays elsewhere.") from None  # fmt: skip
        if isinstance(answer, Refused):
            raise Refusal("audio_refused", answer.reason)
        if isinstance(answer, Failed):
            log.error("a post could not be made: %s", answer.trace)
            raise Refusal("internal", "The relay could not make this post.", "Try again later.")
        return answer.figures

    async def _one_child(self, job: Job) -> tuple[bytes, int | None]:
        """What it said, and how it ended. Raises Refusal."""
        child = await self._take()
        try:
            async with asyncio.timeout(MAX_WALL_S):
                out, _ = await child.communicate(msgspec.json.encode(job) + b"\n")
                return out, child.returncode
        except TimeoutError:
            raise Refusal(
                "audio_refused", "This audio takes too long to read.", "Send a shorter stretch."
            ) from None
        finally:
            await _end(child)

    async def close(self) -> None:
        self._closed = True
        if self._retire is not None:
            self._retire.cancel()
        await asyncio.gather(*self._starting)
        await asyncio.gather(*(_end(child) for child in self._spares))
        self._spares.clear()

    async def _take(self) -> asyncio.subprocess.Process:
        if not self._spares:
            self.expect()
            await asyncio.gather(*self._starting)
        while self._spares:
            child = self._spares.pop()
            if child.returncode is None:
                return child
        return await _start()

    async def _start_spare(self) -> None:
        self._spares.append(await _start())

    def _retire_later(self) -> None:
        if self._retire is not None:
            self._retire.cancel()
        self._retire = asyncio.get_running_loop().call_later(SPARE_S, self._let_go)

    def _let_go(self) -> None:
        """A child whose stdin closes before a job came ends by itself; asyncio reaps it."""
        for child in self._spares:
            if child.stdin is not None:
                child.stdin.close()
        self._spares.clear()


async def _start() -> asyncio.subprocess.Process:
    return await _spawn("relay.services.production_child")


async def _spawn(module: str) -> asyncio.subprocess.Process:
    # A clean environment: nothing the relay was told in variables is any business of a decoder.
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=str(Path("/")),
        env=environment,
    )


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()
