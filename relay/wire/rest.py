"""Bodies of the REST interface under `/api/v1`. Names and JSON fields are lower_snake_case; unknown is null.

Errors are RFC 9457 problem documents (`Problem`) with a stable `code`. Times are RFC 3339 in UTC. Paging is by
keyset: a page names the `next` cursor, opaque to the client, or null at the end.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import (
    MAX_COUNT,
    MAX_DURATION_MS,
    PRINTABLE,
    UNPRINTABLE,
    Confidence,
    Count,
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

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=PRINTABLE)]
Username = Annotated[str, Meta(min_length=3, max_length=30, pattern=r"^[a-z0-9][a-z0-9_.-]{1,28}[a-z0-9]\Z")]
Text = Annotated[str, Meta(max_length=500, pattern=rf"^(?:[^{UNPRINTABLE}]|\n)*\Z")]
"""May have more than one line."""
Word280 = Annotated[str, Meta(max_length=280, pattern=rf"^(?:[^{UNPRINTABLE}]|\n)*\Z")]
"""What somebody says to a post that they show to others."""
MAX_LINKS = 5
"""Addresses of somebody elsewhere, on their profile."""
WebLink = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=r"^https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?\Z",
    ),
]
"""RFC 3986, of the one scheme that is as safe to follow as the page that it stands on; no name or password in it."""
MAX_TITLE, MAX_TAGS = 120, 8
Title = Annotated[str, Meta(max_length=MAX_TITLE, pattern=PRINTABLE)]
Key = Annotated[str, Meta(max_length=16, pattern=PRINTABLE)]
Tag = Annotated[str, Meta(min_length=1, max_length=32, pattern=PRINTABLE)]
Emoji = Annotated[str, Meta(min_length=1, max_length=16, pattern=PRINTABLE)]
REACTIONS = ("🎵", "❤️", "🔥", "😍", "🚀", "💯")
"""The emoji one can react with, in the order they are shown."""
PLAIN_LIKE = "❤️"
"""The emoji of a like that names none."""
MAX_VERSIONS = 100
"""Of the sound of one post."""
MAX_REACTIONS_EACH = 3
"""Different emoji of one person on one post."""
MAX_LACKS = 8
"""Sentences on what an upload lacks."""
ShownTo = Literal["public", "followers", "unlisted", "private"]
"""Who sees a post: everybody; who follows its author; whoever has its address, on no list; its author."""
Genre = Annotated[list[Tag], Meta(max_length=MAX_TAGS)]
OUTLINE_COLUMNS = 160
Bpm = Annotated[float, Meta(gt=0.0, le=1000.0)]
PeakLevel = Annotated[int, Meta(ge=-127, le=127)]
MAX_PEAKS = 8192
ClipSeconds = Annotated[float, Meta(ge=0.0, le=86_400.0)]
Decibels = Annotated[float, Meta(ge=-1000.0, le=1000.0)]
DurationBars = Annotated[int, Meta(ge=1, le=1024)]
FigureSource = Literal["transport", "length", "audio", "given", "file", "relay"]
"""Who says a tempo or a key: the host's transport, the clip's length in bars, analysis, the person, words in the file; or the
relay, which looks for what the device did not."""
Sha256 = Annotated[str, Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}\Z")]
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


class Confirmation(Struct, frozen=True, kw_only=True):
    """What was done, in words."""

    message: Sentence


class Fault(Struct, frozen=True, kw_only=True):
    """An error in an envelope. code: one of the interface that the operation belongs to."""

    code: Word
    message: Sentence


class EnvelopedProblem(Problem, frozen=True, kw_only=True):
    """A problem of an operation whose answers are in an envelope: the envelope's members stand beside the others (RFC 9457, 3.2)."""

    error: Fault
    success: bool = False


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
    """null: they do not want it to be seen; then is_live is false, too."""
    daw_preference: Name | None = None
    links: Annotated[list[WebLink], Meta(max_length=MAX_LINKS)] = []
    avatar: Url | None = None
    """A path under the relay's address, for ever of this one picture; with /96 or /384 behind it, a JPEG of so many pixels."""
    is_private: bool = False
    """Who wants to follow them asks first, and only followers see their posts."""


