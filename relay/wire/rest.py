"""Bodies of the REST interface under `/api/v1`. Names and JSON fields are lower_snake_case; unknown is null.

Errors are RFC 9457 problem documents (`Problem`) with a stable `code`. Times are RFC 3339 in UTC. Paging is by
keyset: a page names the `next` cursor, opaque to the client, or null at the end.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import (
    MAX_COUNT,
    PRINTABLE,
    UNPRINTABLE,
    Confidence,
    Count,
    Seconds,
    Sentence,
    Timestamp,
    Url,
    Word,
)
from relay.wire.ids import Id

API_PREFIX = "/api/v1"
MAX_UPLOAD_BYTES = 50 * 1024 * 1024
MAX_PAGE = 100
DEFAULT_PAGE = 20
ACCESS_LIFETIME_S = 900

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=PRINTABLE)]
Username = Annotated[str, Meta(min_length=3, max_length=30, pattern=r"^[a-z0-9][a-z0-9_.-]{1,28}[a-z0-9]\Z")]
Text = Annotated[str, Meta(max_length=500, pattern=rf"^(?:[^{UNPRINTABLE}]|\n)*\Z")]
"""May have more than one line."""
Title = Annotated[str, Meta(max_length=120, pattern=PRINTABLE)]
Key = Annotated[str, Meta(max_length=16, pattern=PRINTABLE)]
Tag = Annotated[str, Meta(min_length=1, max_length=32, pattern=PRINTABLE)]
Emoji = Annotated[str, Meta(min_length=1, max_length=16, pattern=PRINTABLE)]
REACTIONS = ("🎵", "❤️", "🔥", "😍", "🚀", "💯")
"""The emoji one can react with, in the order they are shown."""
PLAIN_LIKE = "❤️"
"""The emoji of a like that names none."""
MAX_REACTIONS_EACH = 3
"""Different emoji of one person on one post."""
MAX_LACKS = 8
"""Sentences on what an upload lacks."""
OUTLINE_COLUMNS = 160
Bpm = Annotated[float, Meta(gt=0.0, le=1000.0)]
Decibels = Annotated[float, Meta(ge=-1000.0, le=1000.0)]
DurationBars = Annotated[int, Meta(ge=1, le=1024)]
FigureSource = Literal["transport", "length", "audio", "given", "file"]
"""Who says a tempo or a key: the host's transport, the clip's length in bars, analysis, the person, words in the file."""
Token = Annotated[str, Meta(min_length=16, max_length=4096, pattern=r"^[!-~]*\Z")]
Challenge = Annotated[str, Meta(max_length=128, pattern=r"^[A-Za-z0-9_-]*\Z")]
Sha256 = Annotated[str, Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}\Z")]
PublicKey = Annotated[str, Meta(min_length=43, max_length=43, pattern=r"^[A-Za-z0-9_-]{43}\Z")]
"""An Ed25519 public key, base64url without padding (RFC 8037 `x`)."""
Signature = Annotated[str, Meta(min_length=86, max_length=86, pattern=r"^[A-Za-z0-9_-]{86}\Z")]
"""An Ed25519 signature, base64url without padding."""
PageCursor = Annotated[str, Meta(max_length=128, pattern=r"^[A-Za-z0-9_-]*\Z")]
"""Where a page ended; opaque to clients."""


class Problem(Struct, frozen=True, kw_only=True):
    """An error, RFC 9457. `code` is stable and machine-readable; `detail` is a sentence for people."""

    type: Url = "about:blank"
    title: Sentence
    status: Annotated[int, Meta(ge=100, le=599)]
    code: Word
    detail: Sentence
    next_step: Sentence = ""


# devices and tokens -------------------------------------------------------------------------------------------


class DeviceRegister(Struct, frozen=True, kw_only=True):
    """POST /auth/device. Idempotent: the same public key is the same device."""

    public_key: PublicKey
    name: Name
    platform: Name
    version: Name
    signature: Signature
    """Over `register_message` by the device key: nobody else changes what its owner reads of it."""


class Device(Struct, frozen=True, kw_only=True):
    """Answer to POST /auth/device."""

    device_id: Id
    name: Name
    claimed_by: Username | None
    created_at: Timestamp
    challenge: Challenge
    """To be signed by the device key when it is claimed by name (POST /auth/claim); single use, 5 minutes."""


class DevClaim(Struct, frozen=True, kw_only=True):
    """POST /auth/claim on a relay started with --dev and bound to loopback: joins a device to `username`.

    `signature` is over `claim_message(device_id, challenge)` by the device key.
    """

    device_id: Id
    username: Username
    challenge: Challenge
    signature: Signature


class TokenPair(Struct, frozen=True, kw_only=True):
    """Access token: Ed25519 JWT (RFC 9864), `ACCESS_LIFETIME_S`. Refresh token: opaque, one use; the next one comes with it."""

    access_token: Token
    refresh_token: Token
    expires_in: Seconds
    device_id: Id
    user: "Producer"
    token_type: Literal["Bearer"] = "Bearer"
    nonce: Challenge | None = None
    """That of the claim in the browser which this answers; null otherwise."""


class TokenRefresh(Struct, frozen=True, kw_only=True):
    """POST /auth/refresh. `signature` is over `wire.oauth.refresh_message(refresh_token)` by the device key.

    Only a sign-in of the development claim is refreshed without one; one that is given must always be right.
    """

    refresh_token: Token
    signature: Signature | None = None


class ClaimedDevice(Struct, frozen=True, kw_only=True):
    """A device of yours. `place` is where it was last seen claiming, as a network."""

    device_id: Id
    name: Name
    platform: Name
    version: Name
    place: Annotated[str, Meta(max_length=96, pattern=PRINTABLE)]
    created_at: Timestamp
    claimed_at: Timestamp


class ClaimedDevices(Struct, frozen=True, kw_only=True):
    """GET /auth/devices, the last claimed first."""

    devices: Annotated[list[ClaimedDevice], Meta(max_length=200)]


class DeviceRevoked(Struct, frozen=True, kw_only=True):
    """It belongs to nobody now; what it held open is closed within seconds."""

    device_id: Id


class DeviceFarewell(Struct, frozen=True, kw_only=True):
    """POST /auth/farewell: a device gives itself up, also long after it has thrown its tokens and its key away.

    `signature` is over `farewell_message(device_id)` by the device key. It says nothing but that, so it may lie about.
    """

    device_id: Id
    signature: Signature


class SocketTicket(Struct, frozen=True, kw_only=True):
    """POST /auth/ws-ticket: opens one WebSocket as `?ticket=`, for browsers, which cannot send a header there."""

    ticket: Token
    expires_in: Seconds


class TokenVerify(Struct, frozen=True, kw_only=True):
    """POST /auth/verify."""

    token: Token


class TokenFacts(Struct, frozen=True, kw_only=True):
    """What a valid access token says."""

    user_id: Id
    device_id: Id
    expires_at: Timestamp


def register_message(given: DeviceRegister) -> bytes:
    """The bytes a device signs to be registered. The texts have no line feed in them. [any]"""
    return (
        f"sidechain-register-v1\n{given.public_key}\n{given.name}\n{given.platform}\n{given.version}".encode()
    )


def claim_message(device_id: str, challenge: str) -> bytes:
    """The bytes a device signs to be claimed; the prefix keeps them from being any other protocol's. [any]"""
    return f"sidechain-claim-v1\n{device_id}\n{challenge}".encode()


