"""What is made in the studio, as it is saved, listed and read: /api/v1/creations.

A creation has all that a post has: it is liked, reacted to, commented on, saved, reposted, reported, pinned and archived by the
same operations, with its id as `post_id`. Until its sound is made (`POST /creations/{id}/render`), `frames` is 0.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import PRINTABLE, Count, Sentence, Timestamp, Url, Word
from relay.wire.ids import Id
from relay.wire.operation import Paging
from relay.wire.owning import ALL_RIGHTS_RESERVED, ForkedFrom, Licence
from relay.wire.rest import MAX_PAGE, MAX_VERSIONS, AudioPost, Genre, PageCursor, ShownTo, Title
from relay.wire.scores import MAX_NAME, Color, Description, Score, ScoreKind

VersionNote = Annotated[str, Meta(max_length=200, pattern=PRINTABLE)]
MAX_CHANGES = 500
MAX_SHARE_DAYS = 3650
MAX_LINKS = 100
MAX_OWN_LINKS = 200
"""Of one creation, that show something."""
LinkId = Annotated[str, Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]*\Z")]
MAX_TOLD = 8


class NewCreation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """POST /creations. The score's name is the title."""

    score: Score
    visibility: ShownTo = "private"
    genre: Genre = []


class CreationEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """PATCH /creations/{creation_id}: what is left out, or null, stays as it is.

    score: the whole of it; another one becomes a version, another name alone does not. version: the one that it was made from;
    where the newest is another, 409 version_conflict.
    """

    score: Score | None = None
    version: Count | None = None
    note: VersionNote = ""
    visibility: ShownTo | None = None
    genre: Genre | None = None
    licence: Licence | None = None


class OfKind(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a list of creations of one kind, changed last first."""

    kind: ScoreKind


class CreationItem(AudioPost, frozen=True, kw_only=True):
    """A creation on a list: all but its score. color: of a loop; meter: of a song; style: of a machine. rendered: it has a sound."""

    kind: Word
    updated_at: Timestamp
    version: Count
    fork_count: Count = 0
    view_count: Count = 0
    color: Color | None = None
    meter: Word | None = None
    style: Word | None = None
    description: Description = ""
    rendered: bool = False


class Creation(CreationItem, frozen=True, kw_only=True):
    """A creation and its score."""

    score: Score
    licence: Word = ALL_RIGHTS_RESERVED
    """A Licence, or one that later versions know."""
    licence_url: Url | None = None
    archived: bool = False
    forked_from: ForkedFrom | None = None


class ImportQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of POST /creations/import. kind, name: of what a MIDI file becomes."""

    kind: Literal["loop", "pattern"] = "loop"
    name: Annotated[str, Meta(max_length=MAX_NAME, pattern=PRINTABLE)] = ""


class ImportedCreation(Struct, frozen=True, kw_only=True):
    """told: what of the file did not fit, as sentences."""

    creation: Creation
    told: Annotated[list[Sentence], Meta(max_length=MAX_TOLD)]


class CreationPage(Struct, frozen=True, kw_only=True):
    """A page of a list, without scores."""

    creations: Annotated[list[CreationItem], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None


class ScoreVersion(Struct, frozen=True, kw_only=True):
    """One state of a score, from 1. note: what its author said of it; "": nothing."""

    n: Count
    created_at: Timestamp
    current: bool
    note: VersionNote = ""
    rendered: bool = False


class ScoreVersions(Struct, frozen=True, kw_only=True):
    """GET /creations/{creation_id}/versions: for its owner, the newest first. The oldest goes when there are more than these."""

    versions: Annotated[list[ScoreVersion], Meta(max_length=MAX_VERSIONS)]


class VersionScore(Struct, frozen=True, kw_only=True):
    """GET /creations/{creation_id}/versions/{n}."""

    n: Count
    created_at: Timestamp
    note: VersionNote
    score: Score


class Versions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a comparison. b: a version, the newest if none is named; a: another one, the one before b if none is named."""

    a: Count | None = None
    b: Count | None = None


ScorePath = Annotated[str, Meta(max_length=128, pattern=PRINTABLE)]
ScoreValue = Annotated[str, Meta(max_length=500, pattern=PRINTABLE)]


class ScoreChange(Struct, frozen=True, kw_only=True):
    """One place where two versions differ: steps[3].velocity. was, now: as JSON; null: it is not there."""

    path: ScorePath
    was: ScoreValue | None
    now: ScoreValue | None


class ScoresCompared(Struct, frozen=True, kw_only=True):
    """From version a to version b. more: there are more changes than these."""

    a: Count
    b: Count
    changes: Annotated[list[ScoreChange], Meta(max_length=MAX_CHANGES)]
    more: bool = False


class NewShareLink(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /creations/{creation_id}/links. days: for how many it shows something; null: until it is ended.

    may_edit: whoever has it and is signed in edits the creation together with its owner; of loops, songs and patterns.
    guests_may_edit: and who is not, as a guest.
    """

    days: Annotated[int, Meta(ge=1, le=MAX_SHARE_DAYS)] | None = None
    may_edit: bool = False
    guests_may_edit: bool = False


class SharedBy(Struct, frozen=True, kw_only=True):
    """A link that shows a creation. id: by which it is ended, and of no use to who wants to see it. expires_at null: never."""

    id: LinkId
    created_at: Timestamp
    expires_at: Timestamp | None
    may_edit: bool = False
    guests_may_edit: bool = False


class NewlyShared(SharedBy, frozen=True, kw_only=True):
    """A new one. url: is told this once; whoever has it sees the creation as it is then, whoever may see it otherwise."""

    url: Url


class SharedByLinks(Struct, frozen=True, kw_only=True):
    """The links to a creation that show something now, the newest first."""

    links: Annotated[list[SharedBy], Meta(max_length=MAX_LINKS)]


class OwnLink(SharedBy, frozen=True, kw_only=True):
    """A link, and what it shows. view_count: how often that was looked at, by whichever link."""

    creation_id: Id
    kind: Word
    title: Title
    view_count: Count


class OwnLinks(Struct, frozen=True, kw_only=True):
    """Those that show something now, of all creations of whoever asks, the newest first. more: there are older ones."""

    links: Annotated[list[OwnLink], Meta(max_length=MAX_OWN_LINKS)]
    more: bool