class UploadMeta(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a Post says of its audio: part `meta` of POST /audio/upload, field `meta` of POST /audio/process.

    In the former the part `audio` is the lossless Take (FLAC or WAV). The header `Idempotency-Key` is the entry id:
    the same key with the same audio gives the same Post (200), with other audio 422, while the first is still being
    made 409. A field that says nothing is left out, so that a relay which is older than the field refuses only who uses it.
    """

    title: Title = ""
    bpm: Bpm | None = None
    bpm_source: FigureSource | None = None
    bpm_confidence: Confidence | None = None
    key: Key | None = None
    key_source: FigureSource | None = None
    key_confidence: Confidence | None = None
    genre: Genre = []
    daw: Name | None = None
    duration_bars: DurationBars | None = None
    bar_frames: Annotated[list[Count], Meta(max_length=1025)] = []
    """Frames of the bar lines inside the Take, for the drawing; may be empty."""
    visibility: ShownTo | None = None
    """null: as the account's `post_visibility` says."""
    remix_of: Id | None = None
    """The post that it was made from: one's own, or another's that has a download."""
    analysed: bool = False
    """The device has looked for tempo and key itself: what it does not say is not known. Else the relay looks for them."""
    sha256: Sha256 = ""
    """Of the audio. Only an upload in one request may leave it out, which is then taken as it arrives."""


class AudioProcess(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /audio/process: make the Post of an upload whose bytes have all arrived by tus (`wire.tus`).

    `Idempotency-Key` as for POST /audio/upload; where the key has made a Post already, the upload may be gone.
    """

    upload_id: Id
    meta: UploadMeta


class PostDeleted(Struct, frozen=True, kw_only=True):
    """Answer to DELETE /audio/{post_id}: its sound and its words are gone, from here on."""

    post_id: Id


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
    genre: Genre
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
    """How many reacted with each emoji: those of REACTIONS first; those with nobody are left out."""
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
    visibility: Word = "public"
    """A ShownTo, or one that later versions know."""
    comment_count: Count = 0
    avatar: Url | None = None
    """Of its author, as Producer.avatar."""
    repost_count: Count = 0
    reposted: bool = False
    saved: bool = False
    """Whether whoever asks has reposted, and saved it."""


class UploadedPost(AudioPost, frozen=True, kw_only=True):
    """A post, as who sent it is told of it."""

    lacks: Annotated[list[Sentence], Meta(max_length=MAX_LACKS)] = []
    """What was missing or damaged in the upload, which was used as far as it could be decoded. Nobody else is told."""


class FeedPost(AudioPost, frozen=True, kw_only=True):
    """A post as an item of a feed."""

    reason: Word = ""
    """Why it stands there: hot, new (few know it yet), latest, trending, tag, followed, author, repost; sound, people, mix
    (recommended); or what later versions know."""
    why: Sentence = ""
    """The same in words, where it is recommended: of which post or of whose, and how."""
    reposted_by: Username | None = None
    """Who shows it, where that is the reason; what they say to it, and since when, which is its place."""
    reposted_by_id: Id | None = None
    repost_text: Word280 = ""
    reposted_at: Timestamp | None = None


class FeedPage(Struct, frozen=True, kw_only=True):
    """A page of a feed, as its operation says in which order. Of a filtered one it may be shorter than asked for."""

    posts: Annotated[list[FeedPost], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None


class Peaks(Struct, frozen=True, kw_only=True):
    """GET /audio/{post_id}/peaks: the waveform as numbers, -127 to 127, one pair for each column; where bars begin, 0 to 1."""

    minimum: Annotated[list[PeakLevel], Meta(max_length=MAX_PEAKS)]
    maximum: Annotated[list[PeakLevel], Meta(max_length=MAX_PEAKS)]
    bar_fractions: Annotated[list[Confidence], Meta(max_length=1025)]
    duration_ms: Count


class PostStatus(Struct, frozen=True, kw_only=True):
    """GET /audio/{post_id}/status. state: ready; for its owner also hidden, archived, failed, processing, draft."""

    post_id: Id
    state: Word
    version: Count
    changed_at: Timestamp


class FollowRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /social/follow and /social/unfollow: by id or by username."""

    user_id: Id | None = None
    username: Username | None = None


class People(Struct, frozen=True, kw_only=True):
    """GET /users/:id/followers and /following?cursor=&limit= : newest first."""

    users: Annotated[list[Producer], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None = None


class Followed(Struct, frozen=True, kw_only=True):
    """Answer to following and unfollowing. following: whether you do now; requested: whether you have asked."""

    user: Producer
    following: bool
    requested: bool = False


class LikeRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /social/like. Liking twice is one like."""

    post_id: Id
    emoji: Emoji = PLAIN_LIKE


CustomValue = (
    Annotated[str, Meta(max_length=200, pattern=PRINTABLE)]
    | Annotated[int, Meta(ge=-MAX_COUNT, le=MAX_COUNT)]
    | bool
)
CustomData = Annotated[dict[Tag, CustomValue], Meta(max_length=16)]
ReactionType = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[a-z0-9_.-]*\Z")]
"""What a client calls a kind of reaction, such as "fire"; "like" is of likes alone."""


class ReactRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """POST /social/react and /social/unreact. Reacting twice with the same emoji is one reaction, as it was said last."""

    post_id: Id
    emoji: Emoji
    type: ReactionType = "react"
    custom_data: CustomData = {}


class PostNamed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /social/save, /social/unsave and /social/unrepost."""

    post_id: Id


class RepostRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /social/repost. Again: the word is another one."""

    post_id: Id
    text: Word280 = ""


class Reaction(Struct, frozen=True, kw_only=True):
    """One person's like of, or reaction to, a post."""

    id: Id
    user_id: Id
    post_id: Id
    type: ReactionType
    emoji: Emoji
    custom_data: CustomData = {}
    created_at: Timestamp


class Reacted(Struct, frozen=True, kw_only=True):
    """Answer to POST /social/react: the reaction, by whose id it can be removed, and the post as it is now."""

    reaction: Reaction
    post: AudioPost


class ReactionBy(Struct, frozen=True, kw_only=True):
    """A like or a reaction, and whose."""

    user: Producer
    reaction: Reaction


class ReactionPage(Struct, frozen=True, kw_only=True):
    """GET /audio/{post_id}/likes and /audio/{post_id}/reactions?emoji=&cursor=&limit= : newest first."""

    reactions: Annotated[list[ReactionBy], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None = None


class Repost(Struct, frozen=True, kw_only=True):
    """A post that somebody shows to those who follow them, with a word of their own."""

    id: Id
    post_id: Id
    user: Producer
    text: Word280 = ""
    created_at: Timestamp


class Reposted(Struct, frozen=True, kw_only=True):
    """Answer to POST /social/repost: the post as it is now."""

    repost: Repost
    post: AudioPost


class RepostPage(Struct, frozen=True, kw_only=True):
    """GET /audio/{post_id}/reposts?cursor=&limit= : newest first."""

    reposts: Annotated[list[Repost], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None = None


class Played(Struct, frozen=True, kw_only=True):
    """Answer to POST /audio/{post_id}/play. counted: for the first time today, by somebody who wants to be counted."""

    play_count: Count
    counted: bool


class Stopped(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /audio/{post_id}/stopped. position_ms: how far into the sound, of its first beginning to its end."""

    position_ms: Annotated[int, Meta(ge=0, le=MAX_DURATION_MS)]


class StopTold(Struct, frozen=True, kw_only=True):
    """counted: of somebody who heard it today. Of each the last of a day counts."""

    counted: bool


class Blocked(Struct, frozen=True, kw_only=True):
    """Answer to POST /social/block and /social/unblock."""

    user: Producer
    blocked: bool


class Muted(Struct, frozen=True, kw_only=True):
    """Answer to POST /social/mute and /social/unmute."""

    user: Producer
    muted: bool


class InboxItem(Struct, frozen=True, kw_only=True):
    """Something that somebody did and that concerns you. Exactly one of the last fields is set."""

    id: Id
    at: Timestamp
    username: Username
    follower: Producer | None = None
    reaction: Reaction | None = None
    requester: Producer | None = None
    """Who asks to follow you."""
    accepted: Producer | None = None
    """Who let you follow them."""


class InboxPage(Struct, frozen=True, kw_only=True):
    """GET /inbox?cursor=&limit= : newest first."""

    items: Annotated[list[InboxItem], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None
