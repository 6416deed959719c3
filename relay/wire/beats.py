"""The interface of a beat machine (`/api/patterns`, `/api/machines`, `/api/comments`), as its own specification writes it: camelCase, pages
by number, ids with dashes (taken with and without), and around each answer an envelope. Views of the same creations as /api/v1/creations.

A pattern is a machine that somebody has set up (our kind `machine`), or, with `beats` in its configuration, instruments by steps (our
kind `pattern`). What is refused is told as everywhere, as a problem document (RFC 9457), and has `success` and `error` beside that.
"""

from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta, Struct

from relay.wire.bounds import PRINTABLE, Count, Sentence, Timestamp, Url, Word
from relay.wire.comments import CommentText, ShownText
from relay.wire.creations import MAX_CHANGES, MAX_SHARE_DAYS, ScoreChange, VersionNote
from relay.wire.playground import DashedId, ShareToken
from relay.wire.rest import DEFAULT_PAGE, MAX_PAGE, MAX_VERSIONS, Name
from relay.wire.scores import (
    MAX_NAME,
    MAX_ROW_STEPS,
    MAX_ROWS,
    Description,
    Level,
    Local,
    Note,
    ScoreBpm,
    ScoreName,
    Swing,
    Transpose,
)

T = TypeVar("T")
MAX_PROGRAMS = 64
MAX_PROGRAM_NOTES = 1_024
MAX_MACHINES = 16
Flavor = Word
"""A machine, by its title (Salsa) or its id (salsa)."""
KeyNote = Annotated[int, Meta(ge=0, le=11)]
"""Semitones above C."""
SearchWords = Annotated[str, Meta(max_length=100, pattern=PRINTABLE)]
PageNumber = Annotated[int, Meta(ge=1, le=1_000)]
PageLimit = Annotated[int, Meta(ge=1, le=MAX_PAGE)]
ActiveProgram = Annotated[int, Meta(ge=0, le=MAX_PROGRAMS - 1)]


class Success(Struct, Generic[T], frozen=True, kw_only=True):
    """The envelope of an answer."""

    data: T
    success: bool = True


