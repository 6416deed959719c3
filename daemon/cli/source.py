"""Audio files that a person names: read whole, or refused with a sentence. Not the library's own files.

Somebody else may have made them, so they are decoded in the sandbox, which can touch nothing but the file.
"""

import io
import os
import re
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import msgspec
from msgspec import Meta

from daemon.errors import BadAudio

if TYPE_CHECKING:  # numpy and the codecs stand behind it
    from audio.read.clip import Clip

MEMORY_LIMIT_BYTES = 6 << 30  # of address space, this program's own with it
CPU_LIMIT_S = 120
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}")
_LENGTH = struct.Struct("<I")
_ALIGNED = 16


def shown(path: str | Path) -> str:
    """A path as text that any terminal, tag and JSON may hold: names that are not UTF-8 are read as Latin-1."""
    raw = os.fsencode(path)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def means_a_file(what: str) -> bool:
    """Whether this means a file, there or not, and no name of a take: those have dots, too ("Lead · 92.5 BPM · 08:59")."""
    # isfile, because an id may be longer than a name of a file can be
    return os.path.isfile(what) or os.sep in what or _ENDING.fullmatch(Path(what).suffix) is not None


def read_clip(source: Path) -> "Clip":
    """Raises BadAudio."""
    from audio.read.clip import MAX_FILE_BYTES

    name = shown(source)
    try:
        if source.exists() and not source.is_file():
            raise BadAudio(f"{name} is no file.", "Name a WAV, FLAC, AIFF, Ogg or MP3 file.")
        if source.stat().st_size > MAX_FILE_BYTES:
            raise BadAudio(
                f"{name} is larger than {MAX_FILE_BYTES // 1_000_000} MB.", "Cut it, and try again."
            )
        with source.open("rb") as file:
            return _decoded(name, file)
    except OSError as error:
        raise BadAudio(f"{name} cannot be read: {error.strerror}.", "Check the path.") from error


class _Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """reason: a sentence for the person."""

    reason: Annotated[str, Meta(max_length=1024)]


class _NoMemory(msgspec.Struct, frozen=True, tag="no_memory"):
    """It needs more than there is."""


def _decoded(name: str, file: BinaryIO) -> "Clip":
    """What is made of the file; nothing that is said of it is believed without a look. Raises BadAudio."""
    try:
        return _clip_of(name, _said(name, file))
    except (msgspec.DecodeError, struct.error, ValueError) as error:
        raise BadAudio(
            f"{name} cannot be read: its decoder said nonsense.", "Save it as WAV or FLAC."
        ) from error


def _said(name: str, file: BinaryIO) -> memoryview:
    """By a fork in the sandbox; on Windows, which has none, by this process. Raises BadAudio."""
    if sys.platform == "win32":
        out = io.BytesIO()
        _reader(file)(out)
        said = out.getbuffer()
    else:
        from sandbox.forked_posix import Died, run_forked
        from sandbox.limits import Limits

        limits = Limits(address_bytes=MEMORY_LIMIT_BYTES, cpu_s=CPU_LIMIT_S, output_bytes=2 << 30)
        try:
            said = memoryview(run_forked(_reader(file), limits))
        except Died as error:
            if error.took_too_long:
                raise BadAudio(f"{name} takes too long to read.", "Cut it, and try again.") from error
            raise BadAudio(
                f"{name} cannot be read: its decoder broke down.",
                "Save it as WAV or FLAC in another program.",
            ) from error
    return said


def _reader(file: BinaryIO) -> Callable[[BinaryIO], None]:
    """The work of the fork, with all that it needs imported before."""
    import numpy as np

    from audio.errors import AudioError
    from audio.read.reader import read_audio

    def work(out: BinaryIO) -> None:
        samples = None
        try:
            clip = read_audio(file.read())
            samples = np.ascontiguousarray(clip.samples, "<f4")
            facts = {name: getattr(clip, name) for name in _facts()}
            said: object = {"type": "clip", "shape": samples.shape, **facts}
        except AudioError as error:
            said = _Refused(reason=str(error)[:1024])
        except MemoryError:
            said = _NoMemory()
        head = msgspec.msgpack.encode(said)
        out.write(_LENGTH.pack(len(head)) + head + bytes(-(_LENGTH.size + len(head)) % _ALIGNED))
        if samples is not None:
            out.write(samples.data)

    return work


def _facts() -> tuple[str, ...]:
    """Of a clip, besides its samples."""
    from audio.read.clip import Clip

    return tuple(name for name in Clip.__dataclass_fields__ if name != "samples")


def _clip_of(name: str, said: memoryview) -> "Clip":
    """Raises BadAudio, msgspec.DecodeError, struct.error, ValueError."""
    import numpy as np

    from audio.intake import MAX_CHANNELS
    from audio.read.clip import Clip, FileWords, Lack

    class Head(msgspec.Struct, frozen=True, kw_only=True, tag="clip"):
        shape: tuple[Annotated[int, Meta(ge=1)], Annotated[int, Meta(ge=1, le=MAX_CHANNELS)]]
        sample_rate_hz: Annotated[int, Meta(ge=1, le=1_000_000)]
        lacks: tuple[Lack, ...]
        length_is_exact: bool
        words: FileWords

    (length,) = _LENGTH.unpack_from(said)
    head = msgspec.msgpack.decode(
        said[_LENGTH.size : _LENGTH.size + length], type=Head | _Refused | _NoMemory
    )
    if isinstance(head, _Refused):
        raise BadAudio(f"{name}: {head.reason}")
    if isinstance(head, _NoMemory):
        raise BadAudio(f"{name} needs more memory than there is.", "Cut it, and try again.")
    start = _LENGTH.size + length
    start += -start % _ALIGNED
    samples = np.frombuffer(said, np.float32, offset=start).reshape(head.shape)
    return Clip(samples=samples, **{fact: getattr(head, fact) for fact in _facts()})
