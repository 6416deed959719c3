"""What plugins sound like now, on the control socket. Values only."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from bridge.control_base import ControlMessage
from plugin_protocol.message_base import Short

MAX_HEARD = 8
MAX_BANDS = 32
Figure = Annotated[float, Meta(ge=-1e9, le=1e9)]


class LiveMeasurement(Struct, frozen=True, kw_only=True):
    """One that sounds. at_s: seconds since it is listened to. level_dbfs, peak_dbfs: of 100 ms, None: digital silence. momentary_lufs: of 400 ms, None: too
    quiet, or not yet. bands_dbfs: half octaves up to 11 kHz, the highest last. bpm None: no tempo is heard, or not yet.
    """

    instance: Short
    name: Short
    at_s: Figure
    level_dbfs: Figure | None
    peak_dbfs: Figure | None
    momentary_lufs: Figure | None
    centroid_hz: Figure
    bands_dbfs: Annotated[list[Figure], Meta(max_length=MAX_BANDS)]
    bpm: Figure | None
    bpm_confidence: Figure


class LiveMeasurements(ControlMessage, frozen=True, kw_only=True, tag="heard_are"):
    """left_out: plugins that sound, too, but are not listened to: there are too many. is_first: nothing was heard yet since somebody asks."""

    heard: Annotated[list[LiveMeasurement], Meta(max_length=MAX_HEARD)]
    left_out: Annotated[int, Meta(ge=0, le=1 << 31)] = 0
    is_first: bool = False


class GetHeard(ControlMessage, frozen=True, kw_only=True, tag="heard"):
    """What the plugins that sound are like now. Asked some times a second: whoever stops asking is not listened for any more."""

    Reply: ClassVar = LiveMeasurements
