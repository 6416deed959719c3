"""Which part of a History a request means: the fields that keeping and listening share. Not a message itself."""

from typing import Annotated

from msgspec import Meta

from bridge.control_base import ControlMessage
from plugin_protocol.message_base import U63, Bars, Seconds, Short

MAX_AGO_S = 7 * 86_400.0

AgoS = Annotated[float, Meta(ge=0.0, le=MAX_AGO_S)]


class PartByTime(ControlMessage, frozen=True, kw_only=True):
    """In one of these ways: the last `bars`, or the last `seconds`, that ended `ago_s` before now; from `from_ago_s` to `ago_s`
    before now; or the `whole`, 15 minutes at most. snap: what is asked for by two ends begins and ends on the bar lines nearest
    to them.

    instance: the name of its track, or the beginning of its id; without it, of the one that sounded last (the loudest of
    several, then the first by name).
    """

    instance: Short | None = None
    bars: Bars | None = None
    seconds: Seconds | None = None
    ago_s: AgoS | None = None
    from_ago_s: AgoS | None = None
    whole: bool = False
    snap: bool = True


class Part(PartByTime, frozen=True, kw_only=True):
    """Also from `first_frame` to `end_frame` of the Ring of `generation` (None: its newest)."""

    generation: U63 | None = None
    first_frame: U63 | None = None
    end_frame: U63 | None = None
