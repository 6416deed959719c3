"""VOC (Creative Voice File): sound in blocks, with other blocks between. libsndfile takes what follows the first for sound.

Source: Creative Labs, "Sound Blaster Programming Guide", the block types 0 to 9.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from audio.errors import UnsupportedAudio
from audio.intake import MAX_CHANNELS, require_rate
from audio.read.clip import MAX_CLIP_SECONDS, Lack, Part, cut_short
from audio.read.decode import decode_plain

_FIRST_BLOCK_AT, _BLOCK_HEAD_BYTES = 20, 4
_UNKNOWN_BYTES = (0, 0xFFFFFF)  # sizes of sound that are written by who does not know them
_MAX_RUNS = 1000


class _Block(IntEnum):
    END = 0
    SOUND = 1
    MORE_SOUND = 2
    SILENCE = 3
    EXTENDED = 8  # says of the next SOUND what that cannot say itself
    NEW_SOUND = 9


# How sound is coded: libsndfile's name, bytes a sample, the byte of silence.
_CODINGS = {
    0: ("PCM_U8", 1, b"\x80"),
    4: ("PCM_16", 2, b"\0"),
    6: ("ALAW", 1, b"\xd5"),
    7: ("ULAW", 1, b"\xff"),
}
_KNOWN = range(10)


@dataclass
class _Run:
    """Sound of one kind in a row."""

    rate_hz: int
    channels: int
    coding: int
    pieces: list[bytes] = field(default_factory=list)

    @property
    def kind(self) -> tuple[int, int, int]:
        return self.rate_hz, self.channels, self.coding


@dataclass
class _Recording:
    """The runs so far. extended: what a block said of the sound after it."""

    runs: list[_Run] = field(default_factory=list)
    extended: _Run | None = None

    def take(self, kind: _Block | None, body: bytes) -> None:
        last = self.runs[-1] if self.runs else None
        if kind is _Block.EXTENDED:
            self.extended = _extended(body)
        elif kind is _Block.SILENCE and last is not None:
            last.pieces.append(_silence(body, last))
        elif kind is _Block.MORE_SOUND and last is not None:
            last.pieces.append(body)
        elif kind is _Block.SOUND or kind is _Block.NEW_SOUND:
            run = _run_of(kind, body, self.extended)
            self.extended = None
            if last is not None and last.kind == run.kind:
                last.pieces += run.pieces
            else:
                self.runs.append(run)


def read_voc(data: bytes, at: int) -> list[Part]:
    """The recording whose head stands at this byte. [worker] Raises UnsupportedAudio, NotDecodable."""
    recording = _Recording()
    end, is_cut = len(data), False
    for block in _blocks(data, at):
        recording.take(block.kind, block.body)
        end, is_cut = block.end, block.is_cut
    runs = [run for run in recording.runs if any(run.pieces)]
    if not runs:
        raise UnsupportedAudio("The file has no audio in it.")
    if len(runs) > _MAX_RUNS:
        raise UnsupportedAudio("The VOC file changes its rate too often; save it as WAV and try again.")
    lacks = (cut_short(),) if is_cut else ()
    return [_part(run, end, lacks if run is runs[-1] else ()) for run in runs]


@dataclass(frozen=True)
class _Found:
    """A block. kind: None when it is no sound. is_cut: not all of it is there."""

    kind: _Block | None
    body: bytes
    end: int
    is_cut: bool = False


def _blocks(data: bytes, at: int) -> Iterator[_Found]:
    """Up to the last, or up to what is none."""
    here = at + int.from_bytes(data[at + _FIRST_BLOCK_AT : at + _FIRST_BLOCK_AT + 2], "little")
    while here < len(data) and data[here] in _KNOWN and data[here] != _Block.END:
        body = here + _BLOCK_HEAD_BYTES
        size = int.from_bytes(data[here + 1 : body], "little")
        kind = _Block(data[here]) if data[here] in set(_Block) else None
        is_sound = kind in (_Block.SOUND, _Block.MORE_SOUND, _Block.NEW_SOUND)
        is_told = not (is_sound and size in _UNKNOWN_BYTES)
        end = min(body + size, len(data)) if is_told else len(data)
        yield _Found(kind, data[body:end], end, is_told and body + size > len(data))
        here = end
    if here < len(data):
        yield _Found(None, b"", here + (data[here] == _Block.END))


def _extended(body: bytes) -> _Run:
    constant, coding, is_stereo = int.from_bytes(body[:2], "little"), body[2:3], body[3:4] == b"\1"
    channels = 2 if is_stereo else 1
    return _Run(round(256e6 / (65_536 - constant)) // channels, channels, int.from_bytes(coding, "little"))


def _run_of(kind: _Block, body: bytes, extended: _Run | None) -> _Run:
    if kind is _Block.NEW_SOUND:
        head = body[:12].ljust(12, b"\0")
        coding = int.from_bytes(head[6:8], "little")
        return _Run(int.from_bytes(head[:4], "little"), head[5], coding, [body[12:]])
    if extended is not None:
        return _Run(extended.rate_hz, extended.channels, extended.coding, [body[2:]])
    head = body[:2].ljust(2, b"\0")
    return _Run(_rate_of(head[0]), 1, head[1], [body[2:]])


def _rate_of(divisor: int) -> int:
    return round(1e6 / (256 - divisor))


def _silence(body: bytes, run: _Run) -> bytes:
    if len(body) < 3 or run.coding not in _CODINGS:
        return b""
    _, sample_bytes, nothing = _CODINGS[run.coding]
    seconds = (int.from_bytes(body[:2], "little") + 1) / _rate_of(body[2])
    return nothing * (round(seconds * run.rate_hz) * run.channels * sample_bytes)


def _part(run: _Run, end: int, lacks: tuple[Lack, ...]) -> Part:
    if run.coding not in _CODINGS:
        raise UnsupportedAudio(
            f"The VOC file holds coding {run.coding}, which is not read; save it as plain PCM and try again."
        )
    if not 1 <= run.channels <= MAX_CHANNELS:
        raise UnsupportedAudio(
            f"The file has {run.channels} channels; mix it down to mono or stereo and try again."
        )
    require_rate(run.rate_hz)
    sound = b"".join(run.pieces)
    name, sample_bytes, _ = _CODINGS[run.coding]
    if len(sound) > MAX_CLIP_SECONDS * run.rate_hz * run.channels * sample_bytes:
        raise UnsupportedAudio(f"The file is longer than {MAX_CLIP_SECONDS} seconds; cut it and try again.")
    samples = decode_plain(sound, name, run.rate_hz, run.channels)
    return Part(samples, run.rate_hz, end, lacks, not lacks)
