"""Messages by which a window asks for pictures of the History: peaks of a span, and where its bars are; and what of plugins
that are gone is in reach.

Frames are of the Ring of `generation`, and of its journal: one timeline. It is a Ring of this Instance, or an earlier one.
A span that is not all there is answered as far as it is; the window asks again for what is new, or was coarse.
"""

import struct
from collections.abc import Iterable
from enum import IntFlag
from typing import Annotated, ClassVar, NamedTuple

from msgspec import Meta

from plugin_protocol.message_base import U63, AskFailed, Line, PluginMessage, Rate
from plugin_protocol.take_messages import Asked

MAX_PEAK_COLUMNS = 512
MAX_MARKS = 96
MAX_EARLIER = 12
_MARK = struct.Struct("<QdiBBH")
MARK_BYTES = _MARK.size


class MarkFlag(IntFlag):
    """What a Mark says of its frame."""

    LINE = 1  # a bar begins
    PLAYING = 2  # the transport runs from here on
    NUMBERED = 4  # `bar` is the bar's number, as hosts count them
    GAP = 8  # what was heard before was not heard right before: the host stood still


class Mark(NamedTuple):
    """A place in the History, and what holds from there on. Unknown is 0."""

    frame: int
    bpm: float
    bar: int  # the first of a project is 1
    numerator: int
    denominator: int
    flags: MarkFlag


def pack_marks(marks: Iterable[Mark]) -> bytes:
    """As Marks holds them: little-endian u64, f64, i32, u8, u8, u16 each. [any]"""
    return b"".join(_MARK.pack(*mark) for mark in marks)


def unpack_marks(data: bytes) -> list[Mark]:
    """What pack_marks packed. Raises struct.error for what is no whole number of marks. [any]"""
    return [
        Mark(frame, bpm, bar, numerator, denominator, MarkFlag(flags))
        for frame, bpm, bar, numerator, denominator, flags in _MARK.iter_unpack(data)
    ]


class Peaks(PluginMessage, frozen=True, kw_only=True, tag="peaks"):
    """daemon -> plugin: the picture of the span that was asked for.

    `peaks`: i16, little-endian, lowest and highest sample of each column, 32767 full scale. `holes`: bit n, the first the
    lowest of its byte: of column n nothing is there. `coarse`: some of it is only as fine as its chunks; ask again.
    `oldest_frame`, `newest_frame`: what is in reach now, from the one to before the other.
    """

    id: U63
    generation: U63
    first_frame: U63
    end_frame: U63
    oldest_frame: U63
    newest_frame: U63
    coarse: bool
    peaks: Annotated[bytes, Meta(max_length=4 * MAX_PEAK_COLUMNS)]
    holes: Annotated[bytes, Meta(max_length=MAX_PEAK_COLUMNS // 8)]


class Marks(PluginMessage, frozen=True, kw_only=True, tag="marks"):
    """daemon -> plugin: bar lines, and where tempo, meter or transport change, in the span that was asked for.

    `marks`: rising, packed (section 12). The first says what holds at first_frame. `end_frame`: up to there they are told;
    less than was asked for when there are more than MAX_MARKS, or when nothing is known of the rest yet.
    """

    id: U63
    generation: U63
    first_frame: U63
    end_frame: U63
    marks: Annotated[bytes, Meta(max_length=MARK_BYTES * MAX_MARKS)]


class EarlierRing(PluginMessage, frozen=True, kw_only=True, tag="earlier_ring"):
    """daemon -> plugin with an open window: what a Ring that is gone has left, before the asked of the get_earlier.

    `id`: the get_earlier's. Its frames are named by its `generation`, as those of this Instance's own Ring are.
    """

    id: U63
    generation: U63
    host_name: Line
    track_name: Line
    sample_rate_hz: Rate
    first_frame: U63
    end_frame: U63
    sounded_us: U63  # Unix time of its last sound


class GetEarlier(PluginMessage, frozen=True, kw_only=True, tag="get_earlier"):
    """plugin -> daemon: which Rings that are gone are in reach, of any plugin; the MAX_EARLIER that sounded last, in that order."""

    Reply: ClassVar = Asked | AskFailed

    id: U63


class GetPeaks(PluginMessage, frozen=True, kw_only=True, tag="get_peaks"):
    """plugin -> daemon: draw [first_frame, end_frame) of this Instance's History in so many columns of equal length."""

    Reply: ClassVar = Peaks | AskFailed

    id: U63
    generation: U63
    first_frame: U63
    end_frame: U63
    columns: Annotated[int, Meta(ge=1, le=MAX_PEAK_COLUMNS)]


class GetMarks(PluginMessage, frozen=True, kw_only=True, tag="get_marks"):
    """plugin -> daemon: where bars begin in [first_frame, end_frame) of this Instance's History, and what else changes."""

    Reply: ClassVar = Marks | AskFailed

    id: U63
    generation: U63
    first_frame: U63
    end_frame: U63
