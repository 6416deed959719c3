"""People in a beat machine's interface (`/api/users`, `/api/feed`), and what is counted of their patterns (`/api/analytics`)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from relay.wire.beats import (
    Author,
    Flavor,
    KeyNote,
    PageLimit,
    Pagination,
)
from relay.wire.bounds import Count, Sentence, Timestamp, Url
from relay.wire.playground import DashedId, PublicStats
from relay.wire.rest import MAX_PAGE, Name, Text, Title
from relay.wire.scores import Level, Local, ScoreBpm

Theme = Literal["light", "dark", "auto"]
Language = Annotated[
    str, Meta(min_length=2, max_length=10, pattern=r"^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})?\Z")
]
"""A tag of BCP 47."""
TimeRange = Literal["day", "week", "month", "year", "all"]
MAX_BPMS = 256
MAX_AVATAR_CHARS = 1_400_000
"""A picture of 1 MB; a larger one goes to PUT /api/v1/users/me/avatar."""
DEFAULT_USED = 10


class Preferences(Struct, frozen=True, kw_only=True, rename="camel"):
    """With what somebody begins in the studio, and how it looks. auto: as the device wants it."""

    default_bpm: ScoreBpm = 120
    default_key: KeyNote = 0
    default_flavor: Flavor = "Salsa"
    use_glass_ui: bool = field(default=True, name="useGlassUI")
    auto_play: bool = False
    show_beat_numbers: bool = True
    default_volume: Level = 0.8
    theme: Theme = "auto"
    language: Language = "en"


class PreferencesEdit(Struct, frozen=True, kw_only=True, rename="camel"):
    """PUT /api/users/me/preferences: what is left out, or null, stays as it is."""

    default_bpm: ScoreBpm | None = None
    default_key: KeyNote | None = None
    default_flavor: Flavor | None = None
    use_glass_ui: bool | None = field(default=None, name="useGlassUI")
    auto_play: bool | None = None
    show_beat_numbers: bool | None = None
    default_volume: Level | None = None
    theme: Theme | None = None
    language: Language | None = None


class PreferencesTold(Struct, frozen=True, kw_only=True):
    """Answer to GET and PUT /api/users/me/preferences. chosen: they were ever saved."""

    preferences: Preferences
    chosen: bool


class OwnStats(PublicStats, frozen=True, kw_only=True, rename="camel"):
    """patternsCreated: with those that nobody else sees."""

    patterns_created: Count
    following: Count


class OwnUser(Struct, frozen=True, kw_only=True, rename="camel"):
    """GET /api/users/me. email: the confirmed one, which is told to nobody else; null: there is none."""

    id: DashedId
    email: Sentence | None
    display_name: Name
    avatar: Url | None
    bio: Text
    preferences: Preferences
    stats: OwnStats
    created_at: Timestamp
    updated_at: Timestamp | None = None
    """Always null: when a profile was changed is not kept."""


class UserEdit(Struct, frozen=True, kw_only=True, rename="camel"):
    """PUT /api/users/me: what is left out, or null, stays as it is. avatar: a picture in base64 (RFC 4648, 4), with or without a data: URL's
    head; "" for none. One that stands elsewhere is not shown from here.
    """

    display_name: Name | None = None
    bio: Text | None = None
    avatar: Annotated[str, Meta(max_length=MAX_AVATAR_CHARS, pattern=r"^[A-Za-z0-9+/=:;,.-]*\Z")] | None = (
        None
    )


class UserEdited(Struct, frozen=True, kw_only=True, rename="camel"):
    """Answer to PUT /api/users/me. updatedAt: now."""

    id: DashedId
    display_name: Name
    bio: Text
    avatar: Url | None
    updated_at: Timestamp


class FollowTold(Struct, frozen=True, kw_only=True, rename="camel"):
    """Answer to following, and to doing so no longer. requested: who is private is asked first."""

    following: bool
    follower_count: Count
    requested: bool = False


class Follower(Author, frozen=True, kw_only=True, rename="camel"):
    """Somebody on a list of people."""

    is_followed_by_current_user: bool


class FollowerPage(Struct, frozen=True, kw_only=True):
    """GET /api/users/{id}/followers and /following, newest first."""

    users: Annotated[list[Follower], Meta(max_length=MAX_PAGE)]
    pagination: Pagination


class PatternNamed(Struct, frozen=True, kw_only=True):
    """A pattern that something happened to."""

    id: DashedId
    title: Title


class Activity(Struct, frozen=True, kw_only=True, rename="camel"):
    """What somebody did. pattern: of all but user_followed, which has targetUser."""

    id: DashedId
    type: Literal["pattern_created", "pattern_liked", "comment_created", "user_followed"]
    user: Author
    created_at: Timestamp
    pattern: PatternNamed | None = None
    target_user: Author | None = None


class ActivityPage(Struct, frozen=True, kw_only=True):
    """GET /api/feed, newest first: of whom you follow, and of the last thirty days."""

    activities: Annotated[list[Activity], Meta(max_length=MAX_PAGE)]
    pagination: Pagination


class UsageQuery(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Query of a count. timeRange: when what is counted was published."""

    time_range: TimeRange = "all"
    limit: PageLimit = DEFAULT_USED


class RangeQuery(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """As UsageQuery, of a count that is told whole."""

    time_range: TimeRange = "all"


class InstrumentUse(Struct, frozen=True, kw_only=True, rename="camel"):
    """percentage: of the patterns that were looked at."""

    id: Local
    title: Sentence
    usage_count: Count
    percentage: Annotated[float, Meta(ge=0.0, le=100.0)]


class InstrumentsUsed(Struct, frozen=True, kw_only=True):
    """GET /api/analytics/popular-instruments."""

    instruments: Annotated[list[InstrumentUse], Meta(max_length=MAX_PAGE)]


class PopularPattern(Struct, frozen=True, kw_only=True):
    """A pattern that is much played."""

    id: DashedId
    title: Title
    plays: Count
    likes: Count
    author: Author


class PopularPatterns(Struct, frozen=True, kw_only=True):
    """GET /api/analytics/popular-patterns, most played first."""

    patterns: Annotated[list[PopularPattern], Meta(max_length=MAX_PAGE)]


class TempoUse(Struct, frozen=True, kw_only=True):
    """How many patterns have this tempo."""

    bpm: ScoreBpm
    count: Count


class TempoDistribution(Struct, frozen=True, kw_only=True):
    """GET /api/analytics/tempo-distribution, the most used first."""

    distribution: Annotated[list[TempoUse], Meta(max_length=MAX_BPMS)]


class KeyUse(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many patterns have this key note, whether major or minor."""

    key_note: KeyNote
    title: Sentence
    count: Count


class KeysUsed(Struct, frozen=True, kw_only=True):
    """GET /api/analytics/key-usage, the most used first."""

    keys: Annotated[list[KeyUse], Meta(max_length=12)]
