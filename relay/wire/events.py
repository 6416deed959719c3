"""Messages of the WebSocket `/api/v1/ws`, sub-protocols `sidechain.v1.json` (browsers) and `sidechain.v1.msgpack`.

Order of a connection:

    relay:  Hello
    client: Connect(cursor)                 up to where it has applied everything; none: from now on
    relay:  Connected                       the events it missed, or plainly the pages to fetch instead
    then    Event … from the relay, Presence / Watch / Refresh / Ping from the client, any time

A frame of the client is an array of 1 to MAX_BATCH messages. A frame of the relay is the same with a number in front:
that of its first message, counted from 1 on this connection. A client that misses a number reconnects.

**Cursor.** One for the whole account, opaque. Each event says the cursor that holds once it is applied; a client stores
it in the transaction that applies the event, and so applies each once, whatever breaks in between. Pong and Connected
say where the account stands when nothing happened. Events without a cursor are live only.

**Growth.** Whoever meets an unknown message, an unknown type of event or an unknown field ignores it, and takes the
cursor all the same. Payloads, and what people do in Connected, are therefore decoded on their own (`read_payload`,
`read_presence`), after the message they came in.

Close codes 3000-3499 mean "come back", 3500-3999 "do not".
"""

from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from relay.wire.bounds import MAX_COUNT, PRINTABLE, Count, Milliseconds, Sentence, Timestamp, Url, Word
from relay.wire.comments import Comment
from relay.wire.identity import Token
from relay.wire.ids import Id
from relay.wire.jobs import Fraction
from relay.wire.notifications import Notification
from relay.wire.owning import ForkedFrom
from relay.wire.rest import AudioPost, Bpm, FeedPost, Producer, Reaction, Repost, Username

SUBPROTOCOL_JSON = "sidechain.v1.json"
SUBPROTOCOL_MSGPACK = "sidechain.v1.msgpack"
MAX_BATCH = 64
MAX_FRAME_BYTES = 64 * 1024  # from a client
MAX_RELAY_FRAME_BYTES = 4 * 1024 * 1024  # from a relay: Connected carries MAX_RECOVERY_EVENTS
MAX_RECOVERY_EVENTS = 300
MAX_PRESENCE = 2_000
"""People in one Connected; who follows more is told of those that did something last."""
MAX_FETCH = 8
PING_INTERVAL_MS = 20_000
PONG_LIMIT_MS = 8_000
PRESENCE_LEASE_MS = 45_000
CONNECT_LIMIT_MS = 5_000
SLOW_READER_BYTES = 1024 * 1024

CLOSE_SHUTDOWN = 3001
CLOSE_BUSY = 3002  # come back later
CLOSE_EXPIRED = 3005  # refresh the token and come back
CLOSE_SLOW = 3008
CLOSE_BAD_MESSAGE = 3501
CLOSE_REVOKED = 3502
CLOSE_REFUSED = 3503  # of a browser, to which a refused handshake says nothing

Cursor = Annotated[str, Meta(min_length=1, max_length=96, pattern=r"^[A-Za-z0-9._~-]+\Z")]
MessageNumber = Annotated[int, Meta(ge=1, le=MAX_COUNT)]
ReqId = Annotated[int, Meta(ge=0, le=0x7FFF_FFFF)]
CloseCode = Annotated[int, Meta(ge=1000, le=4999)]
STATUSES = ("producing", "recording", "idle", "away", "offline")
Status = Annotated[str, Meta(max_length=16, pattern=rf"^(?:{'|'.join(STATUSES)})\Z")]
SaidStatus = Annotated[str, Meta(min_length=1, max_length=16, pattern=r"^[a-z_]+\Z")]
"""One of STATUSES, or a word of a later version."""
DawName = Annotated[str, Meta(max_length=64, pattern=PRINTABLE)]


class _Wire(Struct, frozen=True, tag_field="t"):
    """Common shape; not a message itself."""


# payloads of events -------------------------------------------------------------------------------------------


class FeedNewPost(_Wire, frozen=True, kw_only=True, tag="feed.new_post"):
    """Somebody you follow posted, or you did; with `global_feed`, anybody."""

    post: AudioPost


class FeedPostChanged(_Wire, frozen=True, kw_only=True, tag="feed.post_changed"):
    """A post that you may know has other words, or is shown to others than before. It is no news."""

    post: AudioPost


class FeedPostRemoved(_Wire, frozen=True, kw_only=True, tag="feed.post_removed"):
    """A post was deleted, or is not for you any more: what is kept of it is to be forgotten."""

    post_id: Id


class FeedReposted(_Wire, frozen=True, kw_only=True, tag="feed.reposted"):
    """Somebody you follow shows you a post of somebody you do not follow; or what they say to it, or the post, is otherwise now.

    Where several do, it stands once, by whoever did first.
    """

    post: FeedPost


class FeedRepostRemoved(_Wire, frozen=True, kw_only=True, tag="feed.repost_removed"):
    """Somebody you follow does not show you this post any more, or it is not for you any more."""

    post_id: Id
    user_id: Id
    """Who showed it."""


