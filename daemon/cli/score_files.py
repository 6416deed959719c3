"""Scores in files that a person names: JSON and MIDI. Somebody else may have made them, so MIDI is read in the sandbox."""

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import msgspec

from daemon.cli.source import shown
from daemon.core.scores import MAX_FILE_BYTES
from daemon.errors import BadAudio, UsageError

MEMORY_LIMIT_BYTES = 2 << 30  # of address space, this program's own with it
CPU_LIMIT_S = 20
FROM_MIDI = ("loop", "pattern")


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """score: JSON, not checked yet. told: what of the file was left out."""

    score: bytes
    told: tuple[str, ...] = ()


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """By whoever read a MIDI file: a score, or a sentence on why there is none."""

    score: msgspec.Raw = msgspec.Raw()
    told: tuple[str, ...] = ()
    refused: str = ""


def read_score(source: Path, kind: str, name: str) -> Read:
    """name: of what a MIDI file holds. Raises BadAudio, UsageError."""
    try:
        if source.exists() and not source.is_file():
            raise UsageError(f"{shown(source)} is no file.", "Name a file of JSON or MIDI.")
        if source.stat().st_size > MAX_FILE_BYTES:
            raise UsageError(
                f"{shown(source)} is larger than {MAX_FILE_BYTES:,} bytes.", "Choose a smaller one."
            )
        data = source.read_bytes()
    except OSError as error:
        raise UsageError(f"{shown(source)} cannot be read: {error.strerror}.", "Check the path.") from error
    if data[:4] != b"MThd":
        return Read(score=data)
    if kind not in FROM_MIDI:
        raise UsageError(
            f"A MIDI file becomes a loop or a pattern, no {kind}.", "Say `sidechain loops import`."
        )
    return _of_midi(shown(source), data, kind, name or shown(source.stem))


def _of_midi(path: str, data: bytes, kind: str, name: str) -> Read:
    try:
        said = msgspec.json.decode(_said(_reader(data, kind, name)), type=_Answer)
    except (OSError, msgspec.DecodeError) as error:
        raise BadAudio(f"{path} cannot be read: it takes too much.", "Make it shorter.") from error
    if said.refused:
        raise BadAudio(f"{path}: {said.refused}", "Choose another file.")
    return Read(score=bytes(said.score), told=said.told)


def _said(work: Callable[[BinaryIO], None]) -> bytes:
    """By a fork in the sandbox; on Windows, which has none, by this process. Raises OSError."""
    if sys.platform == "win32":
        out = BytesIO()
        work(out)
        said = out.getvalue()
    else:
        from sandbox.forked_posix import Died, run_forked
        from sandbox.limits import Limits

        limits = Limits(address_bytes=MEMORY_LIMIT_BYTES, cpu_s=CPU_LIMIT_S, output_bytes=16 << 20)
        try:
            said = bytes(run_forked(work, limits))
        except Died as error:
            raise OSError(str(error)) from error
    return said


def _reader(data: bytes, kind: str, name: str) -> Callable[[BinaryIO], None]:
    """The work of the fork, with all that it needs imported before."""
    from audio.score.from_midi import loop_of, pattern_of
    from audio.score.midi import read_midi
    from audio.score.shapes import BadScore

    def work(out: BinaryIO) -> None:
        try:
            song = read_midi(data)
            found = loop_of(song, name) if kind == "loop" else pattern_of(song, name)
            body = {**msgspec.to_builtins(found.score), "kind": kind}
            out.write(msgspec.json.encode({"score": body, "told": found.told}))
        except BadScore as error:
            out.write(msgspec.json.encode({"refused": str(error)}))

    return work
