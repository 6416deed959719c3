"""The interface of a music playground (`/api/loops`, `/api/songs`, `/api/shared`, `/api/users`), as its own specification writes
it: camelCase, pages by number, ids with dashes (taken with and without). Views of the same creations as /api/v1/creations.

A loop's `bar` is read as a quarter: it runs from 0 to 12 in what is a loop of four bars. `chord` and `roman` are told, and made of
`root`, `quality` and the loop's key; what else a client sends of a loop (its id, counts, times) does not matter.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from relay.wire.bounds import PRINTABLE, Count, Timestamp, Url
from relay.wire.creations import MAX_SHARE_DAYS
from relay.wire.rest import DEFAULT_PAGE, MAX_PAGE, Name, Text, Username
from relay.wire.scores import (
    MAX_BLOCKS,
    MAX_CHORDS,
    MAX_SONG_BARS,
    MAX_STEPS,
    Color,
    Level,
    Local,
    Note,
    Quality,
    Root,
    ScoreBpm,
    ScoreName,
    Sound,
)

DashedId = Annotated[
    str,
    Meta(
        min_length=36,
        max_length=36,
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z",
    ),
]
ChordName = Annotated[str, Meta(max_length=32, pattern=PRINTABLE)]
LoopLength = Literal[1, 2, 4, 8]
TimeSignature = Literal["4/4", "3/4"]
ShareToken = Annotated[str, Meta(min_length=22, max_length=22, pattern=r"^[A-Za-z0-9_-]*\Z")]


class ChordCell(Struct, frozen=True, kw_only=True, rename="camel"):
    """A chord from its quarter on."""

    bar: Annotated[int, Meta(ge=0, le=31)]
    root: Root
    quality: Quality
    chord: ChordName = ""
    roman: ChordName = ""


class IconStep(Struct, frozen=True, kw_only=True, rename="camel"):
    """One sound on one sixteenth."""

    step: Annotated[int, Meta(ge=0, le=127)]
    sound_id: Sound
    velocity: Level = 0.8
    note: Note | None = None


class TimelineBlock(Struct, frozen=True, kw_only=True, rename="camel"):
    """A loop in a song, again and again for its length in bars."""

    id: Local
    loop_id: Local
    start_bar: Annotated[int, Meta(ge=0, le=MAX_SONG_BARS - 1)]
    duration: Annotated[int, Meta(ge=1, le=MAX_SONG_BARS)]


Chords = Annotated[list[ChordCell], Meta(max_length=MAX_CHORDS)]
Icons = Annotated[list[IconStep], Meta(max_length=MAX_STEPS)]
Timeline = Annotated[list[TimelineBlock], Meta(max_length=MAX_BLOCKS)]


class LoopGiven(Struct, frozen=True, kw_only=True, rename="camel"):
    """POST /api/loops."""

    name: ScoreName
    length: LoopLength
    chord_progression: Chords
    icon_sequence: Icons
    color: Color
    is_public: bool = False


class LoopPatch(Struct, frozen=True, kw_only=True, rename="camel"):
    """PATCH /api/loops/{id}: what is left out, or null, stays as it is."""

    name: ScoreName | None = None
    length: LoopLength | None = None
    chord_progression: Chords | None = None
    icon_sequence: Icons | None = None
    color: Color | None = None
    is_public: bool | None = None


class LoopSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """A loop on a list: without chords and steps."""

    id: DashedId
    user_id: DashedId
    name: ScoreName
    length: LoopLength
    color: Color
    is_public: bool
    view_count: Count
    fork_count: Count
    created_at: Timestamp
    updated_at: Timestamp


class Loop(LoopSummary, frozen=True, kw_only=True, rename="camel"):
    """A loop."""

    chord_progression: Chords
    icon_sequence: Icons
    forked_from: DashedId | None = None


class SongGiven(Struct, frozen=True, kw_only=True, rename="camel"):
    """POST /api/songs."""

    name: ScoreName
    bpm: ScoreBpm
    time_signature: TimeSignature
    timeline: Timeline
    is_public: bool = False


class SongPatch(Struct, frozen=True, kw_only=True, rename="camel"):
    """PATCH /api/songs/{id}: what is left out, or null, stays as it is."""

    name: ScoreName | None = None
    bpm: ScoreBpm | None = None
    time_signature: TimeSignature | None = None
    timeline: Timeline | None = None
    is_public: bool | None = None


class SongSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """A song on a list: without its timeline."""

    id: DashedId
    user_id: DashedId
    name: ScoreName
    bpm: ScoreBpm
    time_signature: TimeSignature
    total_bars: Count
    is_public: bool
    view_count: Count
    created_at: Timestamp
    updated_at: Timestamp


class Song(SongSummary, frozen=True, kw_only=True, rename="camel"):
    """A song."""

    timeline: Timeline


class PageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a list, changed last first. page: from 1. public: only those that are, or only those that are not."""

    page: Annotated[int, Meta(ge=1, le=1_000)] = 1
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    public: bool | None = None


