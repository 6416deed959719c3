"""Messages of the control socket about the History: what each plugin has played that is still in reach, on disk and in
memory, loaded or closed, and pictures of it. Sent and received like those of control.py, which holds the unions."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from bridge.control_base import ControlMessage
from bridge.control_part import Part
from bridge.control_recovery import JournalState
from plugin_protocol.message_base import U32, U63, Line, Short

MAX_HEARD = 200  # stretches in one answer, the newest
MAX_PICTURE = 64
MAX_COLUMNS = 2_048

Picture = Annotated[bytes, Meta(max_length=MAX_PICTURE)]
Peaks = Annotated[bytes, Meta(max_length=4 * MAX_COLUMNS)]


class HistoryStretch(Struct, frozen=True, kw_only=True):
    """One stretch of what a plugin played, between two long silences. Unknown is None.

    It is kept by `instance` and its frames while the plugin is loaded, and else by its id (KeepRecovered).
    """

    stretch_id: Short
    instance: Short
    generation: U63  # of the Ring that its frames count in
    host_name: Line
    track_name: Line
    state: Short  # "live": loaded; "closed"; "host", "machine": that went down
    first_frame: U63
    end_frame: U63
    sample_rate_hz: float
    channels: int
    from_us: U63  # Unix time
    to_us: U63
    bars: int | None  # whole bars at its end, 64 at most
    bpm: float | None
    meter: Short | None
    kept: bool
    picture: Picture  # loudness of equal parts: 0 silence, 1 -60 dBFS or softer, 255 0 dBFS


class HistoryIs(JournalState, frozen=True, kw_only=True, tag="history_is"):
    """The newest first. `more`: so many older stretches are not listed. Not `on`: only what memory holds, some 40 s of each
    plugin."""

    heard: list[HistoryStretch]
    more: U32
    now_us: U63
    keep_hours: float


class GetHistory(ControlMessage, frozen=True, kw_only=True, tag="history"):
    """`instance` as in KeepTake, only what it played; None: all, also of plugins that are gone."""

    Reply: ClassVar = HistoryIs

    instance: Short | None = None


class HistorySound(ControlMessage, frozen=True, kw_only=True, tag="history_sound_is"):
    """A WAV file that the daemon will remove by itself, when others have been asked for."""

    path: Annotated[str, Meta(max_length=4096)]
    frames: U63
    sample_rate_hz: float
    bars: int | None
    note: Line
    instance: Short


class CopyHistory(Part, frozen=True, kw_only=True, tag="copy_history"):
    """Sound of the History to be listened to, without keeping it."""

    Reply: ClassVar = HistorySound


class PeaksAre(ControlMessage, frozen=True, kw_only=True, tag="peaks_are"):
    """peaks: for each column its lowest and highest sample of any channel, as two little-endian int16 (full scale 32767);
    of a column without sound in reach both are 0, and its bit in `holes` (least significant first) is set.

    coarse: some columns are of the loudest sample around only, for now; asked again they are finer.
    """

    peaks: Peaks
    holes: Annotated[bytes, Meta(max_length=MAX_COLUMNS // 8)]
    coarse: bool
    oldest_frame: U63  # in reach, of this generation
    end_frame: U63
    sample_rate_hz: float


class GetPeaks(ControlMessage, frozen=True, kw_only=True, tag="peaks"):
    """A picture of `[first_frame, end_frame)` of a loaded plugin's Ring, in so many columns."""

    Reply: ClassVar = PeaksAre

    instance: Short
    generation: U63 | None = None
    first_frame: U63
    end_frame: U63
    columns: Annotated[int, Meta(ge=1, le=MAX_COLUMNS)]
