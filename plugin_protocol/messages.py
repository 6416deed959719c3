"""Every message that plugin and daemon exchange, as closed unions of tagged Structs.

Transport: one ZeroMQ message of one part, DEALER (plugin) to ROUTER (daemon), holding one msgpack map whose key
"t" is the tag. `codec.py` turns bytes into these and back; `session.py` says when each may be sent. Fields are
only ever added, with a default; a tag or a type is never reused. A bound stands on every field: what does not fit
is refused by the codec, not by the code behind it.

Requests carry `id`, chosen by the sender, and name their reply in `Reply`; the reply repeats the id. Repeating a
request with the same id within a session returns the same outcome, so a retry after a lost reply is harmless.
"""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

PROTOCOL_MIN = 1
PROTOCOL_MAX = 1
MAX_MESSAGE_BYTES = 65_536
HEARTBEAT_INTERVAL_US = 1_000_000
SILENCE_LIMIT_US = 5_000_000  # a peer not heard for this long is lost
MAX_BARS = 64
MAX_SECONDS = 900.0

U32 = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
U63 = Annotated[int, Meta(ge=0, le=0x7FFF_FFFF_FFFF_FFFF)]
Short = Annotated[str, Meta(max_length=64)]
Line = Annotated[str, Meta(max_length=512)]
Path = Annotated[str, Meta(max_length=1024)]
Title = Annotated[str, Meta(max_length=120)]
Id16 = Annotated[bytes, Meta(min_length=16, max_length=16)]
Version = Annotated[int, Meta(ge=1, le=65_535)]
Bars = Annotated[int, Meta(ge=1, le=MAX_BARS)]
Seconds = Annotated[float, Meta(gt=0.0, le=MAX_SECONDS)]


class _Message(Struct, frozen=True, kw_only=True, tag_field="t", omit_defaults=False):
    """Common shape; not a message itself."""


# daemon -> plugin ---------------------------------------------------------------------------------------------


class Welcome(_Message, frozen=True, kw_only=True, tag="welcome"):
    """daemon -> plugin: the session stands. `proto` is the highest version both speak."""

    proto: Version
    daemon_version: Short
    daemon_path: Path


class Refused(_Message, frozen=True, kw_only=True, tag="refused"):
    """daemon -> plugin: no session, or no Ring. Names what each side has and which file to update."""

    code: Short  # "version", "layout", "too_many", "state"
    message: Line
    have: Short
    need: Short
    update_path: Path


class RingAttached(_Message, frozen=True, kw_only=True, tag="ring_attached"):
    """daemon -> plugin: the Ring was opened, checked, and can be kept from."""

    generation: U63


class Alive(_Message, frozen=True, kw_only=True, tag="alive"):
    """daemon -> plugin, answer to Heartbeat: what the plugin's window shows of the account and the relay."""

    relay_state: Short  # see daemon.core.link.LinkState
    account: Annotated[str, Meta(max_length=64)] | None = None
    friends_producing: U32 = 0


class Kept(_Message, frozen=True, kw_only=True, tag="kept"):
    """daemon -> plugin: the Take is durable: file, folder and row have been synced."""

    id: U63
    take_id: Short
    frames: U63
    bars: U32  # whole bars in the Take; 0 when unanchored
    anchored: bool
    note: Line = ""  # why it is shorter than asked, or unanchored; empty when all is as asked


class KeepFailed(_Message, frozen=True, kw_only=True, tag="keep_failed"):
    """daemon -> plugin: nothing was kept. `message` says why and what to do next."""

    id: U63
    code: Short
    message: Line


class Notice(_Message, frozen=True, kw_only=True, tag="notice"):
    """daemon -> plugin, unasked: one line for the plugin's window (a post went out, an item came in)."""

    kind: Short  # "posted", "item", "warning"
    message: Line


# plugin -> daemon ---------------------------------------------------------------------------------------------


class Hello(_Message, frozen=True, kw_only=True, tag="hello"):
    """plugin -> daemon, first and after every reconnect. The layout sizes let the daemon refuse to map."""

    Reply: ClassVar = Welcome | Refused

    proto_min: Version
    proto_max: Version
    abi_major: Version
    header_bytes: U32
    record_bytes: U32
    instance: Id16
    plugin_version: Short
    plugin_path: Path
    host_name: Line
    track_name: Line = ""
    pid: U32


class RingOpened(_Message, frozen=True, kw_only=True, tag="ring_opened"):
    """plugin -> daemon, after Welcome and after every new generation (activation, rate change)."""

    Reply: ClassVar = RingAttached | Refused

    segment: Annotated[str, Meta(min_length=1, max_length=30, pattern=r"^sdc\.[0-9a-f]{12}\.[0-9a-f]{8}$")]
    generation: U63
    sample_rate_hz: Annotated[float, Meta(ge=8_000.0, le=768_000.0)]
    channels: Annotated[int, Meta(ge=1, le=2)]
    capacity_frames: U63


class RingClosed(_Message, frozen=True, kw_only=True, tag="ring_closed"):
    """plugin -> daemon: this generation is RETIRED and will be unlinked. No reply: nothing depends on one."""

    Reply: ClassVar = None

    generation: U63


class Heartbeat(_Message, frozen=True, kw_only=True, tag="heartbeat"):
    """plugin -> daemon, every HEARTBEAT_INTERVAL_US, and at once when the host renamed the track.

    `track_name`: the new one, when it changed since Hello or since the last heartbeat that gave it.
    """

    Reply: ClassVar = Alive

    process_count: U63
    playing: bool
    track_name: Line | None = None


class Keep(_Message, frozen=True, kw_only=True, tag="keep"):
    """plugin -> daemon: make a Take. Exactly one of `bars` and `seconds` is given.

    `at_frame` is the Ring's commit index when the button was pressed (read in process()), so that neither the
    message nor the daemon's load moves the cut. `post`: also post it, without asking again.
    """

    Reply: ClassVar = Kept | KeepFailed

    id: U63
    generation: U63
    at_frame: U63
    bars: Bars | None = None
    seconds: Seconds | None = None
    post: bool = False
    title: Title = ""


class Goodbye(_Message, frozen=True, kw_only=True, tag="goodbye"):
    """plugin -> daemon: the Instance is being closed. No reply."""

    Reply: ClassVar = None


FromPlugin = Hello | RingOpened | RingClosed | Heartbeat | Keep | Goodbye
FromDaemon = Welcome | Refused | RingAttached | Alive | Kept | KeepFailed | Notice
Message = FromPlugin | FromDaemon