class LoopPage(Struct, frozen=True, kw_only=True, rename="camel"):
    """GET /api/loops."""

    loops: Annotated[list[LoopSummary], Meta(max_length=MAX_PAGE)]
    total: Count
    page: Count
    has_more: bool


class SongPage(Struct, frozen=True, kw_only=True, rename="camel"):
    """GET /api/songs."""

    songs: Annotated[list[SongSummary], Meta(max_length=MAX_PAGE)]
    total: Count
    page: Count
    has_more: bool


class Succeeded(Struct, frozen=True, kw_only=True):
    """Answer to DELETE."""

    success: bool = True


class ShareRequest(Struct, frozen=True, kw_only=True, rename="camel"):
    """expiresIn: days; null: for ever. mayEdit: whoever has the link and is signed in edits it, together with you."""

    expires_in: Annotated[int, Meta(ge=1, le=MAX_SHARE_DAYS)] | None = None
    may_edit: bool = False


class ShareLink(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whoever has it sees the creation as it is then, whoever may see it otherwise. It is told this once."""

    share_url: Url
    share_token: ShareToken
    expires_at: Timestamp | None


class SharedOwner(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose a shared creation is."""

    display_name: Name
    avatar_url: Url | None


class Shared(Struct, frozen=True, kw_only=True, rename="camel"):
    """GET /api/shared/{token}. data: a Loop, a Song or a Pattern (of beats.py), as resourceType says (as JSON: its shape has no tag of its own)."""

    resource_type: Literal["loop", "song", "pattern"]
    data: Raw
    owner: SharedOwner


class Viewed(Struct, frozen=True, kw_only=True, rename="camel"):
    """Answer to POST /api/shared/{token}/view."""

    view_count: Count


class UserPatch(Struct, frozen=True, kw_only=True, rename="camel"):
    """PATCH /api/users/me: what is left out, or null, stays as it is. avatarUrl: "" for no picture; another one is sent, not named."""

    display_name: Name | None = None
    avatar_url: Url | None = None


class User(Struct, frozen=True, kw_only=True, rename="camel"):
    """Oneself. Nobody is told an e-mail address by this."""

    id: DashedId
    username: Username
    display_name: Name
    avatar_url: Url | None
    is_anonymous: bool


class PublicStats(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of somebody's patterns, and who follows them."""

    patterns_shared: Count
    followers: Count


class PublicUser(Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody, as a beat machine's interface says it."""

    id: DashedId
    display_name: Name
    avatar: Url | None
    bio: Text
    stats: PublicStats
    is_following: bool


class PublicProfile(Struct, frozen=True, kw_only=True, rename="camel"):
    """GET /api/users/{username}: the last hundred of each. By an id instead, also success and data, so that a beat machine's interface
    finds its envelope there.
    """

    username: Username
    display_name: Name
    avatar_url: Url | None
    public_loops: Annotated[list[LoopSummary], Meta(max_length=MAX_PAGE)]
    public_songs: Annotated[list[SongSummary], Meta(max_length=MAX_PAGE)]
    success: Literal[True] | UnsetType = UNSET
    data: PublicUser | UnsetType = UNSET
