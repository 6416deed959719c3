"""Messages of the WebSocket `/api/v1/ws`, sub-protocols `sidechain.v1.json` (browsers) and `sidechain.v1.msgpack`.

A frame is an array of 1 to MAX_BATCH messages, so several cost one frame. Order of a connection:

    relay:  Hello
    client: Connect(positions)              where it left off on each channel
    relay:  Connected(channels)             each recovered, or told plainly to refetch
    then    Event ... from the relay, Presence / Refresh / Ping from the client, any time

Every durable channel has an epoch and offsets 1, 2, 3 … without holes. A client that holds `(epoch, offset)` applies
an event with offset+1, drops one it has seen, and on a hole reconnects. Epochs change only when the relay can no
longer prove continuity; then `recovered` is false and `refetch` names the REST page that has the whole truth.
Close codes 3000-3499 mean "come back", 3500-3999 "do not".
"""

from typing import Annotated

from msgspec import Meta, Struct

from relay.wire.ids import Id
from relay.wire.rest import AudioPost, Producer, Reaction, Timestamp, Token, Url, Username

SUBPROTOCOL_JSON = "sidechain.v1.json"
SUBPROTOCOL_MSGPACK = "sidechain.v1.msgpack"
MAX_BATCH = 64
MAX_FRAME_BYTES = 64 * 1024  # from a client
MAX_RECOVERY_EVENTS = 300
RETAINED_EVENTS = 1000  # per channel
PING_INTERVAL_MS = 20_000
PONG_LIMIT_MS = 8_000
PRESENCE_LEASE_MS = 45_000
CONNECT_LIMIT_MS = 5_000
SLOW_READER_BYTES = 1024 * 1024

CLOSE_SHUTDOWN = 3001
CLOSE_EXPIRED = 3005  # refresh the token and come back
CLOSE_SLOW = 3008
CLOSE_BAD_MESSAGE = 3501
CLOSE_REVOKED = 3502

Channel = Annotated[
    str,
    Meta(
        min_length=1, max_length=80, pattern="^(user|author):[0-9a-f]{32}$|^feed:global$|^presence:friends$"
    ),
]
"""`author:ID` (their posts), `user:ID` (your inbox), durable; `feed:global`, `presence:friends`: live only."""
Offset = Annotated[int, Meta(ge=0)]
Epoch = Annotated[str, Meta(min_length=8, max_length=32)]
ReqId = Annotated[int, Meta(ge=0, le=0x7FFF_FFFF)]
Status = Annotated[str, Meta(max_length=16, pattern="^(producing|recording|idle|away|offline)$")]


class _Wire(Struct, frozen=True, tag_field="t"):
    """Common shape; not a message itself."""


class Position(Struct, frozen=True, kw_only=True):
    """Where a client stands on one channel: everything up to and with `offset` of `epoch` is applied."""

    epoch: Epoch
    offset: Offset


# payloads of events -------------------------------------------------------------------------------------------


class FeedNewPost(_Wire, frozen=True, kw_only=True, tag="feed.new_post"):
    """On `author:ID` and `feed:global`."""

    post: AudioPost


class PresenceUpdate(_Wire, frozen=True, kw_only=True, tag="presence.update"):
    """On `presence:friends`: somebody you follow changed. Live only: a new connection gets the whole state."""

    user_id: Id
    username: Username
    status: Status
    daw: Annotated[str, Meta(max_length=64)] | None = None
    bpm: float | None = None
    since: Timestamp


class SocialNewFollow(_Wire, frozen=True, kw_only=True, tag="social.new_follow"):
    """On `user:ID`."""

    follower: Producer


class SocialNewReaction(_Wire, frozen=True, kw_only=True, tag="social.new_reaction"):
    """On `user:ID`: somebody liked or reacted to your post."""

    reaction: Reaction
    username: Username


Payload = FeedNewPost | PresenceUpdate | SocialNewFollow | SocialNewReaction


# relay -> client ----------------------------------------------------------------------------------------------


class Hello(_Wire, frozen=True, kw_only=True, tag="hello"):
    """First message of a connection."""

    session: Id
    server: str
    ping_interval_ms: int = PING_INTERVAL_MS


class ChannelState(Struct, frozen=True, kw_only=True):
    """Answer for one channel in Connected. `events` bring the client from its position to `head`."""

    epoch: Epoch
    head: Offset
    recovered: bool
    events: list["Event"] = []
    refetch: Url | None = None


class Connected(_Wire, frozen=True, kw_only=True, tag="connected"):
    """Answer to Connect: every channel this account listens to. `presence` is the state of those followed."""

    channels: dict[str, ChannelState]
    presence: list[PresenceUpdate] = []


class Event(_Wire, frozen=True, kw_only=True, tag="event"):
    """Something happened on a channel. `o` is 0 on live-only channels, which cannot be resumed."""

    ch: Channel
    o: Offset
    id: Id
    ts: Timestamp
    d: Payload


class ChannelAdded(_Wire, frozen=True, kw_only=True, tag="channel_added"):
    """The connection now listens to one more channel (a follow): live from here, `head` already behind it."""

    ch: Channel
    epoch: Epoch
    head: Offset


class ChannelRemoved(_Wire, frozen=True, kw_only=True, tag="channel_removed"):
    ch: Channel


class Refreshed(_Wire, frozen=True, kw_only=True, tag="refreshed"):
    """The connection now lives as long as the new token."""

    expires_at: Timestamp


class Pong(_Wire, frozen=True, kw_only=True, tag="pong"):
    r: ReqId = 0


class Error(_Wire, frozen=True, kw_only=True, tag="error"):
    """The message was refused; the connection stands unless a Disconnect follows."""

    code: str
    message: str


class Disconnect(_Wire, frozen=True, kw_only=True, tag="disconnect"):
    """Last message before the close frame with the same code."""

    code: int
    reason: str
    retry_after_ms: int | None = None


# client -> relay ----------------------------------------------------------------------------------------------


class Connect(_Wire, frozen=True, kw_only=True, tag="connect"):
    """First message of a client. Channels it does not name start at their head."""

    positions: dict[Channel, Position] = {}
    global_feed: bool = False
    """Also hear of every post on `feed:global`, with the same event ids as on `author:ID`. For feed pages."""


class Presence(_Wire, frozen=True, kw_only=True, tag="presence"):
    """What this device does; renews the lease. Sent on change and at least every PRESENCE_LEASE_MS / 2."""

    status: Status
    daw: Annotated[str, Meta(max_length=64)] | None = None
    bpm: Annotated[float, Meta(gt=0.0, le=1000.0)] | None = None


class Refresh(_Wire, frozen=True, kw_only=True, tag="refresh"):
    """A newer access token for the same account, before the old one ends."""

    access_token: Token


class Ping(_Wire, frozen=True, kw_only=True, tag="ping"):
    r: ReqId = 0


FromClient = Connect | Presence | Refresh | Ping
FromRelay = Hello | Connected | Event | ChannelAdded | ChannelRemoved | Refreshed | Pong | Error | Disconnect
ClientFrame = Annotated[list[FromClient], Meta(min_length=1, max_length=MAX_BATCH)]
RelayFrame = Annotated[list[FromRelay], Meta(min_length=1, max_length=MAX_BATCH)]
