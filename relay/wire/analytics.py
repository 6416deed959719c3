"""Numbers as they are told (`/api/v1/analytics`), and whether somebody is counted. What would say too much of too few is null."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.beat_people import InstrumentUse
from relay.wire.bounds import Count, Timestamp, Url, Word
from relay.wire.rest import Name, Title, Username

LEAST = 3
"""Of listeners, or people, on one day: of fewer it is not said how many."""
STOP_BINS = 20
MAX_NUMBERED = 50
"""Posts, and places of a ranking."""
Day = Annotated[str, Meta(max_length=10, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
"""Of UTC, such as 2026-11-30."""
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Range = Literal["7", "30", "90", "365"]


class CountedChoice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PUT /users/me/analytics, and what is so. counted false: nothing of what you hear or do is written for numbers."""

    counted: bool


class NumbersQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """days: so many until today, of UTC."""

    days: Range = "30"
    format: Literal["json", "csv"] = "json"


class DayNumbers(Struct, frozen=True, kw_only=True):
    """Of one day. plays, listeners null: fewer than three listeners, perhaps none. What people said stands with their names anyway, and is
    told as it is: of what still stands today, by the day on which it was said.
    """

    day: Day
    plays: Count | None = None
    listeners: Count | None = None
    likes: Count = 0
    reactions: Count = 0
    comments: Count = 0
    reposts: Count = 0
    followers: Count | None = None
    """Who follow you today and did so at the end of that day; null for a single post."""


class PostNumbers(Struct, frozen=True, kw_only=True):
    """Of one post in all of those days. listeners null: there was no day with enough of them. Who hears it on two days is two listeners."""

    id: Word
    title: Title
    page_url: Url
    listeners: Count | None
    likes: Count
    reactions: Count
    comments: Count
    reposts: Count


class OwnNumbers(Struct, frozen=True, kw_only=True):
    """GET /analytics/me. least: of fewer listeners on one day nothing is said. posts: those most heard, then the newest."""

    days: list[DayNumbers]
    posts: list[PostNumbers]
    least: Count
    counted_at: Timestamp | None
    """When today was counted last; null: it was not yet."""


class PostOverTime(Struct, frozen=True, kw_only=True):
    """GET /analytics/me/posts/{post_id}. stops: of each twentieth of the sound how many listeners stopped in it, of the days on which
    at least three did; null: there was no such day.
    """

    post: PostNumbers
    days: list[DayNumbers]
    stops: Annotated[list[Count], Meta(max_length=STOP_BINS)] | None
    least: Count
    counted_at: Timestamp | None


class Ranked(Struct, frozen=True, kw_only=True):
    """A public creation, and how many listeners it had on days with at least three."""

    id: Word
    title: Title
    kind: Word
    username: Username
    page_url: Url
    listeners: Count


class KeyCount(Struct, frozen=True, kw_only=True):
    """key: as it is written on the newest of them."""

    key: Name
    count: Count


class TempoRange(Struct, frozen=True, kw_only=True):
    """Of at least bpm_from, and less than bpm_to."""

    bpm_from: Count
    bpm_to: Count
    count: Count


class KindNumbers(Struct, frozen=True, kw_only=True):
    """Of one kind of creation, of those days. shared: for everybody, or by a link; forked: of what is for everybody. Shares null: of none."""

    kind: Word
    made: Count
    shared: Share | None
    forked: Share | None


class ContentNumbers(Struct, frozen=True, kw_only=True):
    """GET /analytics/content. Of what is for everybody, published on those days; but for kinds, which count all that was made."""

    rankings: list[Ranked]
    keys: list[KeyCount]
    tempi: list[TempoRange]
    instruments: list[InstrumentUse]
    kinds: list[KindNumbers]
    least: Count


class PlatformDay(Struct, frozen=True, kw_only=True):
    """Of one day. active: accounts that asked for something; engaged: that posted, liked, reacted, showed or commented; hearers: who heard
    something, signed in or not. Null: fewer than three. jobs null: it is no longer known.
    """

    day: Day
    active: Count | None = None
    engaged: Count | None = None
    hearers: Count | None = None
    sign_ups: Count = 0
    made: Count = 0
    forks: Count = 0
    jobs_done: Count | None = None
    jobs_failed: Count | None = None


class Cohort(Struct, frozen=True, kw_only=True):
    """Accounts that signed up in a week, and how many of them were here in that week and each after it; null: fewer than three."""

    week: Day
    signed_up: Count
    active: list[Count | None]


class JobNumbers(Struct, frozen=True, kw_only=True):
    """Jobs of a kind that ended on those days. failed: with a refusal or after every attempt; what was cancelled is neither."""

    kind: Word
    done: Count
    failed: Count
    cancelled: Count


class Rates(Struct, frozen=True, kw_only=True):
    """Of all that is there now. Null: there is nothing yet of which it would be a share.

    migrated: accounts that brought what they had made without one. samples: accounts that uploaded a sample. shared: creations of the
    studio that are for everybody or have a link; forked: of those for everybody. uploads: that became a post, of the last week.
    """

    migrated: Share | None
    samples: Share | None
    shared: Share | None
    forked: Share | None
    uploads: Share | None
    crash_free: Share | None = None
    """Null: no program reports a crash to this relay, so it is not known."""


class PlatformNumbers(Struct, frozen=True, kw_only=True):
    """GET /analytics/platform, for admins."""

    days: list[PlatformDay]
    cohorts: list[Cohort]
    jobs: list[JobNumbers]
    rates: Rates
    least: Count
    counted_at: Timestamp | None
