"""What all messages of plugin and daemon share: their shape, and the bounds of their fields. The messages: messages.py."""

from typing import Annotated

from msgspec import Meta, Struct

PROTOCOL_MIN = 1
PROTOCOL_MAX = 1
MAX_MESSAGE_BYTES = 65_536
HEARTBEAT_INTERVAL_US = 1_000_000
SILENCE_LIMIT_US = 5_000_000  # a peer not heard for this long is lost
HEARD_INTERVAL_US = 250_000
MAX_BARS = 64
MAX_SECONDS = 900.0
MAX_FEED_PAGE = 20
OUTLINE_COLUMNS = 160
REACTIONS = ("🎵", "❤️", "🔥", "😍", "🚀", "💯")  # a reaction is said by its place here

U32 = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
U63 = Annotated[int, Meta(ge=0, le=0x7FFF_FFFF_FFFF_FFFF)]
SHORT_CHARACTERS, TITLE_CHARACTERS, CURSOR_CHARACTERS, LINE_CHARACTERS, PATH_CHARACTERS = (
    64,
    120,
    256,
    512,
    1024,
)
Short = Annotated[str, Meta(max_length=SHORT_CHARACTERS)]
Line = Annotated[str, Meta(max_length=LINE_CHARACTERS)]
Path = Annotated[str, Meta(max_length=PATH_CHARACTERS)]
Title = Annotated[str, Meta(max_length=TITLE_CHARACTERS)]
Id16 = Annotated[bytes, Meta(min_length=16, max_length=16)]
Version = Annotated[int, Meta(ge=1, le=65_535)]
PostId = Annotated[str, Meta(min_length=1, max_length=64)]
Cursor = Annotated[str, Meta(max_length=CURSOR_CHARACTERS)]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
Bars = Annotated[int, Meta(ge=1, le=MAX_BARS)]
Seconds = Annotated[float, Meta(gt=0.0, le=MAX_SECONDS)]
Rate = Annotated[float, Meta(ge=8_000.0, le=768_000.0)]
Channels = Annotated[int, Meta(ge=1, le=2)]
PreviewKind = Annotated[str, Meta(max_length=8, pattern=r"^(item|take|history)$")]
Target = Annotated[str, Meta(min_length=1, max_length=64)]


class PluginMessage(Struct, frozen=True, kw_only=True, tag_field="t", omit_defaults=False):
    """Common shape; not a message itself."""


class AskFailed(PluginMessage, frozen=True, kw_only=True, tag="ask_failed"):
    """daemon -> plugin: not carried out. `message` says why and what to do next."""

    id: U63
    code: Short
    message: Line