def farewell_message(device_id: str) -> bytes:
    """The bytes a device signs to belong to nobody any more. [any]"""
    return f"sidechain-farewell-v1\n{device_id}".encode()


# people and posts ---------------------------------------------------------------------------------------------


class Producer(Struct, frozen=True, kw_only=True):
    """A person's public profile."""

    id: Id
    username: Username
    display_name: Name
    bio: Text = ""
    follower_count: Count = 0
    following_count: Count = 0
    post_count: Count = 0
    is_live: bool = False
    last_active: Timestamp | None = None
    daw_preference: Name | None = None


class UploadMeta(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a Post says of its audio: part `meta` of POST /audio/upload, field `meta` of POST /audio/process.

    In the former the part `audio` is the lossless Take (FLAC or WAV). The header `Idempotency-Key` is the entry id:
    the same key with the same audio gives the same Post (200), with other audio 422, while the first is still being
    made 409.
    """

    title: Title = ""
    bpm: Bpm | None = None
    bpm_source: FigureSource | None = None
    bpm_confidence: Confidence | None = None
    key: Key | None = None
    key_source: FigureSource | None = None
    key_confidence: Confidence | None = None
    genre: Annotated[list[Tag], Meta(max_length=8)] = []
    daw: Name | None = None
    duration_bars: DurationBars | None = None
    bar_frames: Annotated[list[Count], Meta(max_length=1025)] = []
    """Frames of the bar lines inside the Take, for the drawing; may be empty."""
    sha256: Sha256


class AudioProcess(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /audio/process: make the Post of an upload whose bytes have all arrived by tus (`wire.tus`).

    `Idempotency-Key` as for POST /audio/upload; where the key has made a Post already, the upload may be gone.
    """

    upload_id: Id
    meta: UploadMeta


class AudioPost(Struct, frozen=True, kw_only=True):
    """A Post as everybody sees it. URLs are absolute."""

    id: Id
    user_id: Id
    username: Username
    title: Title
    audio_url: Url
    waveform_svg: Url
    page_url: Url
    bpm: Bpm | None
    key: Key | None
    genre: Annotated[list[Tag], Meta(max_length=8)]
    daw: Name | None
    duration_bars: DurationBars | None
    duration_ms: Count
    frames: Count
    sample_rate_hz: Count
    lufs: Decibels | None
    dbtp: Decibels | None
    loudness_reason: Name
    play_count: Count
    like_count: Count
    liked: bool = False
    created_at: Timestamp
    reactions: Annotated[dict[Emoji, Count], Meta(max_length=64)] = {}
    """How many reacted with each of REACTIONS; those with nobody are left out."""
    reacted: Annotated[list[Emoji], Meta(max_length=MAX_REACTIONS_EACH)] = []
    """Those of whoever asks."""
    liked_with: Annotated[dict[Emoji, Count], Meta(max_length=64)] = {}
    """How many of the likes came with which other emoji of REACTIONS than PLAIN_LIKE."""
    outline: Annotated[str, Meta(max_length=216, pattern=r"^[A-Za-z0-9+/]*={0,2}\Z")] = ""
    """The waveform in short: OUTLINE_COLUMNS bytes as base64, each 0..127, the loudest sample of its stretch."""
    bpm_source: Name | None = None
    """A FigureSource, or one that later versions know; so is key_source. null: bpm is, or nobody said."""
    bpm_confidence: Confidence | None = None
    key_source: Name | None = None
    key_confidence: Confidence | None = None
    lra_lu: Decibels | None = None
    seam_score: Confidence | None = None
    """1.0 loops without a seam, 0.0: it is plainly heard. Measured on the take, as are the figures above on the MP3."""


class PostVisibility(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may see a post at most: its author, whoever has the address, the author's followers, or everybody."""

    visibility: Literal["private", "unlisted", "followers", "public"]


class UploadedPost(AudioPost, frozen=True, kw_only=True):
    """A post, as who sent it is told of it."""

    lacks: Annotated[list[Sentence], Meta(max_length=MAX_LACKS)] = []
    """What was missing or damaged in the upload, which was used as far as it could be decoded. Nobody else is told."""


class FeedPage(Struct, frozen=True, kw_only=True):
    """GET /feed/{global,timeline,user/:id}?cursor=&limit= : newest first."""

    posts: Annotated[list[AudioPost], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None


class FollowRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /social/follow and /social/unfollow: by id or by username."""

    user_id: Id | None = None
    username: Username | None = None


class People(Struct, frozen=True, kw_only=True):
    """GET /users/:id/followers and /following?cursor=&limit= : newest first."""

    users: Annotated[list[Producer], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None = None


class Followed(Struct, frozen=True, kw_only=True):
    """Answer to following and unfollowing. following: whether you do now."""

    user: Producer
    following: bool


class LikeRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /social/like. Liking twice is one like."""

    post_id: Id
    emoji: Emoji = PLAIN_LIKE


class ReactRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /social/react and /social/unreact. Reacting twice with the same emoji is one reaction."""

    post_id: Id
    emoji: Emoji


CustomValue = (
    Annotated[str, Meta(max_length=200, pattern=PRINTABLE)]
    | Annotated[int, Meta(ge=-MAX_COUNT, le=MAX_COUNT)]
    | bool
)


class Reaction(Struct, frozen=True, kw_only=True):
    """One person's like of, or reaction to, a post."""

    id: Id
    user_id: Id
    post_id: Id
    type: Literal["like", "react"]
    emoji: Emoji
    custom_data: Annotated[dict[Tag, CustomValue], Meta(max_length=16)] = {}
    created_at: Timestamp


class Reacted(Struct, frozen=True, kw_only=True):
    """Answer to POST /social/react: the reaction, by whose id it can be removed, and the post as it is now."""

    reaction: Reaction
    post: AudioPost


class Blocked(Struct, frozen=True, kw_only=True):
    """Answer to POST /social/block and /social/unblock."""

    user: Producer
    blocked: bool


class InboxItem(Struct, frozen=True, kw_only=True):
    """Something that somebody did and that concerns you. Exactly one of `follower` and `reaction` is set."""

    id: Id
    at: Timestamp
    username: Username
    follower: Producer | None = None
    reaction: Reaction | None = None


class InboxPage(Struct, frozen=True, kw_only=True):
    """GET /inbox?cursor=&limit= : newest first."""

    items: Annotated[list[InboxItem], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None


# sessions and health ------------------------------------------------------------------------------------------


class SignedIn(Struct, frozen=True, kw_only=True):
    """A place where you are signed in. current: the one that asks."""

    id: Annotated[str, Meta(max_length=64, pattern=r"^[0-9a-f]+\Z")]
    kind: Literal["browser", "device"]
    name: Name
    since: Timestamp
    current: bool


class Sessions(Struct, frozen=True, kw_only=True):
    """GET /auth/sessions, the newest first."""

    sessions: Annotated[list[SignedIn], Meta(max_length=400)]


class SessionsEnded(Struct, frozen=True, kw_only=True):
    """How many sign-ins were ended."""

    ended: Count


class Health(Struct, frozen=True, kw_only=True):
    """GET /health/live: the process answers."""

    status: Literal["live"]


class Check(Struct, frozen=True, kw_only=True):
    """One thing that the relay stands on. detail: a sentence, empty when it is well."""

    name: Name
    ok: bool
    detail: Sentence = ""


class Ready(Struct, frozen=True, kw_only=True):
    """decoder: what stands around the processes that decode uploads: limits, privileges, calls, files."""

    status: Literal["ready", "not ready"]
    decoder: Annotated[list[Word], Meta(max_length=8)]
    checks: Annotated[list[Check], Meta(max_length=64)] = []
