"""Turning what was uploaded into what we serve, in a child process in the sandbox."""

import logging
import time

import msgspec
from msgspec import Struct

from relay.core.refusal import Refusal
from relay.engine.sandbox.children import Children, OnStep, TookTooLong, nobody
from relay.features.creations.figures import Figures

log = logging.getLogger("relay")

MAX_WALL_S = 90.0
TELL_EVERY_S = 0.25
"""How often it is told at most how far a job is."""
PREVIEW_FILE = "preview.mp3"
LOSSLESS_FILE = "lossless.flac"
CHILD = "relay.features.creations.encoding_child"


class EncodeJob(Struct, frozen=True, kw_only=True, tag="encode"):
    """folder: holds upload_file; results are written there. The file's name is ours."""

    folder: str
    upload_file: str
    title: str
    bpm: float | None
    key: str | None
    duration_bars: int | None
    bar_frames: list[int]
    analyse: bool
    """Look for a tempo and a key where none is given."""


class VectorJob(Struct, frozen=True, kw_only=True, tag="vector"):
    """How something sounds that was made before: folder holds upload_file."""

    folder: str
    upload_file: str


class Vector(Struct, frozen=True, kw_only=True, tag="vector"):
    """How it sounds (audio.analyse.likeness), as the bytes of its float32 numbers."""

    data: bytes


class Made(Struct, frozen=True, kw_only=True, tag="made"):
    """PREVIEW_FILE and LOSSLESS_FILE are in the folder. bpm, key: as given, or as found. vector: as of Vector. spent_ms: on each
    stage, for the log.
    """

    figures: Figures
    bpm: float | None
    key: str | None
    vector: bytes
    spent_ms: dict[str, float]


class Refused(Struct, frozen=True, kw_only=True, tag="refused"):
    """reason: a sentence for the person who sent the audio."""

    reason: str


class Failed(Struct, frozen=True, kw_only=True, tag="failed"):
    """trace: for who runs the relay. The audio may be as good as any."""

    trace: str


class EncodingFault(Exception):
    """A mistake of ours, or a disk that is full: the same audio may be encoded another time."""


_Answer = Made | Vector | Refused | Failed
_answer: msgspec.json.Decoder[_Answer] = msgspec.json.Decoder(_Answer)


class Encoder:
    """[loop]"""

    def __init__(self) -> None:
        self._children = Children(CHILD)

    def expect(self) -> None:
        """An upload has begun, or somebody plays, which may become one."""
        self._children.expect()

    async def run(self, job: EncodeJob, on_step: OnStep = nobody) -> Made:
        """on_step: told what share of it is done, rising. Raises Refusal: audio_refused; EncodingFault."""
        answer = await self._ask(job, _paced(on_step))
        assert isinstance(answer, Made)
        log.debug("encoded: %s", ", ".join(f"{stage} {ms} ms" for stage, ms in answer.spent_ms.items()))
        return answer

    async def vector(self, job: VectorJob) -> bytes:
        """Raises Refusal: audio_refused; EncodingFault."""
        answer = await self._ask(job, nobody)
        assert isinstance(answer, Vector)
        return answer.data

    async def _ask(self, job: EncodeJob | VectorJob, on_step: OnStep) -> Made | Vector:
        try:
            said = await self._children.run(msgspec.json.encode(job), MAX_WALL_S, on_step)
            answer = _answer.decode(said)
        except TookTooLong:
            raise Refusal(
                "audio_refused", "This audio takes too long to read.", "Send a shorter stretch."
            ) from None
        except msgspec.DecodeError:  # killed at a limit, or crashed in a codec
            raise Refusal(
                "audio_refused",
                "This audio cannot be read within our limits.",
                "Send a WAV or FLAC file that plays elsewhere.",
            ) from None
        if isinstance(answer, Refused):
            raise Refusal("audio_refused", answer.reason)
        if isinstance(answer, Failed):
            log.error("a post could not be made: %s", answer.trace)
            raise EncodingFault(answer.trace.strip().rpartition("\n")[2])
        return answer

    async def close(self) -> None:
        await self._children.close()


def _paced(on_step: OnStep) -> OnStep:
    """Passes on what is more than was told, TELL_EVERY_S apart."""
    told, due_s = 0.0, 0.0

    def passed(share: float) -> None:
        nonlocal told, due_s
        now_s = time.monotonic()
        if share > told and now_s >= due_s:
            told, due_s = share, now_s + TELL_EVERY_S
            on_step(share)

    return passed