class PresenceUpdate(_Wire, frozen=True, kw_only=True, tag="presence.update"):
    """Somebody you follow changed what they do. Live only: a new connection gets the whole state."""

    user_id: Id
    username: Username
    status: Status
    daw: DawName | None = None
    bpm: Bpm | None = None
    since: Timestamp


class SocialNewFollow(_Wire, frozen=True, kw_only=True, tag="social.new_follow"):
    """Somebody follows you."""

    follower: Producer


class FeedAuthorRemoved(_Wire, frozen=True, kw_only=True, tag="feed.author_removed"):
    """Posts of this account are not in your feed any more: you follow it no longer, or it is not here for you."""

    user_id: Id


class SocialFollowRequest(_Wire, frozen=True, kw_only=True, tag="social.follow_request"):
    """Somebody asks to follow you."""

    requester: Producer


class SocialFollowAccepted(_Wire, frozen=True, kw_only=True, tag="social.follow_accepted"):
    """Somebody whom you asked to follow said yes: you follow them now."""

    user: Producer


class SocialNewReaction(_Wire, frozen=True, kw_only=True, tag="social.new_reaction"):
    """Somebody liked or reacted to your post."""

    reaction: Reaction
    username: Username


class CommentAdded(_Wire, frozen=True, kw_only=True, tag="comment.added"):
    """Somebody commented. why: "yours" (on your post), "reply" (to you), "mention" (of you); "watched": you look at the post,
    live only.
    """

    comment: Comment
    why: Word


class CommentEdited(_Wire, frozen=True, kw_only=True, tag="comment.edited"):
    """A comment on your post, or on the one you look at, has other words. Live only."""

    comment: Comment


class CommentRemoved(_Wire, frozen=True, kw_only=True, tag="comment.deleted"):
    """A comment on your post, or on the one you look at, is gone. Live only."""

    post_id: Id
    comment_id: Id


class NotificationsTold(_Wire, frozen=True, kw_only=True, tag="notifications.changed"):
    """There is a new notification, or fewer are unread. Live only: who connects asks for the list. new: what the new one is
    part of; null: none is new, or it was taken back.
    """

    unread: Count
    unseen: Count
    new: Notification | None = None


class SocialNewRepost(_Wire, frozen=True, kw_only=True, tag="social.new_repost"):
    """Somebody shows your post to those who follow them."""

    repost: Repost


class SocialNewRemix(_Wire, frozen=True, kw_only=True, tag="social.new_remix"):
    """Somebody made something from your post, and you may find it. post_id: of yours; user_id: whose `remix` is."""

    post_id: Id
    user_id: Id
    remix: ForkedFrom


class JobProgress(_Wire, frozen=True, kw_only=True, tag="job.progress"):
    """A job of yours began, went on or ended. Live only: `GET /jobs/ID` has it as it stands. Fields as of `jobs.Job`."""

    job_id: Id
    kind: Word
    state: Word
    stage: Word = ""
    fraction: Fraction = 0.0


Payload = (
    FeedNewPost
    | FeedPostChanged
    | FeedPostRemoved
    | FeedReposted
    | FeedRepostRemoved
    | PresenceUpdate
    | FeedAuthorRemoved
    | SocialNewFollow
    | SocialFollowRequest
    | SocialFollowAccepted
    | SocialNewReaction
    | SocialNewRepost
    | SocialNewRemix
    | CommentAdded
    | CommentEdited
    | CommentRemoved
    | NotificationsTold
    | JobProgress
)


# relay -> client ----------------------------------------------------------------------------------------------


class Hello(_Wire, frozen=True, kw_only=True, tag="hello"):
    """First message of a connection."""

    session: Id
    server: Word
    ping_interval_ms: Milliseconds = PING_INTERVAL_MS


class Event(_Wire, frozen=True, kw_only=True, tag="event"):
    """Something happened. cursor: holds once it is applied; null: live only, it cannot be resumed."""

    id: Id
    ts: Timestamp
    cursor: Cursor | None = None
    d: Raw
    """The payload, as its own document in the encoding of the frame: `read_payload`."""


class Connected(_Wire, frozen=True, kw_only=True, tag="connected"):
    """Answer to Connect. presence: what those followed do now; who is missing is offline.

    recovered true: `events` lead from the client's cursor to `cursor`. False: continuity cannot be proven, or too much
    was missed; what is on the pages `fetch` is the whole truth at `cursor`.
    """

    cursor: Cursor
    recovered: bool
    events: Annotated[list[Event], Meta(max_length=MAX_RECOVERY_EVENTS)] = []
    fetch: Annotated[list[Url], Meta(max_length=MAX_FETCH)] = []
    """Paths under the relay's address, such as /api/v1/feed/timeline."""
    presence: Annotated[list[Raw], Meta(max_length=MAX_PRESENCE)] = []
    """PresenceUpdates, each its own document in the encoding of the frame: `read_presence`."""


class Refreshed(_Wire, frozen=True, kw_only=True, tag="refreshed"):
    """The connection now lives as long as the new token."""

    expires_at: Timestamp


