"""Asks the worker, tells how far it is, and remembers what an analysis said.

What is remembered is named by the file's content, what was told beforehand, the version of the algorithm and the code: a document of other code is
never taken for this one's. Ending the call ends the worker. Not here: what is decoded (analysis_worker.py), and who asks (cli).
"""

import hashlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from audio.analyse.shapes import ALGORITHM
from daemon.errors import BadAudio
from daemon.features.analysing.analysis_worker import Analysed, AnalyseJob, FromWorker, Job, Refused, Worked
from daemon.system.children import Child, ChildDied
from daemon.system.reading import open_shared

ANSWER_LIMIT_S = 1_800.0  # a quarter of an hour of music, on a slow machine under load
MAX_ANSWER_BYTES = 64 << 20
_HASHED_BYTES = 1 << 20

Progress = Callable[[str, float], None]
A = TypeVar("A")

_answers: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)
_remembered: msgspec.msgpack.Decoder[Analysed] = msgspec.msgpack.Decoder(Analysed)


class Memory(Protocol):
    """Where results stay. What is put may be gone later."""

    def get(self, key: str) -> bytes | None: ...
    def put(self, key: str, data: bytes) -> None: ...


class Listener:
    """A worker that has some files open, and is asked about them. All methods are [loop]; whoever makes one closes it."""

    def __init__(self, paths: Sequence[Path], scratch: Path, told: Progress) -> None:
        """scratch: a folder that is there, for what is written. told: how far the job is that is done now."""
        command = [sys.executable, "-m", "daemon.features.analysing.analysis_worker"]
        command += [str(scratch), *map(str, paths)]
        self._worker = Child(lambda: command, _answers, max_answer_bytes=MAX_ANSWER_BYTES)
        self._told = told

    async def close(self) -> None:
        """End the worker, whatever it does."""
        await self._worker.stop()

    async def analysed(self, job: AnalyseJob, memory: Memory | None, recipe: bytes) -> Analysed:
        """Made anew only if it was not made before, or pictures are wanted. recipe: a hash of the code that makes it. Raises BadAudio, OSError."""
        key = _key(job, recipe)
        if memory is not None and not job.pictures and (data := memory.get(key)):
            try:
                return _remembered.decode(data)
            except msgspec.DecodeError:
                pass  # whole, but not ours
        found = await self.carried_out(job, Analysed)
        if memory is not None:
            memory.put(key, msgspec.msgpack.encode(msgspec.structs.replace(found, pictures={})))
        return found

    async def carried_out(self, job: Job, kind: type[A]) -> A:
        """What the worker answers. Raises BadAudio, OSError."""
        try:
            async with self._worker.conversation(ANSWER_LIMIT_S) as asked:
                await asked.say(job)
                while isinstance(answer := await asked.hear(), Worked):
                    self._told(answer.stage, answer.done)
        except TimeoutError as error:
            raise BadAudio("The file takes too long to be heard.", "Cut it, and try again.") from error
        except ChildDied as error:
            raise BadAudio(
                "The file cannot be read: its decoder broke down.", "Save it as WAV or FLAC."
            ) from error
        if isinstance(answer, Refused):
            raise BadAudio(answer.message, "Try another file.")
        if not isinstance(answer, kind):
            raise BadAudio("The file cannot be read: its decoder said nonsense.", "Save it as WAV or FLAC.")
        return answer


def content_sha256(path: Path) -> str:
    """Of the file's bytes, hex. Raises OSError. [worker]"""
    digest = hashlib.sha256()
    with open_shared(path) as file:
        while piece := file.read(_HASHED_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _key(job: AnalyseJob, recipe: bytes) -> str:
    digest = hashlib.sha256(recipe)
    digest.update(f"{ALGORITHM} {job.content_sha256} {job.bpm!r}".encode())
    return digest.hexdigest()
