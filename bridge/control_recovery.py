"""Messages of the control socket about what was recovered after a crash. Sent and received like those of control.py,
which holds the unions."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from bridge.control_base import ControlMessage
from bridge.control_takes import OneTake
from plugin_protocol.message_base import U63, Bars, Line, Seconds, Short, Title


class StretchInfo(Struct, frozen=True, kw_only=True):
    """Sound that a host left behind when it went down; what it can become is a Take. Unknown is None."""

    stretch_id: Short
    host_name: Line
    track_name: Line
    seconds: float
    sample_rate_hz: float
    channels: int
    sounded_us: U63  # Unix time when it last sounded
    before_end_s: float  # from there to the crash
    why: Short  # "host": it ended without closing its plugins; "machine": all of it went down
    bars: int | None  # whole bars at its end, 64 at most
    bpm: float | None
    meter: Short | None
    kept: bool  # at least once
    sentence: Line


class JournalState(ControlMessage, frozen=True, kw_only=True):
    """What is told of the journal beside what is in it. Not a message itself."""

    on: bool
    minutes: float
    used_bytes: U63
    budget_bytes: U63
    trouble: Line  # why nothing is written now; "" when all is well


class Recovery(JournalState, frozen=True, kw_only=True, tag="recovery_is"):
    """What is offered, the newest first, and the journal it comes from."""

    stretches: list[StretchInfo]


class GetRecovery(ControlMessage, frozen=True, kw_only=True, tag="recovery"):
    Reply: ClassVar = Recovery


class DiscardRecovered(ControlMessage, frozen=True, kw_only=True, tag="discard_recovered"):
    """Remove a stretch for good. `stretch_id` as in KeepRecovered, or "all"."""

    Reply: ClassVar = Recovery

    stretch_id: Short


class KeepRecovered(ControlMessage, frozen=True, kw_only=True, tag="keep_recovered"):
    """Make a Take of a stretch: its last bars, its last seconds, or all of it (15 minutes at most).

    `stretch_id` may be any unique prefix, or "last". `before_end_s`: end so long before the stretch does.
    """

    Reply: ClassVar = OneTake

    stretch_id: Short
    bars: Bars | None = None
    seconds: Seconds | None = None
    before_end_s: Annotated[float, Meta(ge=0.0, le=3600.0)] = 0.0
    title: Title = ""