class Pong(_Wire, frozen=True, kw_only=True, tag="pong"):
    """cursor: where the account stands, after all events sent before."""

    r: ReqId = 0
    cursor: Cursor | None = None


class Error(_Wire, frozen=True, kw_only=True, tag="error"):
    """A message was refused; the connection stands unless a Disconnect follows."""

    code: Word
    message: Sentence


class Disconnect(_Wire, frozen=True, kw_only=True, tag="disconnect"):
    """Last message before the close frame with the same code."""

    code: CloseCode
    reason: Sentence
    retry_after_ms: Milliseconds | None = None


# client -> relay ----------------------------------------------------------------------------------------------


class Connect(_Wire, frozen=True, kw_only=True, tag="connect"):
    """First message of a client. cursor: all up to it is applied; null: from now on."""

    cursor: Cursor | None = None
    global_feed: bool = False
    """Also hear of every public post. For feed pages."""


class Presence(_Wire, frozen=True, kw_only=True, tag="presence"):
    """What this device does; renews the lease. Sent on change and at least every PRESENCE_LEASE_MS / 2."""

    status: SaidStatus
    daw: DawName | None = None
    bpm: Bpm | None = None


class Watch(_Wire, frozen=True, kw_only=True, tag="watch"):
    """Which post this connection looks at: what becomes of its comments is told to it at once. null: none."""

    post_id: Id | None = None


class Refresh(_Wire, frozen=True, kw_only=True, tag="refresh"):
    """A newer access token for the same account, before the old one ends."""

    access_token: Token


class Ping(_Wire, frozen=True, kw_only=True, tag="ping"):
    """Asks for a Pong with the same r."""

    r: ReqId = 0


FromClient = Connect | Presence | Watch | Refresh | Ping
FromRelay = Hello | Connected | Event | Refreshed | Pong | Error | Disconnect


# reading ------------------------------------------------------------------------------------------------------

M = TypeVar("M")
_Codec = msgspec.json.Decoder[Any] | msgspec.msgpack.Decoder[Any]  # any: of whichever type it was made for


class _Tagged(Struct, frozen=True):
    t: Word


class Reader(Generic[M]):
    """Reads messages or payloads of one union in one encoding; what it has no type for is None. [any]"""

    def __init__(self, kinds: Any, decoder: Any) -> None:  # any: no types for the type checker
        """kinds: a union of tagged Structs. decoder: of the encoding."""
        self._tag: _Codec = decoder(_Tagged)
        self._of_tag: dict[str, _Codec] = {
            str(kind.__struct_config__.tag): decoder(kind) for kind in kinds.__args__
        }

    def read(self, document: bytes | Raw) -> M | None:
        """Raises msgspec.DecodeError: what it has a type for is not of that type."""
        kind = self._of_tag.get(self._tag.decode(document).t)
        return None if kind is None else kind.decode(document)


_PAYLOADS: tuple[Reader[Payload], Reader[Payload]] = (
    Reader(Payload, msgspec.json.Decoder),
    Reader(Payload, msgspec.msgpack.Decoder),
)


def read_payload(event: Event, *, json: bool = False) -> Payload | None:
    """What happened; None: something that this version does not know, or cannot read. It never raises. [any]

    An event that cannot be read today could not be read tomorrow either: it is passed over, and the cursor goes on.
    """
    return _read_payload(event.d, json=json)


def _read_payload(document: Raw, *, json: bool) -> Payload | None:
    try:
        return _PAYLOADS[0 if json else 1].read(document)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def read_presence(connected: Connected, *, json: bool = False) -> list[PresenceUpdate]:
    """What those followed do, as far as this version knows it. It never raises. [any]"""
    read = (_read_payload(each, json=json) for each in connected.presence)
    return [each for each in read if isinstance(each, PresenceUpdate)]


class Frames:
    """Reads frames of one encoding: an array of messages, each decoded on its own; unknown ones are left out. [any]"""

    def __init__(self, *, json: bool) -> None:
        decoder = msgspec.json.Decoder if json else msgspec.msgpack.Decoder
        self._of_client = decoder(Annotated[list[Raw], Meta(min_length=1, max_length=MAX_BATCH)])
        self._of_relay = decoder(Annotated[list[Raw], Meta(min_length=2, max_length=MAX_BATCH + 1)])
        self._number = decoder(MessageNumber)
        self._from_client: Reader[FromClient] = Reader(FromClient, decoder)
        self._from_relay: Reader[FromRelay] = Reader(FromRelay, decoder)

    def of_client(self, data: bytes) -> list[FromClient | None]:
        """The messages of a client's frame; None in place of each unknown one. Raises msgspec.DecodeError."""
        return [self._from_client.read(each) for each in self._of_client.decode(data)]

    def of_relay(self, data: bytes) -> tuple[int, list[FromRelay | None]]:
        """The number of the first message, and the messages. Raises msgspec.DecodeError."""
        number, *messages = self._of_relay.decode(data)
        return self._number.decode(number), [self._from_relay.read(each) for each in messages]