class Author(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose something is."""

    id: DashedId
    display_name: Name
    avatar: Url | None = None


class Stats(Struct, frozen=True, kw_only=True, rename="camel"):
    """What others did with a pattern."""

    plays: Count
    likes: Count
    comments: Count
    forks: Count
    is_liked_by_current_user: bool


class Pagination(Struct, frozen=True, kw_only=True, rename="camel"):
    """total: of what is looked at, which is the newest two thousand of each kind where everybody's are."""

    page: Count
    limit: Count
    total: Count
    pages: Count


def pages_of(page: int, limit: int, total: int) -> Pagination:
    """[any]"""
    return Pagination(page=page, limit=limit, total=total, pages=-(-total // limit))


class InstrumentSetting(Struct, frozen=True, kw_only=True, rename="camel"):
    """An instrument of a pattern. id, activeProgram: of the machine, a program by its place; with `steps`, id is a sound's and each step a
    velocity, 0: nothing, in which enabled and volume are then.
    """

    id: Local
    enabled: bool = True
    active_program: ActiveProgram = 0
    volume: Level = 1.0
    pitch_offset: Transpose = 0
    steps: Annotated[list[Level], Meta(max_length=MAX_ROW_STEPS)] = []
    notes: Annotated[list[Note | None], Meta(max_length=MAX_ROW_STEPS)] = []


class Configuration(Struct, frozen=True, kw_only=True, rename="camel"):
    """beats: of a pattern by steps, which has no machine."""

    instruments: Annotated[list[InstrumentSetting], Meta(max_length=MAX_ROWS)]
    beats: Annotated[int, Meta(ge=1, le=64)] | None = None
    steps_per_beat: Literal[1, 2, 3, 4, 6, 8] = 4
    swing: Swing = 50


class PatternGiven(Struct, frozen=True, kw_only=True, rename="camel"):
    """POST /api/patterns. flavor: needed, unless the configuration is by steps."""

    title: ScoreName
    bpm: ScoreBpm
    configuration: Configuration
    description: Description = ""
    flavor: Flavor | None = None
    key_note: KeyNote = 0
    is_public: bool = True


class PatternEdit(Struct, frozen=True, kw_only=True, rename="camel"):
    """PUT /api/patterns/{id}: what is left out, or null, stays as it is. note: to the version that another content becomes."""

    title: ScoreName | None = None
    bpm: ScoreBpm | None = None
    configuration: Configuration | None = None
    description: Description | None = None
    flavor: Flavor | None = None
    key_note: KeyNote | None = None
    is_public: bool | None = None
    note: VersionNote = ""


class PatternSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """A pattern on a list. flavor null: by steps."""

    id: DashedId
    title: ScoreName
    description: Description
    flavor: Flavor | None
    bpm: ScoreBpm
    key_note: KeyNote
    is_public: bool
    thumbnail: Url | None
    author: Author
    stats: Stats
    created_at: Timestamp
    updated_at: Timestamp


class Pattern(PatternSummary, frozen=True, kw_only=True, rename="camel"):
    """A pattern. shareUrl: of its page, for whoever may see it. version: its number, from 1."""

    configuration: Configuration
    share_url: Url
    original_id: DashedId | None
    version: Count


class PatternPage(Struct, frozen=True, kw_only=True, rename="camel"):
    """GET /api/patterns and /api/patterns/me."""

    patterns: Annotated[list[PatternSummary], Meta(max_length=MAX_PAGE)]
    pagination: Pagination


class PatternsQuery(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Query of everybody's. popular: most played first. search: in title and description."""

    page: PageNumber = 1
    limit: PageLimit = DEFAULT_PAGE
    sort: Literal["recent", "popular", "liked"] = "recent"
    flavor: Flavor | None = None
    user_id: Word | None = None
    search: SearchWords = ""


class MineQuery(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Query of one's own, changed last first."""

    page: PageNumber = 1
    limit: PageLimit = DEFAULT_PAGE
    include_private: bool = True


class Liked(Struct, frozen=True, kw_only=True, rename="camel"):
    """Answer to liking, and to doing so no longer."""

    liked: bool
    like_count: Count


class PlayCounted(Struct, frozen=True, kw_only=True, rename="camel"):
    """Answer to POST /api/patterns/{id}/play. Each account, or address, counts once a day."""

    play_count: Count


class PatternShare(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whoever has it sees the pattern as it is then, whoever may see it otherwise. It is told this once."""

    share_url: Url
    share_token: ShareToken
    expires_at: Timestamp | None


class PatternShareRequest(Struct, frozen=True, kw_only=True, rename="camel"):
    """expiresIn: days; null: for ever. mayEdit: whoever has the link and is signed in edits it, together with you."""

    expires_in: Annotated[int, Meta(ge=1, le=MAX_SHARE_DAYS)] | None = None
    may_edit: bool = False


class ImportQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """title: of what a MIDI file becomes."""

    title: Annotated[str, Meta(max_length=MAX_NAME, pattern=PRINTABLE)] = ""


class ExportQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """json: as POST /api/patterns takes it."""

    format: Literal["json", "midi"] = "json"


class BeatComment(Struct, frozen=True, kw_only=True, rename="camel"):
    """What somebody says to a pattern."""

    id: DashedId
    text: ShownText
    author: Author
    created_at: Timestamp
    updated_at: Timestamp


class BeatCommentPage(Struct, frozen=True, kw_only=True, rename="camel"):
    """GET /api/patterns/{id}/comments, newest first, without the answers to them."""

    comments: Annotated[list[BeatComment], Meta(max_length=MAX_PAGE)]
    pagination: Pagination


class BeatCommentGiven(Struct, frozen=True, kw_only=True, rename="camel"):
    """POST /api/patterns/{id}/comments, PUT /api/comments/{id}."""

    text: CommentText


class NumberedQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a list by pages."""

    page: PageNumber = 1
    limit: PageLimit = DEFAULT_PAGE


class MachineSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """A machine that patterns are set up on."""

    id: Local
    title: Sentence
    flavor: Flavor
    description: Sentence


class Machines(Struct, frozen=True, kw_only=True):
    """GET /api/machines."""

    machines: Annotated[list[MachineSummary], Meta(max_length=MAX_MACHINES)]


class ProgramNote(Struct, frozen=True, kw_only=True, rename="camel"):
    """index: the eighth it begins on; length: in eighths. pitch: semitones above the instrument's lowest note."""

    index: Count
    length: Count
    pitch: Count
    sound: Local
    velocity: Level


class MachineProgram(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an instrument plays again and again. length: in eighths."""

    id: Local
    title: Sentence
    length: Count
    notes: Annotated[list[ProgramNote], Meta(max_length=MAX_PROGRAM_NOTES)]


class MachineInstrument(Struct, frozen=True, kw_only=True, rename="camel"):
    """An instrument of a machine, as it is set up first."""

    id: Local
    title: Sentence
    enabled: bool
    active_program: ActiveProgram
    volume: Level
    programs: Annotated[list[MachineProgram], Meta(max_length=MAX_PROGRAMS)]


class MachineDetails(MachineSummary, frozen=True, kw_only=True, rename="camel"):
    """GET /api/machines/{id}."""

    bpm: ScoreBpm
    key_note: KeyNote
    instruments: Annotated[list[MachineInstrument], Meta(max_length=MAX_ROWS)]


class SavedVersion(Struct, frozen=True, kw_only=True, rename="camel"):
    """One state of a pattern, from 1."""

    n: Count
    note: VersionNote
    created_at: Timestamp
    current: bool


class SavedVersions(Struct, frozen=True, kw_only=True, rename="camel"):
    """GET /api/patterns/{id}/versions: for its owner, the newest first."""

    versions: Annotated[list[SavedVersion], Meta(max_length=MAX_VERSIONS)]


class PatternContent(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a version is of."""

    description: Description
    flavor: Flavor | None
    bpm: ScoreBpm
    key_note: KeyNote
    configuration: Configuration


class PatternVersion(PatternContent, frozen=True, kw_only=True, rename="camel"):
    """GET /api/patterns/{id}/versions/{n}."""

    n: Count
    note: VersionNote
    created_at: Timestamp


class PatternsCompared(Struct, frozen=True, kw_only=True, rename="camel"):
    """From version a to version b, by the names of their content. more: there are more changes than these."""

    a: Count
    b: Count
    changes: Annotated[list[ScoreChange], Meta(max_length=MAX_CHANGES)]
    more: bool
